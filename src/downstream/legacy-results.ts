import type { Answer } from '../gateway/index.ts';
import {
  extensionId,
  type FieldChanges,
  fieldOf,
  isObject,
  type JsonObject,
  type JsonValue,
  metaKey,
  metaOf,
  type Outcome,
  type RpcError,
  rpcCode,
  withFields,
  withoutExtension,
} from '../protocol/index.ts';

/**
 * An answer as a client of the handshake revisions expects it. What a legacy upstream said stays as it is; from
 * everything else goes what those revisions do not have.
 */
export function forLegacy({ outcome, era }: Answer, method: string): Outcome {
  if (era === 'legacy') return outcome;
  if (outcome.error) return { error: legacyError(outcome.error, method) };
  const resultType = fieldOf(outcome, 'resultType') ?? 'complete';
  if (resultType !== 'complete') return unfinished(resultType, method);
  return withFields(outcome, method === 'tools/call' ? asToolResult(outcome) : NO_STAMPS);
}

const NO_STAMPS: FieldChanges = { resultType: undefined, ttlMs: undefined, cacheScope: undefined };

/** A result that only goes on with a modern client: it asks for input or became a task. */
function unfinished(resultType: JsonValue, method: string): Outcome {
  const text =
    resultType === 'input_required'
      ? 'The server asks for input, which the client could not be asked for in this call.'
      : `The server answered with a result of type ${JSON.stringify(resultType)}, which needs a client that speaks MCP 2026-07-28.`;
  if (method !== 'tools/call') return { error: { code: rpcCode.internalError, message: text } };
  return { result: { content: [{ type: 'text', text }], isError: true } };
}

/** These revisions want `structuredContent` to be an object (spec 2025-11-25 server/tools). */
function asToolResult(outcome: Outcome): FieldChanges {
  const structuredContent = fieldOf(outcome, 'structuredContent');
  if (structuredContent === undefined || isObject(structuredContent)) return NO_STAMPS;
  return { ...NO_STAMPS, structuredContent: { result: structuredContent } };
}

const MODERN_CODES: ReadonlySet<number> = new Set([
  rpcCode.headerMismatch,
  rpcCode.missingClientCapability,
  rpcCode.unsupportedProtocolVersion,
]);

function legacyError(error: RpcError, method: string): RpcError {
  if (MODERN_CODES.has(error.code)) return { ...error, code: rpcCode.internalError };
  const notFound = method === 'resources/read' && error.code === rpcCode.invalidParams && namesUri(error);
  return notFound ? { ...error, code: rpcCode.legacyResourceNotFound } : error;
}

const namesUri = ({ data }: RpcError): boolean => isObject(data) && typeof data['uri'] === 'string';

/** The `InitializeResult` that says the same as a `DiscoverResult` (spec 2025-11-25 basic/lifecycle). */
export function initializeResult(discovered: JsonObject, protocolVersion: string, hub: JsonObject): JsonObject {
  const { capabilities, instructions } = discovered;
  const serverInfo = metaOf(discovered)?.[metaKey.serverInfo];
  return {
    protocolVersion,
    capabilities: isObject(capabilities) ? legacyCapabilities(capabilities) : {},
    serverInfo: isObject(serverInfo) ? serverInfo : hub,
    ...(typeof instructions === 'string' && { instructions }),
  };
}

/** The extension of modern tasks cannot be used by a legacy client; other extensions are negotiated in both eras. */
function legacyCapabilities(capabilities: JsonObject): JsonObject {
  return withoutExtension(capabilities, extensionId.tasks);
}
