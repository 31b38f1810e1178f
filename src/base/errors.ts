import { factsWithoutKeys, withoutKeys } from './keys-in-text.ts';

/**
 * The one table of everything that can go wrong in the hub.
 *
 * A {@link HubError} names a `code` from the closed union below; the table says what that code means on every
 * road out of the hub. Compare `code`, never use `instanceof` across rooms. An answer that an upstream gave itself
 * is not a HubError: it travels unchanged as a JSON-RPC error (docs/architecture.md, "Errors").
 */
export interface ErrorKind {
  /** What the code is about, for grouping in docs and logs. */
  readonly family: 'config' | 'request' | 'upstream' | 'process' | 'internal';
  /** HTTP status on REST and where an MCP answer is plain HTTP. */
  readonly httpStatus: number;
  /** JSON-RPC code on `/mcp`; only standard codes (spec 2026-07-28 basic/index, "Error Codes"). */
  readonly rpcCode: -32700 | -32600 | -32601 | -32602 | -32603;
  /** Whether the same request can succeed later without any change. */
  readonly retryable: boolean;
  /** One sentence for docs/errors.md. */
  readonly meaning: string;
}

const kind = (
  family: ErrorKind['family'],
  httpStatus: number,
  rpcCode: ErrorKind['rpcCode'],
  retryable: boolean,
  meaning: string,
): ErrorKind => ({ family, httpStatus, rpcCode, retryable, meaning });

export const errorTable = {
  CONFIG_ERROR: kind('config', 422, -32603, false, 'A configuration file or a value in it cannot be used.'),
  PLACEHOLDER_ERROR: kind('config', 422, -32603, false, 'A ${…} placeholder in a server definition cannot be resolved.'),
  VALIDATION_ERROR: kind('request', 400, -32602, false, 'The request is malformed or a field in it has the wrong shape.'),
  PARSE_ERROR: kind('request', 400, -32700, false, 'The body is not JSON.'),
  INVALID_REQUEST: kind('request', 400, -32600, false, 'The body is JSON but not a JSON-RPC message of this protocol revision.'),
  METHOD_NOT_FOUND: kind('request', 404, -32601, false, 'Neither the hub nor the addressed server knows the method.'),
  SERVER_NOT_FOUND: kind('request', 404, -32602, false, 'No server of that name is configured.'),
  TOOL_NOT_FOUND: kind('request', 404, -32602, false, 'No tool of that name is offered.'),
  PROMPT_NOT_FOUND: kind('request', 404, -32602, false, 'No prompt of that name is offered.'),
  RESOURCE_NOT_FOUND: kind('request', 404, -32602, false, 'No server offers that resource URI.'),
  ALREADY_EXISTS: kind('request', 409, -32602, false, 'There is something of that name already.'),
  CONFLICT: kind('request', 409, -32603, true, 'What was asked for does not go with what the hub does now.'),
  PRECONDITION_FAILED: kind('request', 412, -32602, false, 'The config file has changed since the caller read it.'),
  METHOD_NOT_ALLOWED: kind('request', 405, -32601, false, 'The path exists, but not for this HTTP method.'),
  UNSUPPORTED_MEDIA_TYPE: kind('request', 415, -32600, false, 'The request body is not sent as JSON.'),
  REQUEST_TIMEOUT: kind('request', 408, -32600, true, 'The request body did not arrive in time.'),
  BODY_TOO_LARGE: kind('request', 413, -32600, false, 'The request body is larger than the configured limit.'),
  UNAUTHENTICATED: kind('request', 401, -32600, false, 'The hub asks for an API key, and the request has none that is good.'),
  FORBIDDEN: kind(
    'request',
    403,
    -32600,
    false,
    'The hub does not do it for this caller: a foreign page, an API key without the scope or, where it changes the config, a program on another machine.',
  ),
  SERVER_NOT_CONNECTED: kind('upstream', 503, -32603, true, 'The server is configured but not ready to take requests.'),
  CONNECTION_ERROR: kind('upstream', 503, -32603, true, 'The link to the server could not be made or broke.'),
  UPSTREAM_EXITED: kind('upstream', 503, -32603, true, "The server's process ended."),
  UPSTREAM_PROTOCOL: kind('upstream', 502, -32603, false, 'The server answered something that is not MCP.'),
  TOOL_ERROR: kind('upstream', 502, -32603, false, 'The server answered the call of a tool with an error.'),
  PROMPT_ERROR: kind('upstream', 502, -32603, false, 'The server answered the request for a prompt with an error.'),
  RESOURCE_ERROR: kind('upstream', 502, -32603, false, 'The server answered the reading of a resource with an error.'),
  UNAUTHORIZED: kind('upstream', 401, -32603, false, 'The server asks for a login that the hub does not have.'),
  TIMEOUT: kind('upstream', 504, -32603, true, 'The server did not answer within the configured time.'),
  CANCELLED: kind('request', 499, -32603, false, 'The caller took the request back.'),
  INPUT_NOT_GIVEN: kind('request', 422, -32603, false, 'A server asked the client for input and did not get it.'),
  LIMIT_EXCEEDED: kind('request', 429, -32603, true, 'A configured limit of the hub is reached.'),
  MARKETPLACE_ERROR: kind('upstream', 502, -32603, true, 'No registry of servers could be read, and nothing of it is cached.'),
  HUB_NOT_FOUND: kind('process', 503, -32603, true, 'No hub runs that the command could talk to.'),
  PORT_IN_USE: kind('process', 500, -32603, false, 'Another process listens on the port.'),
  USAGE: kind('process', 400, -32602, false, 'The command line is not right.'),
  SHUTTING_DOWN: kind('process', 503, -32603, true, 'The hub is stopping.'),
  UNHANDLED_ERROR: kind('internal', 500, -32603, false, 'A mistake in the hub itself.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorTable;

export interface HubErrorOptions {
  /** Facts for programs: plain JSON, never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The only error class of the hub. `message` says what happened, to which server, and what to do. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: HubErrorOptions = {}) {
    super(withoutKeys(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = factsWithoutKeys(options.details ?? {});
  }

  get kind(): ErrorKind {
    return errorTable[this.code];
  }
}

/** True for a HubError, also one from another copy of this module; with `code`, only for that code. */
export function isHubError(value: unknown, code?: ErrorCode): value is HubError {
  if (!(value instanceof Error) || value.name !== 'HubError' || !('code' in value)) return false;
  return code === undefined || value.code === code;
}

/** Any thrown value as a HubError; a foreign one becomes `fallback` with the original as its cause. */
export function toHubError(value: unknown, fallback: ErrorCode = 'UNHANDLED_ERROR'): HubError {
  if (isHubError(value)) return value;
  return new HubError(fallback, messageOf(value), { cause: value });
}

/** The message of any thrown value. */
export function messageOf(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
