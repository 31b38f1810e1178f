import type { IncomingMessage } from 'node:http';

/** What a request asks for. */
export type RequestTarget = Pick<URL, 'pathname' | 'searchParams'>;

const NO_PARAMS: URLSearchParams = new URLSearchParams();

/** A path that a URL leaves as it is: no query, nothing encoded, no segment of dots. */
const PLAIN = /^(?:\/[\w-][\w.-]*)+$/;

/** The target of a request, which may be in absolute form; `undefined` when it makes no URL. */
export function targetOf({ url = '' }: IncomingMessage): RequestTarget | undefined {
  if (PLAIN.test(url)) return { pathname: url, searchParams: NO_PARAMS };
  const absolute = url.startsWith('/') ? `http://hub${url}` : url;
  return URL.canParse(absolute) ? new URL(absolute) : undefined;
}

/** The path without the slash that may end it. */
export function plainPath({ pathname }: RequestTarget): string {
  return pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
}

/** The server that `/mcp/<server>` names, percent-decoded; `undefined` for any other path. */
export function serverOf(path: string): string | undefined {
  if (!path.startsWith('/mcp/')) return undefined;
  const encoded = path.slice('/mcp/'.length);
  if (encoded === '' || encoded.includes('/') || encoded === '.well-known') return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Expected: URIError, a `%` that starts no byte. No server is meant by that.
    return undefined;
  }
}
