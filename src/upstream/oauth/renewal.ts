import type { StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';
import { isHubError, messageOf } from '../../base/index.ts';
import type { Challenge } from './challenge.ts';
import { checkBinding, configuredClient } from './client-id.ts';
import { clientAuthentication } from './client-key.ts';
import { type AuthorizationServer, findProtection, isSameIssuer, readAuthorizationServer } from './discovery.ts';
import { type LoginContext, loginRefused } from './login-context.ts';
import type { StoredLogin } from './login-store.ts';
import { scopeToAskFor } from './scopes.ts';
import { outage, tokenFetch } from './token-reply.ts';

/** Words of authorization servers that say nothing about the login (RFC 6749 section 4.1.2.1, RFC 8628); the SDK's for what it cannot read. */
const PASSING: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable', 'too_many_requests', 'slow_down']);

/** What became of a refresh: tokens, or why the person has to log in again. `invalid_grant` is the end of the refresh token. */
export type Renewed = { readonly tokens: StoredOAuthTokens; readonly resource?: string | undefined } | { readonly refused: string };

/**
 * Renews a login: at the authorization server that gave it, if the server still sends its logins there.
 *
 * @param isRefused whether the server refuses the token: it may have another authorization server by now
 * @throws HubError CONNECTION_ERROR when nothing was decided, UNAUTHORIZED
 */
export async function renewLogin(
  context: LoginContext,
  challenge: Challenge,
  login: StoredLogin | undefined,
  isRefused: boolean,
): Promise<Renewed> {
  if (login?.tokens?.refresh_token === undefined) return { refused: 'no refresh token' };
  const { issuer } = login.tokens;
  if (issuer === undefined) {
    const bound = await boundLogin(context, challenge, login);
    return bound ? refresh(context, bound) : { refused: 'no authorization server' };
  }
  if (isRefused && !(await isStillIts(context, challenge, issuer))) return { refused: 'another authorization server' };
  return refresh(context, login);
}

/**
 * A login whose authorization server nobody wrote down (4.x), as one at that to which the server itself sends its logins now. That is where
 * 4.x sent the refresh token at every renewal; from now on it goes there alone. Where the server names several, or there are no metadata
 * that speak for a guess, a refresh token could get into wrong hands (RFC 9700), and a person logs in.
 */
async function boundLogin(context: LoginContext, challenge: Challenge, login: StoredLogin): Promise<StoredLogin | undefined> {
  const { resource, authorizationServers, isDescribed } = await findProtection(context, challenge.metadataUrl);
  const [url, another] = authorizationServers;
  if (url === undefined || another !== undefined || !login.tokens) return undefined;
  const { issuer, metadata } = await readAuthorizationServer(context, url);
  if (!isDescribed && !metadata) return undefined;
  return { ...login, tokens: { ...login.tokens, issuer }, ...(resource !== undefined && { resource }) };
}

/**
 * Trades the refresh token for new tokens (RFC 6749, section 6), at the authorization server that gave it and no other. An answer without
 * a new refresh token leaves the old one in use.
 *
 * @throws HubError CONNECTION_ERROR when nothing was decided: the login is as good as before
 */
async function refresh(context: LoginContext, login: StoredLogin): Promise<Renewed> {
  const { issuer, refresh_token: refreshToken } = login.tokens ?? {};
  if (issuer === undefined || refreshToken === undefined) return { refused: 'no refresh token' };
  const server = await readAuthorizationServer(context, issuer);
  const client = clientOf(context, server, login);
  if (!client) return { refused: 'another client' };
  try {
    const tokens = await trade(context, server, { client, refreshToken, resource: login.resource });
    const { scope } = login.tokens ?? {};
    return { tokens: { ...(scope !== undefined && { scope }), ...tokens, issuer }, resource: login.resource };
  } catch (error) {
    if (isHubError(error)) throw error;
    const { OAuthError } = await import('@modelcontextprotocol/client');
    if (error instanceof OAuthError && !PASSING.has(error.code)) return { refused: error.code };
    throw outage(context, `did not renew the login: ${context.redact(messageOf(error)).slice(0, 300)}`, error);
  }
}

/** A refresh token belongs to the client that it was given to. */
function clientOf(context: LoginContext, server: AuthorizationServer, { client, clientId }: StoredLogin) {
  const known = configuredClient(context, server)?.information ?? client;
  return clientId === undefined || clientId === known?.client_id ? known : undefined;
}

interface Trade {
  readonly client: StoredOAuthClientInformation;
  readonly refreshToken: string;
  readonly resource: string | undefined;
}

async function trade(context: LoginContext, { url, metadata }: AuthorizationServer, { client, refreshToken, resource }: Trade) {
  const { refreshAuthorization } = await import('@modelcontextprotocol/client');
  const authenticate = await clientAuthentication(context);
  context.spend();
  return refreshAuthorization(url, {
    ...(metadata && { metadata }),
    clientInformation: client,
    refreshToken,
    ...(resource !== undefined && { resource }),
    ...(authenticate && { addClientAuthentication: authenticate }),
    fetchFn: tokenFetch(context),
  });
}

/** Whether the server still sends its logins to the authorization server that gave the tokens. @throws HubError CONNECTION_ERROR, UNAUTHORIZED */
async function isStillIts(context: LoginContext, challenge: Challenge, issuer: string): Promise<boolean> {
  const { isDescribed, authorizationServers } = await findProtection(context, challenge.metadataUrl);
  // What says nothing cannot say that it has changed.
  return !isDescribed || authorizationServers.some((one) => isSameIssuer(one, issuer));
}

/** What a login by the hub itself gives. */
export interface OwnLogin {
  readonly tokens: StoredOAuthTokens;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
}

/**
 * Logs in without a person (RFC 6749, section 4.4), with the secret or the key of the config.
 *
 * @throws HubError UNAUTHORIZED when the authorization server does not accept it, CONNECTION_ERROR
 */
export async function ownLogin(context: LoginContext, challenge: Challenge, usedAt: string | undefined): Promise<OwnLogin> {
  const { ClientCredentialsProvider, fetchToken } = await import('@modelcontextprotocol/client');
  const protection = await findProtection(context, challenge.metadataUrl);
  const { url, metadata, issuer } = await readAuthorizationServer(context, protection.authorizationServers[0] ?? context.url);
  checkBinding(context, issuer, usedAt);
  const { resource } = protection;
  const scope = scopeToAskFor({ challenged: challenge.scope, configured: context.settings.scopes, offered: protection.scopes });
  const { clientId = '', clientSecret } = context.settings;
  const provider = new ClientCredentialsProvider({ clientId, clientSecret: clientSecret?.reveal() ?? '', expectedIssuer: issuer });
  const authenticate = await clientAuthentication(context);
  try {
    const tokens = await fetchToken(authenticate ? Object.assign(provider, { addClientAuthentication: authenticate }) : provider, url, {
      ...(metadata && { metadata }),
      ...(resource !== undefined && { resource }),
      ...(scope !== undefined && { scope }),
      fetchFn: tokenFetch(context),
    });
    return { tokens: { ...tokens, issuer }, resource, scope };
  } catch (error) {
    throw await notLoggedIn(context, error);
  }
}

async function notLoggedIn(context: LoginContext, error: unknown): Promise<Error> {
  if (isHubError(error)) return error;
  const { OAuthError } = await import('@modelcontextprotocol/client');
  if (error instanceof OAuthError && PASSING.has(error.code))
    return outage(context, `did not log the hub in: ${context.redact(messageOf(error))}`);
  const words = `did not let the hub in by "oauth": {"grantType": "client_credentials"}: ${messageOf(error).slice(0, 300)}. Check "clientId" and the secret or key.`;
  return loginRefused(context, words, error);
}
