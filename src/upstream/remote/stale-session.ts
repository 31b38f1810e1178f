import { isObject } from '../../protocol/index.ts';

/**
 * How servers say that they do not know a session, other than by HTTP 404, which is the specification's word for it (2025-11-25
 * basic/transports, "Session Management") and needs no others. All of these refuse before they look at the request. A server
 * may also say in its own words what its tools' sessions are about, so a wording counts as a whole or from its beginning.
 */
const WORDINGS: readonly RegExp[] = [
  // TypeScript SDK, server/streamableHttp: `validateSession`; -32001 with 404, seen with 200 and 400 behind gateways.
  /^Session not found\.?$/i,
  /^Bad Request: Server not initialized$/i,
  /^Bad Request: Mcp-Session-Id header is required\b/i,
  // TypeScript SDK 1.x, the example servers and what was built after them; Python SDK before 1.24, streamable_http_manager.
  /^(Bad Request: )?No valid session ID provided$/i,
  /^Invalid or missing session ID$/i,
  // Python SDK, server/streamable_http: `_validate_session` and the end of a session.
  /^Bad Request: Missing session ID$/i,
  /^Not Found: Invalid or expired session ID$/i,
  /^Not Found: Session has been terminated$/i,
  /^Session terminated$/i,
  // Go SDK, mcp/server: `method "tools/call" is invalid during session initialization`.
  /^method ".+" is invalid during session initialization$/i,
  // Rust rmcp, transport/streamable_http_server/tower: 401 up to 0.15, 404 and 400 later, 422 for a request without a session.
  /^(Unauthorized|Not Found): Session not found$/i,
  /^(Unauthorized|Bad Request): Session ID is required$/i,
  /^Unexpected message, expect initialize request$/i,
  // Rust rmcp, service/server: what a fresh service says to a request that is no handshake.
  /^expect(ed)? initialize(d)? request\b/i,
  // C# SDK, AspNetCore/StreamableHttpHandler; and its HTTP+SSE, AspNetCore/SseHandler.
  /^Bad Request: A new session can only be created by an initialize request\b/i,
  /^Session ID not found\.?$/i,
  // TypeScript SDK 1.x and Python SDK, HTTP+SSE examples and server/sse.
  /^No transport found for sessionId$/i,
  /^Could not find session$/i,
];

/** Statuses whose body may say that the session is not known. 5xx is not among them: it may come after the request had begun. */
const MAY_SAY_SO: ReadonlySet<number> = new Set([400, 401, 410, 422]);

/** Codes of JSON-RPC errors that servers say it with: invalid request, and the two that have no meaning of their own; 0 is Go's. */
const CODES: ReadonlySet<number> = new Set([-32600, -32000, -32001, 0]);

/** Most of a refusal's body that is looked at, in characters. */
const MAX_BODY = 64 * 1024;

/** Whether a JSON-RPC error, in an answer that is otherwise well, is in the words for a session that is not known. */
export function saysSessionGone({ code, message }: { readonly code: number; readonly message: string }): boolean {
  return CODES.has(code) && isWording(message);
}

/** An answer that is no success. */
interface Refused {
  readonly status: number;
  readonly text: string;
  /** Whether it has a `WWW-Authenticate`. */
  readonly hasChallenge: boolean;
}

/**
 * The status of a refusal of something that was sent within a session, as the specification wants it: one that says in whatever
 * way that the session is not known has the status 404.
 */
export function sessionStatus({ status, text, hasChallenge }: Refused): number {
  if (!MAY_SAY_SO.has(status)) return status;
  // A challenge asks for a login, whatever the body says.
  if (status === 401 && hasChallenge) return status;
  return status === 410 || refusesSession(status, text.slice(0, MAX_BODY)) ? 404 : status;
}

function refusesSession(status: number, text: string): boolean {
  const body = parsed(text);
  const error = isObject(body) && isObject(body['error']) ? body['error'] : undefined;
  const message = error?.['message'];
  if (!isObject(body) || typeof message !== 'string') return isWording(text);
  const isOfNoRequest = (body['id'] ?? null) === null;
  // An error that belongs to no request is the transport's own, so that less exact words will do.
  return isWording(message) || (status === 400 && isOfNoRequest && /session/i.test(message));
}

function isWording(text: string): boolean {
  const line = text.trim();
  return WORDINGS.some((wording) => wording.test(line));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Expected: SyntaxError, a body that is plain text.
    return undefined;
  }
}
