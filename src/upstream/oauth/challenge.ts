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

/** The challenge of a 401. */
export async function challengeOf(refusal: Response): Promise<Challenge> {
  const { extractWWWAuthenticateParams } = await import('@modelcontextprotocol/client');
  const { scope, resourceMetadataUrl } = extractWWWAuthenticateParams(refusal);
  return { scope, metadataUrl: resourceMetadataUrl?.href };
}

/** The challenge of a 403 that more scopes would help against; `undefined` for any other. */
export async function stepUpOf(
  refusal: Response,
  granted: string | undefined,
): Promise<(Challenge & { readonly scope: string; readonly added: string }) | undefined> {
  const { extractWWWAuthenticateParams } = await import('@modelcontextprotocol/client');
  const { error, scope, resourceMetadataUrl } = extractWWWAuthenticateParams(refusal);
  if (error !== 'insufficient_scope' || scope === undefined || covers(granted, scope)) return undefined;
  return { scope, added: union(granted, scope) ?? scope, metadataUrl: resourceMetadataUrl?.href };
}
