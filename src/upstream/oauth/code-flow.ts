import { randomBytes } from 'node:crypto';
import type { StoredOAuthTokens } from '@modelcontextprotocol/client';
import { HubError, isHubError, messageOf } from '../../base/index.ts';
import type { Challenge } from './challenge.ts';
import { checkBinding, type Client, identify, type Registered } from './client-id.ts';
import { clientAuthentication } from './client-key.ts';
import { type AuthorizationServer, findProtection, type Protection, readAuthorizationServer } from './discovery.ts';
import { type LoginContext, loginRefused } from './login-context.ts';
import { scopeToAskFor } from './scopes.ts';
import { tokenFetch } from './token-reply.ts';

/** A login that waits for its person: everything that belongs to one page (RFC 6749, section 4.1). */
export interface Pending {
  /** Random, good for one login. */
  readonly state: string;
  /** The page. */
  readonly url: string;
  readonly sinceMs: number;
  readonly verifier: string;
  readonly server: AuthorizationServer;
  readonly client: Client;
  readonly redirectUrl: string;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
  readonly metadataUrl?: string | undefined;
  /** The scopes that it was begun for because of a 403. */
  readonly added?: string | undefined;
}

export interface FlowMemory {
  /** The authorization server of the last login. */
  readonly issuer: string | undefined;
  /** What is known from before at one authorization server. */
  known(issuer: string): Registered & { readonly scope?: string | undefined };
  /** A registration is of use from now on, whatever becomes of the login. */
  registered(issuer: string, client: Client, redirectUrl: string): Promise<void>;
}

/**
 * Begins a login at the first authorization server that can be used.
 *
 * @param redirectUrl the callback address, by whether the client came from the config
 * @returns `undefined` for a server that seems to know nothing of OAuth
 * @throws HubError UNAUTHORIZED with what a person can do, CONNECTION_ERROR
 */
export async function beginFlow(
  context: LoginContext,
  challenge: Challenge,
  memory: FlowMemory,
  redirectUrl: () => string,
): Promise<Pending | undefined> {
  const protection = await findProtection(context, challenge.metadataUrl);
  let refusal: unknown;
  for (const url of protection.authorizationServers) {
    let server: AuthorizationServer | undefined;
    try {
      server = await readAuthorizationServer(context, url);
      checkPkce(context, server, protection);
      return await openPage(context, server, protection, challenge, memory, redirectUrl());
    } catch (error) {
      const refused = asRefusal(context, error);
      if (!protection.isDescribed && isGuess(server, refused)) return undefined;
      // The next one may do.
      refusal ??= refused;
    }
  }
  throw refusal;
}

/**
 * Ends a login with the parameters of its callback. Until `iss` has been compared they may come from anybody, and nothing of them
 * is shown (RFC 9207, section 2.4).
 *
 * @throws HubError UNAUTHORIZED when it was refused, VALIDATION_ERROR, CONNECTION_ERROR
 */
export async function endFlow(context: LoginContext, pending: Pending, params: URLSearchParams): Promise<StoredOAuthTokens> {
  const { exchangeAuthorization, validateAuthorizationResponseIssuer } = await import('@modelcontextprotocol/client');
  const { server, client, redirectUrl, resource, verifier } = pending;
  const { metadata, issuer } = server;
  const iss = params.get('iss') ?? undefined;
  try {
    const issParameterSupported = metadata?.authorization_response_iss_parameter_supported === true;
    validateAuthorizationResponseIssuer({ iss, expectedIssuer: metadata?.issuer, issParameterSupported });
  } catch (error) {
    const words = `was not logged in at: the callback does not come from the authorization server that was asked, ${issuer} ("iss" is ${iss === undefined ? 'missing' : 'another one'}). Nothing of it was used.`;
    throw loginRefused(context, words, error);
  }
  const refused = params.get('error');
  if (refused !== null) {
    const said = [refused, params.get('error_description')].filter(Boolean).join(': ');
    throw new HubError('UNAUTHORIZED', `The login at server "${context.server}" was refused: ${said}.`, {
      details: { server: context.server },
    });
  }
  const code = params.get('code');
  if (code === null) {
    const message = 'The callback has neither a "code" nor an "error".';
    throw new HubError('VALIDATION_ERROR', message, { details: { server: context.server } });
  }
  const authenticate = await clientAuthentication(context);
  context.spend();
  const tokens = await exchangeAuthorization(server.url, {
    ...(metadata && { metadata }),
    clientInformation: client.information,
    authorizationCode: code,
    ...(iss !== undefined && { iss }),
    codeVerifier: verifier,
    redirectUri: redirectUrl,
    ...(resource !== undefined && { resource }),
    ...(authenticate && { addClientAuthentication: authenticate }),
    fetchFn: tokenFetch(context),
  });
  return { ...tokens, issuer };
}

async function openPage(
  context: LoginContext,
  server: AuthorizationServer,
  protection: Protection,
  challenge: Challenge,
  memory: FlowMemory,
  redirectUrl: string,
): Promise<Pending> {
  const { startAuthorization } = await import('@modelcontextprotocol/client');
  const { metadata, issuer } = server;
  checkBinding(context, issuer, memory.issuer);
  const known = memory.known(issuer);
  const { resource } = protection;
  const scope = scopeToAskFor({
    challenged: challenge.scope,
    added: challenge.added,
    configured: context.settings.scopes,
    offered: protection.scopes,
    before: known.scope,
    metadata,
  });
  const client = await identify(context, server, known, { redirectUrl, scope });
  if (!client.isConfigured && client.information !== known.client) await memory.registered(issuer, client, redirectUrl);
  const state = randomBytes(24).toString('base64url');
  const { authorizationUrl, codeVerifier } = await startAuthorization(server.url, {
    ...(metadata && { metadata }),
    clientInformation: client.information,
    redirectUrl,
    state,
    ...(scope !== undefined && { scope }),
    ...(resource !== undefined && { resource }),
  });
  // It is opened by a browser, which other kinds of addresses make start other programs.
  if (!/^https?:$/.test(authorizationUrl.protocol)) {
    throw loginRefused(context, `has a login page that is no web page but ${authorizationUrl.protocol}, which is not opened.`);
  }
  const { metadataUrl, added } = challenge;
  return {
    state,
    url: authorizationUrl.href,
    sinceMs: context.now(),
    verifier: codeVerifier,
    server,
    client,
    redirectUrl,
    resource,
    scope,
    metadataUrl,
    added,
  };
}

/**
 * Spec 2026-07-28 basic/authorization/security-considerations: where the metadata does not name a method, PKCE is not supported and the
 * client must not go on. Revision 2025-03-26 has servers without metadata, which must support it.
 */
function checkPkce(context: LoginContext, { issuer, metadata }: AuthorizationServer, { isDescribed }: Protection): void {
  const methods = metadata?.code_challenge_methods_supported;
  if (methods?.includes('S256') || (methods === undefined && context.settings.assumePkce) || (!metadata && !isDescribed)) return;
  const state = methods === undefined ? 'does not say that it supports PKCE' : 'does not support PKCE with S256';
  const advice =
    methods === undefined
      ? ' If you know that it does, as many do without saying so, set "oauth": {"assumePkce": true} in the entry of the server.'
      : '';
  throw loginRefused(
    context,
    `cannot be logged in at: its authorization server ${issuer} ${state}, so that a login could be stolen.${advice}`,
  );
}

/** Nothing speaks for a login there: a server that wants a key, which has pages of other kinds where metadata would be. */
function isGuess(server: AuthorizationServer | undefined, refused: HubError): boolean {
  return server ? server.metadata === undefined : refused.code === 'UNAUTHORIZED';
}

/** What the SDK throws where there is no page to open, as the hub's own error. */
function asRefusal(context: LoginContext, error: unknown): HubError {
  return isHubError(error) ? error : loginRefused(context, `cannot be logged in at: ${messageOf(error)}`, error);
}
