import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * What goes with every answer, whatever it is: nothing of it may be run, guessed at, kept, framed, told to others, or used by the
 * pages of others, nor may the window that shows it be reached by them. None of these lets a page in: no CORS header is ever sent.
 */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

/** The same, for an answer that is written by hand: lines that each end with CRLF. */
export const SECURITY_LINES: string = Object.entries(SECURITY_HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');

/** The same, as a list of names and values by turns. */
const FLAT: readonly string[] = Object.entries(SECURITY_HEADERS).flat();
/** Where in that list the value of a header stands; names are in lower case, as everywhere in the hub. */
const VALUE_AT: ReadonlyMap<string, number> = new Map(Object.keys(SECURITY_HEADERS).map((name, at) => [name, 2 * at + 1]));

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** An answer that has the security headers, whoever writes it, except those that it brings itself. */
export class GuardedResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
    if (typeof reason === 'string') return super.writeHead(status, reason, withSecurity(this, headers));
    return super.writeHead(status, withSecurity(this, reason));
  }
}

/** The headers of an answer and the security headers as one list: Node writes it as it is, without a look-up for each header. */
function withSecurity(res: ServerResponse, headers: Headers = {}): Headers {
  if (Array.isArray(headers) || res.getHeaderNames().length > 0) {
    setSecurityHeaders(res);
    return headers;
  }
  const all: OutgoingHttpHeader[] = [...FLAT];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const at = VALUE_AT.get(name);
    if (at === undefined) all.push(name, value);
    else all[at] = value;
  }
  return all;
}

/** Puts them on an answer that has not begun, except those that it has already. */
export function setSecurityHeaders(res: ServerResponse): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!res.hasHeader(name)) res.setHeader(name, value);
}
