import type { Answer } from '../gateway/index.ts';
import {
  type FieldChanges,
  fieldOf,
  isCacheable,
  isObject,
  type JsonObject,
  type JsonValue,
  metaKey,
  type Outcome,
  type RpcError,
  rpcCode,
  withFields,
} from '../protocol/index.ts';

/**
 * An answer as a modern client expects it. What a modern upstream said stays as it is; on everything else the hub puts
 * the stamps that the revision asks for: `resultType`, cache hints and `serverInfo` (spec 2026-07-28 basic/index).
 */
export function forModern({ outcome, era }: Answer, method: string, serverInfo: JsonObject): Outcome {
  if (outcome.error) return { error: era === 'modern' ? fromModern(outcome.error) : fromLegacy(outcome.error, era === 'legacy') };
  if (era === 'modern') return outcome;
  return withFields(outcome, stamps(outcome, method, serverInfo));
}

/** What is missing in a result that was not made for this revision. */
function stamps(outcome: Outcome, method: string, serverInfo: JsonObject): FieldChanges {
  const resultType = fieldOf(outcome, 'resultType') ?? 'complete';
  const changes: Record<string, JsonValue> = { resultType };
  if (isCacheable(method) && resultType === 'complete') {
    changes['ttlMs'] = fieldOf(outcome, 'ttlMs') ?? 0;
    changes['cacheScope'] = fieldOf(outcome, 'cacheScope') ?? 'private';
  }
  const found = fieldOf(outcome, '_meta');
  const meta = isObject(found) ? found : {};
  if (meta[metaKey.serverInfo] === undefined) changes['_meta'] = { [metaKey.serverInfo]: serverInfo, ...meta };
  return changes;
}

/** -32020 and -32022 are about the hub's own request to the upstream: to the client they would say something untrue. */
function fromModern(error: RpcError): RpcError {
  const hubsOwn = error.code === rpcCode.headerMismatch || error.code === rpcCode.unsupportedProtocolVersion;
  return hubsOwn ? { ...error, code: rpcCode.internalError } : error;
}

/** The code -32042 of 2025-11-25, "a URL has to be visited first", which a modern client must not be sent. */
const LEGACY_URL_ELICITATION = -32042;

/** Codes that the modern revision gave a meaning that a legacy upstream cannot have meant. */
function fromLegacy(error: RpcError, upstream: boolean): RpcError {
  if (error.code === rpcCode.legacyResourceNotFound) return { ...error, code: rpcCode.invalidParams };
  const reserved = error.code <= -32020 && error.code >= -32099;
  return upstream && (reserved || error.code === LEGACY_URL_ELICITATION) ? { ...error, code: rpcCode.internalError } : error;
}

/** The HTTP status of an outcome that is sent as plain JSON (spec 2026-07-28 basic/transports/streamable-http). */
export function modernStatus(outcome: Outcome): number {
  switch (outcome.error?.code) {
    case rpcCode.methodNotFound:
      return 404;
    case rpcCode.missingClientCapability:
      return 400;
    default:
      return 200;
  }
}
