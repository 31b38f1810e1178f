import type { AuthorizationServerMetadata, StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';
import type { LoginContext } from './login-context.ts';
import type { StoredLogin } from './login-store.ts';

interface Revocation {
  /** Of the MCP server. */
  readonly serverUrl: string;
  readonly client: StoredOAuthClientInformation | undefined;
  readonly tokens: StoredOAuthTokens | undefined;
  readonly fetch: typeof fetch;
}

/** Takes the tokens of a login back, in the name of the client that the config or the login itself has. @returns and throws as {@link revoke} */
export function revokeLogin({ url, settings, fetch: fetchFn }: LoginContext, login: StoredLogin | undefined): Promise<boolean> {
  const { clientId, clientSecret } = settings;
  const configured =
    clientId === undefined ? undefined : { client_id: clientId, ...(clientSecret && { client_secret: clientSecret.reveal() }) };
  return revoke({ serverUrl: url, client: configured ?? login?.client, tokens: login?.tokens, fetch: fetchFn });
}

/**
 * Tells an authorization server that nobody needs these tokens any more (RFC 7009): the one that renews, with which the others end,
 * and the access token where an authorization server keeps that apart.
 *
 * @returns whether all of them were taken back; false where it has no endpoint for that
 * @throws what `fetch` rejects with
 */
async function revoke({ serverUrl, client, tokens, fetch: fetchFn }: Revocation): Promise<boolean> {
  if (!client || !tokens) return false;
  const { discoverOAuthServerInfo } = await import('@modelcontextprotocol/client');
  const { authorizationServerMetadata: metadata } = await discoverOAuthServerInfo(serverUrl, { fetchFn });
  const endpoint = extrasOf(metadata)['revocation_endpoint'];
  // Tokens go to nobody but who gave them.
  const isIssuer = tokens.issuer === undefined || tokens.issuer === metadata?.issuer;
  if (!metadata || typeof endpoint !== 'string' || !isIssuer) return false;
  const kinds = [
    ['refresh_token', tokens.refresh_token],
    ['access_token', tokens.access_token],
  ] as const;
  let isRevoked = true;
  for (const [kind, token] of kinds) {
    if (token === undefined) continue;
    const body = new URLSearchParams({ token, token_type_hint: kind });
    const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' });
    authenticate(client, metadata, headers, body);
    const response = await fetchFn(endpoint, { method: 'POST', headers, body });
    await response.body?.cancel();
    isRevoked &&= response.ok;
  }
  return isRevoked;
}

/** The SDK's type leaves out what RFC 8414 has for revocation where the metadata are those of OpenID. */
function extrasOf(metadata: AuthorizationServerMetadata | undefined): Readonly<Record<string, unknown>> {
  return { ...metadata };
}

/** As a public client, or with its secret in the way that the endpoint takes (RFC 6749, section 2.3.1). */
function authenticate(
  { client_id, client_secret }: StoredOAuthClientInformation,
  metadata: AuthorizationServerMetadata,
  headers: Headers,
  body: URLSearchParams,
): void {
  const methods = extrasOf(metadata)['revocation_endpoint_auth_methods_supported'] ?? metadata.token_endpoint_auth_methods_supported;
  const isBasic = client_secret !== undefined && (!Array.isArray(methods) || methods.includes('client_secret_basic'));
  if (isBasic) {
    const pair = [client_id, client_secret].map(encodeURIComponent).join(':');
    return headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
  }
  body.set('client_id', client_id);
  if (client_secret !== undefined) body.set('client_secret', client_secret);
}
