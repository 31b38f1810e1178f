import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client';
import { isHubError, messageOf } from '../../base/index.ts';
import { type LoginContext, loginRefused } from './login-context.ts';
import { outage } from './token-reply.ts';

/** What a server says of the login that it wants (RFC 9728). */
export interface Protection {
  /** Absent when it says nothing. */
  readonly resource?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** In its own order, at least one. */
  readonly authorizationServers: readonly string[];
  /** Whether it said so itself; else its own origin stands for it, as revision 2025-03-26 has it. */
  readonly isDescribed: boolean;
}

/** One authorization server (RFC 8414, OpenID Connect Discovery). */
export interface AuthorizationServer {
  readonly url: string;
  /** What credentials are bound to. */
  readonly issuer: string;
  /** Absent where there is none: the paths of revision 2025-03-26 count. */
  readonly metadata?: AuthorizationServerMetadata | undefined;
}

/**
 * @param metadataUrl from the challenge of a 401 or 403
 * @throws HubError CONNECTION_ERROR when nobody answers, UNAUTHORIZED when what is described is another server
 */
export async function findProtection(context: LoginContext, metadataUrl: string | undefined): Promise<Protection> {
  const { url, settings } = context;
  const found = (metadataUrl !== undefined ? await readMetadata(context, metadataUrl) : undefined) ?? (await readMetadata(context));
  if (found) await checkProtection(context, found);
  const named = found?.authorization_servers ?? [];
  return {
    resource: found?.resource,
    scopes: found?.scopes_supported,
    authorizationServers: named.length > 0 ? allowed(context, named) : [settings.issuer ?? String(new URL('/', url))],
    isDescribed: named.length > 0 || settings.issuer !== undefined,
  };
}

/** @throws HubError UNAUTHORIZED for the metadata of another server, and for one whose tokens the hub cannot use */
async function checkProtection(context: LoginContext, found: NonNullable<Awaited<ReturnType<typeof readMetadata>>>): Promise<void> {
  const { checkResourceAllowed, resourceUrlFromServerUrl } = await import('@modelcontextprotocol/client');
  if (!checkResourceAllowed({ requestedResource: resourceUrlFromServerUrl(context.url), configuredResource: found.resource })) {
    const words = `describes its login as that of ${found.resource}, which is another server. A token for it is not asked for. Check the URL.`;
    throw loginRefused(context, words);
  }
  if (found['dpop_bound_access_tokens_required'] === true) {
    throw loginRefused(context, 'takes only tokens that are bound to a key (DPoP, RFC 9449), which the hub does not have.');
  }
}

function allowed(context: LoginContext, named: readonly string[]): readonly string[] {
  const { issuer } = context.settings;
  if (issuer === undefined) return named;
  const those = named.filter((one) => isSameIssuer(one, issuer));
  if (those.length > 0) return those;
  const words = `wants its login at ${named.join(', ')}, and "oauth": {"issuer"} of its entry allows ${issuer} only. Correct the entry if that is right.`;
  throw loginRefused(context, words);
}

/**
 * @throws HubError CONNECTION_ERROR when it cannot be asked, UNAUTHORIZED when its metadata is of another one or cannot be read
 */
export async function readAuthorizationServer(context: LoginContext, url: string): Promise<AuthorizationServer> {
  const { discoverAuthorizationServerMetadata } = await import('@modelcontextprotocol/client');
  const watched = watchedFetch(context);
  try {
    const metadata = await discoverAuthorizationServerMetadata(withRootPath(url), { fetchFn: watched.fetch });
    return { url, issuer: metadata?.issuer ?? url, metadata };
  } catch (error) {
    if (watched.isOutage()) throw asOutage(context, error);
    const words = `wants its login at ${url}, whose metadata cannot be used: ${messageOf(error).slice(0, 300)}`;
    throw loginRefused(context, words, error);
  }
}

/**
 * An issuer that is an origin alone is written with a slash at its end or without. Its metadata is at the same address either way (RFC 8414,
 * section 3.1, takes the slash away), and many servers name themselves in the one way where they are named in the other: with the slash the
 * SDK takes both. Of an issuer with a path it takes only what was named.
 */
function withRootPath(url: string): string {
  return URL.canParse(url) && new URL(url).origin === url ? `${url}/` : url;
}

/** The SDK makes an address of an origin by itself, with a slash at its end that an issuer need not have. */
export function isSameIssuer(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one.replace(/\/$/, '') === other.replace(/\/$/, '');
}

async function readMetadata(context: LoginContext, metadataUrl?: string) {
  const { discoverOAuthProtectedResourceMetadata } = await import('@modelcontextprotocol/client');
  const watched = watchedFetch(context);
  try {
    const options = metadataUrl === undefined ? undefined : { resourceMetadataUrl: metadataUrl };
    return await discoverOAuthProtectedResourceMetadata(context.url, options, watched.fetch);
  } catch (error) {
    if (watched.isOutage()) throw asOutage(context, error);
    // Expected: a server of before RFC 9728, or without a login.
    return undefined;
  }
}

/** Remembers how the last request went: the SDK's errors do not say. */
function watchedFetch(context: LoginContext) {
  let status: number | undefined;
  return {
    fetch: async (input: string | URL, init?: RequestInit): Promise<Response> => {
      status = undefined;
      const response = await context.fetch(input, init);
      status = response.status;
      return response;
    },
    isOutage: (): boolean => status === undefined || status >= 500 || status === 429,
  };
}

function asOutage(context: LoginContext, error: unknown): Error {
  if (isHubError(error)) return error;
  return outage(context, `cannot be asked: ${context.redact(messageOf(error))}`, error);
}
