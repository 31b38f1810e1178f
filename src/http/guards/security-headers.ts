import type { ServerResponse } from 'node:http';

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

/** Puts them on an answer that has not begun. */
export function setSecurityHeaders(res: ServerResponse): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) res.setHeader(name, value);
}
