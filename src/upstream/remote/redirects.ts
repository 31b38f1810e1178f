/** Redirects that are followed for one request. */
export const MAX_REDIRECTS = 5;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Where a redirect leads that is followed: one that keeps the method and stays within the origin, or goes to the same host by TLS, so
 * that nothing which the request carries gets anywhere else. `undefined` for every other answer.
 */
export function redirectTarget(from: URL, method: string, status: number, location: string | undefined): URL | undefined {
  if (location === undefined || !REDIRECTS.has(status) || !URL.canParse(location, from.href)) return undefined;
  const to = new URL(location, from);
  const keepsMethod = method === 'GET' || status === 307 || status === 308;
  return keepsMethod && to.username === '' && to.password === '' && isWithin(from, to) ? to : undefined;
}

function isWithin(from: URL, to: URL): boolean {
  if (from.protocol === to.protocol && from.host === to.host) return true;
  const isUpgrade = from.protocol === 'http:' && to.protocol === 'https:';
  return isUpgrade && from.hostname === to.hostname && from.port === '' && to.port === '';
}
