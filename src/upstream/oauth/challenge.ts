import { covers, union } from './scopes.ts';

/** What a 401 or 403 says about the login (RFC 9728, RFC 6750). */
export interface Challenge {
  /** Where the server describes its login. */
  readonly metadataUrl?: string | undefined;
  /** Of a 401: what is needed for the server as a whole. */
  readonly scope?: string | undefined;
  /** Of a 403: what is needed, with what there is. */
  readonly added?: string | undefined;
}

/** What the `WWW-Authenticate` of a 401 says. */
export async function challengeOf(header: string | undefined): Promise<Challenge> {
  const { scope, resourceMetadataUrl } = await paramsOf(header);
  return { scope, metadataUrl: resourceMetadataUrl?.href };
}

/** What the `WWW-Authenticate` of a 403 says that more scopes would help against; `undefined` for any other. */
export async function stepUpOf(
  header: string | undefined,
  granted: string | undefined,
): Promise<(Challenge & { readonly scope: string; readonly added: string }) | undefined> {
  const { error, scope, resourceMetadataUrl } = await paramsOf(header);
  if (error !== 'insufficient_scope' || scope === undefined || covers(granted, scope)) return undefined;
  return { scope, added: union(granted, scope) ?? scope, metadataUrl: resourceMetadataUrl?.href };
}

async function paramsOf(header: string | undefined) {
  if (header === undefined) return {};
  const { extractWWWAuthenticateParams } = await import('@modelcontextprotocol/client');
  return extractWWWAuthenticateParams(new Response(null, { headers: { 'www-authenticate': header } }));
}
