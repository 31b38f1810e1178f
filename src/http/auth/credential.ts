import type { IncomingHttpHeaders } from 'node:http';
import { looksLikeKey } from '../../config/index.ts';

/**
 * The key that a request carries: `Authorization: Bearer …`, or `X-API-Key`. Nothing else is looked at: a query stands in logs and
 * histories, and a cookie would be sent by pages of other sites.
 */
export function credentialOf({ authorization, 'x-api-key': apiKey }: IncomingHttpHeaders): string | undefined {
  // What nearly every request of a hub without keys has: neither.
  if (authorization === undefined && apiKey === undefined) return undefined;
  const token = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  const other = typeof apiKey === 'string' && apiKey.trim() !== '' ? apiKey.trim() : undefined;
  // `Authorization` may be meant for a proxy on the way.
  return other !== undefined && (token === undefined || !looksLikeKey(token)) ? other : token;
}
