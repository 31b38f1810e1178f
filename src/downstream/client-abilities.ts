import { abilityFor, hasAbility, type JsonObject, type RpcError, rpcCode, type ServerRequest } from '../protocol/index.ts';

/**
 * Why a legacy client cannot be asked something, by what it declared at `initialize`; `undefined` when it can. An error and
 * never an answer in its name (spec 2025-11-25 client/sampling, client/elicitation, client/roots).
 */
export function lackingAbility(request: ServerRequest, declared: JsonObject = {}): RpcError | undefined {
  const { method } = request;
  const needed = abilityFor(request);
  if (needed === undefined) return refusal(`"${method}" is not a request that a client of this protocol revision answers.`);
  if (hasAbility(declared, needed)) return undefined;
  return refusal(`The client of this call cannot be asked for "${method}": it did not declare the capability "${needed}".`);
}

const refusal = (message: string): RpcError => ({ code: rpcCode.methodNotFound, message });
