import type { ErrorCode, HubError } from '../base/index.ts';
import { type RequestId, type RpcError, rpcErrorOf } from '../protocol/index.ts';

/** A request that is answered with an error instead of being served: the whole HTTP answer to it. */
export interface Refusal {
  readonly status: number;
  /** The id of the request, when it could be read. */
  readonly id?: RequestId | null | undefined;
  readonly error: RpcError;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The HTTP status of each error where it is the answer to a whole POST. What is wrong with the HTTP request has a
 * status of its own; what went wrong behind it is an answer like any other and travels in the body of a 200
 * (spec 2026-07-28 basic/transports/streamable-http).
 */
const statusOf: Readonly<Record<ErrorCode, number>> = {
  CONFIG_ERROR: 200,
  PLACEHOLDER_ERROR: 200,
  VALIDATION_ERROR: 400,
  PARSE_ERROR: 400,
  INVALID_REQUEST: 400,
  METHOD_NOT_FOUND: 404,
  SERVER_NOT_FOUND: 404,
  TOOL_NOT_FOUND: 200,
  PROMPT_NOT_FOUND: 200,
  RESOURCE_NOT_FOUND: 200,
  ALREADY_EXISTS: 200,
  CONFLICT: 200,
  PRECONDITION_FAILED: 200,
  METHOD_NOT_ALLOWED: 405,
  UNSUPPORTED_MEDIA_TYPE: 415,
  REQUEST_TIMEOUT: 408,
  BODY_TOO_LARGE: 413,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  SERVER_NOT_CONNECTED: 200,
  CONNECTION_ERROR: 200,
  UPSTREAM_EXITED: 200,
  UPSTREAM_PROTOCOL: 200,
  TOOL_ERROR: 200,
  PROMPT_ERROR: 200,
  RESOURCE_ERROR: 200,
  UNAUTHORIZED: 200,
  TIMEOUT: 200,
  CANCELLED: 200,
  INPUT_NOT_GIVEN: 200,
  LIMIT_EXCEEDED: 429,
  MARKETPLACE_ERROR: 200,
  HUB_NOT_FOUND: 200,
  PORT_IN_USE: 200,
  USAGE: 200,
  SHUTTING_DOWN: 503,
  UNHANDLED_ERROR: 200,
};

/** A HubError as the answer to a whole HTTP request. */
export function refusalOf(error: HubError, id?: RequestId | null): Refusal {
  return { status: statusOf[error.code], id, error: rpcErrorOf(error) };
}
