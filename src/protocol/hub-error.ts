import { ExactNumber, type HubError } from '../base/index.ts';
import type { JsonObject, JsonValue, RpcError } from './envelope.ts';
import { isObject } from './envelope.ts';

/**
 * A failure of the hub's own as a JSON-RPC error: the standard code of its table row, the message, and in `data` the
 * hub's code and the facts. Codes of the hub's own making are never sent (docs/errors.md).
 */
export function rpcErrorOf(error: HubError): RpcError {
  return { code: error.kind.rpcCode, message: error.message, data: { ...jsonFacts(error.details), code: error.code } };
}

/** The part of `details` that is plain JSON. */
function jsonFacts(details: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(details).filter((entry): entry is [string, JsonValue] => isJson(entry[1])));
}

function isJson(value: unknown): value is JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (value instanceof ExactNumber) return true;
  if (Array.isArray(value)) return value.every(isJson);
  return isObject(value) && Object.values(value).every((part) => part === undefined || isJson(part));
}
