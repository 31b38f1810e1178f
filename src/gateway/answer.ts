import { type HubError, messageOf } from '../base/index.ts';
import type { JsonObject, RpcError } from '../protocol/index.ts';
import { rpcErrorOf } from '../protocol/index.ts';
import type { Answer } from './call.ts';

/** Marks what the hub said in a server's place, in `_meta` of a result. */
const HUB_ERROR_META_KEY = 'mcp-hub/error';

/** A result that the hub made itself. */
export const hubResult = (result: JsonObject): Answer => ({ era: 'hub', outcome: { result } });

/** A JSON-RPC error that the hub made itself. */
export const hubError = (error: RpcError): Answer => ({ era: 'hub', outcome: { error } });

/** A failure of the hub's own as a JSON-RPC error; callers that speak no MCP find the failure itself beside it. */
export const hubFailure = (failure: HubError): Answer => ({ ...hubError(rpcErrorOf(failure)), failure });

/**
 * What a caller sees of a failure on the way to a server. A failed `tools/call` is a result with `isError`, so that
 * the model reads it and can act; every other method gets a JSON-RPC error (docs/architecture.md, "Errors").
 */
export function failureAnswer(method: string, error: HubError): Answer {
  if (method !== 'tools/call') return hubFailure(error);
  const { data } = rpcErrorOf(error);
  const content = [{ type: 'text', text: messageOf(error) }];
  return { ...hubResult({ content, isError: true, _meta: { [HUB_ERROR_META_KEY]: data } }), failure: error };
}
