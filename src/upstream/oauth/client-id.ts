import type { OAuthClientMetadata, StoredOAuthClientInformation } from '@modelcontextprotocol/client';
import { messageOf } from '../../base/index.ts';
import { type AuthorizationServer, isSameIssuer } from './discovery.ts';
import { type LoginContext, loginRefused } from './login-context.ts';
import { outage } from './token-reply.ts';

/** Who the hub is at an authorization server. */
export interface Client {
  readonly information: StoredOAuthClientInformation;
  /** It came from the config; else it is the hub's own, registered there. */
  readonly isConfigured: boolean;
}

/** The hub as it registered itself once. */
export interface Registered {
  readonly client?: StoredOAuthClientInformation;
  /** The callback address that it was registered with: it would be refused with another one. */
  readonly redirectUrl?: string;
}

/** The client of the config, or its metadata document where the authorization server reads such; needs no request. */
export function configuredClient({ settings }: LoginContext, { issuer, metadata }: AuthorizationServer): Client | undefined {
  const { clientId, clientSecret, clientMetadataUrl } = settings;
  if (clientId !== undefined) {
    const secret = clientSecret === undefined ? {} : { client_secret: clientSecret.reveal() };
    return { information: { client_id: clientId, ...secret, issuer }, isConfigured: true };
  }
  if (clientMetadataUrl !== undefined && metadata?.client_id_metadata_document_supported === true) {
    return { information: { client_id: clientMetadataUrl, issuer }, isConfigured: true };
  }
  return undefined;
}

/**
 * Credentials of the config are for one authorization server: where the config does not name it, the first that took them. A server
 * that names another one later does not get them sent there.
 *
 * @throws HubError UNAUTHORIZED, naming the key to set
 */
export function checkBinding(context: LoginContext, issuer: string, usedAt: string | undefined): void {
  const { clientId, issuer: allowed } = context.settings;
  if (clientId === undefined || allowed !== undefined || usedAt === undefined || isSameIssuer(issuer, usedAt)) return;
  const words = `wants its login at ${issuer} now, and the "oauth" of its entry was used at ${usedAt} before. If that is right, set "oauth": {"issuer": "${issuer}"}.`;
  throw loginRefused(context, words);
}

/**
 * Who the hub is at an authorization server, by the first way there is: config, client metadata document, an earlier registration,
 * a new one.
 *
 * @throws HubError UNAUTHORIZED when there is no way, naming the key to set; CONNECTION_ERROR
 */
export async function identify(
  context: LoginContext,
  server: AuthorizationServer,
  registered: Registered,
  { redirectUrl, scope }: { readonly redirectUrl: string; readonly scope: string | undefined },
): Promise<Client> {
  const configured = configuredClient(context, server);
  if (configured) return configured;
  if (registered.client && registered.redirectUrl === redirectUrl && !isExpired(registered.client, context.now())) {
    return { information: registered.client, isConfigured: false };
  }
  if (server.metadata && server.metadata.registration_endpoint === undefined) {
    throw noClient(context, server, redirectUrl, 'registers no clients by itself');
  }
  return register(context, server, redirectUrl, scope);
}

async function register(context: LoginContext, server: AuthorizationServer, redirectUrl: string, scope: string | undefined) {
  const { registerClient, RegistrationRejectedError } = await import('@modelcontextprotocol/client');
  try {
    const information = await registerClient(server.url, {
      ...(server.metadata && { metadata: server.metadata }),
      clientMetadata: clientMetadata(server, redirectUrl),
      ...(scope !== undefined && { scope }),
      fetchFn: context.fetch,
    });
    return { information: { ...information, issuer: server.issuer }, isConfigured: false };
  } catch (error) {
    if (!(error instanceof RegistrationRejectedError)) throw outage(context, `cannot be asked: ${context.redact(messageOf(error))}`, error);
    if (error.status >= 500 || error.status === 429) throw outage(context, `answers HTTP ${error.status} to a registration`, error);
    throw noClient(context, server, redirectUrl, `did not register the hub (HTTP ${error.status})`);
  }
}

function clientMetadata({ metadata }: AuthorizationServer, redirectUrl: string): OAuthClientMetadata {
  const methods = metadata?.token_endpoint_auth_methods_supported ?? [];
  const withSecret = methods.find((method) => method === 'client_secret_basic' || method === 'client_secret_post');
  return {
    client_name: 'MCP Hub',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: methods.includes('none') ? 'none' : (withSecret ?? 'none'),
    application_type: isLoopback(redirectUrl) ? 'native' : 'web',
  };
}

function isLoopback(url: string): boolean {
  return /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

/** RFC 7591, section 3.2.1: 0 is never. */
function isExpired(client: StoredOAuthClientInformation, nowMs: number): boolean {
  const { client_secret_expires_at: at } = { client_secret_expires_at: undefined, ...client };
  return typeof at === 'number' && at > 0 && at * 1_000 < nowMs;
}

function noClient(context: LoginContext, { issuer }: AuthorizationServer, redirectUrl: string, words: string): Error {
  return loginRefused(
    context,
    `needs a client id: its authorization server ${issuer} ${words}. Register an app there with the redirect URI ${redirectUrl}, ` +
      'and put its id into the entry of the server: "oauth": {"clientId": "…"}.',
  );
}
