import { randomBytes } from 'node:crypto';
import type {
  AuthOptions,
  AuthResult,
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { type Clock, type Fetch, HubError, type Logger, messageOf } from '../../base/index.ts';
import { KnownSecrets } from './known-secrets.ts';
import { type LoginStore, type StoredLogin, without } from './login-store.ts';
import { loginFetch, type LoginRoads } from './login-fetch.ts';
import { isOutage, loginKept, RefreshWatch } from './refresh-watch.ts';
import { revoke } from './revocation.ts';
import type { RemoteLogin } from './remote-login.ts';

/** A token is renewed this long before it expires, in milliseconds. */
const RENEW_AHEAD_MS = 30_000;
/** … but not before this part of its life is left: one that lives for seconds would be renewed with each request. */
const RENEW_AHEAD_PART = 5;
/** How long a login page may be open until the login must be begun anew, in milliseconds. */
const PENDING_FOR_MS = 10 * 60_000;

export interface ServerLoginOptions {
  readonly server: string;
  /** Of the MCP server, resolved. */
  readonly url: string;
  readonly store: LoginStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The way to authorization servers. Default: Node's own `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** What of that the server may lead to; asked for every login. */
  readonly roads?: (() => LoginRoads) | undefined;
  /** Where the authorization server sends the browser back to; asked when a login begins. */
  readonly redirectUrl: () => string;
}

/** A login that waits for its person. */
interface Pending {
  readonly state: string;
  readonly url: string;
  readonly sinceMs: number;
}

/** What a 401 says about the login (RFC 9728). */
type Challenge = Pick<AuthOptions, 'scope' | 'resourceMetadataUrl'>;

/**
 * The OAuth login at one server (spec 2025-11-25 and 2026-07-28 basic/authorization): discovery, registration, PKCE and refresh
 * are the SDK's; this keeps the state, one flow at a time.
 */
export class ServerLogin implements RemoteLogin {
  readonly #options: ServerLoginOptions;
  #stored: StoredLogin | undefined;
  #pending: Pending | undefined;
  #verifier: string | undefined;
  /** What the last callback brought, to be kept out of messages. */
  #code: string | undefined;
  readonly #known = new KnownSecrets();
  #discovery: OAuthDiscoveryState | undefined;
  #challenge: Challenge = {};
  #state = '';
  #running: Promise<AuthResult> | undefined;
  /** The server took the tokens no more, and there were no others to be had. */
  #isRefused = false;

  constructor(options: ServerLoginOptions) {
    this.#options = options;
  }

  /** The address of the server that this is the login at. */
  get serverUrl(): string {
    return this.#options.url;
  }

  /** The page on which a person logs in, while one is open. */
  get authorizationUrl(): string | undefined {
    const { clock } = this.#options;
    return this.#pending && clock.now() - this.#pending.sinceMs < PENDING_FOR_MS ? this.#pending.url : undefined;
  }

  isPending(state: string): boolean {
    return this.authorizationUrl !== undefined && this.#pending?.state === state;
  }

  async authorization(): Promise<string | undefined> {
    try {
      await this.#load();
      if (this.#isExpiring()) await this.#lookForNewer();
      if (this.#isExpiring()) await this.#authorize({});
    } catch (error) {
      this.#note('The login could not be renewed', error);
    }
    return this.#bearer;
  }

  async renew(refusal: Response, refused: string | undefined): Promise<boolean> {
    try {
      // Another request may have renewed it meanwhile, or another hub: a refresh token is good for one use.
      if (this.#bearer === refused) await this.#lookForNewer();
      if (this.#bearer !== undefined && this.#bearer !== refused) return true;
      const { extractWWWAuthenticateParams } = await import('@modelcontextprotocol/client');
      const { scope, resourceMetadataUrl } = extractWWWAuthenticateParams(refusal);
      this.#challenge = { ...(scope !== undefined && { scope }), ...(resourceMetadataUrl && { resourceMetadataUrl }) };
      this.#isRefused = (await this.#authorize({})) !== 'AUTHORIZED';
      return !this.#isRefused;
    } catch (error) {
      // Expected: a server that wants a key and knows nothing of OAuth. Its 401 says what there is to say.
      this.#note('No login could be begun', error);
      const isRenewable = this.#stored?.tokens?.refresh_token !== undefined;
      if (isRenewable && (await isOutage(error))) throw loginKept(this.#options.server, this.redact(messageOf(error)), error);
      return false;
    }
  }

  /**
   * Begins a login, or goes on with the one that waits.
   *
   * @throws HubError VALIDATION_ERROR when the server is logged in already, CONNECTION_ERROR when it offers no login
   */
  async begin(): Promise<string> {
    const { server } = this.#options;
    if (this.authorizationUrl !== undefined) return this.authorizationUrl;
    await this.#load();
    if (this.#stored?.tokens && !this.#isRefused) throw this.#loggedIn();
    const result = await this.#authorize({}).catch((error: unknown) => {
      const message = `No login at server "${server}" can be begun: ${this.redact(messageOf(error))}`;
      throw new HubError('CONNECTION_ERROR', message, { cause: error, details: { server } });
    });
    if (result === 'REDIRECT' && this.authorizationUrl !== undefined) return this.authorizationUrl;
    throw this.#loggedIn();
  }

  /** Ends the login that waits with a code. @throws HubError UNAUTHORIZED */
  async finish(code: string, iss: string | undefined): Promise<void> {
    const { server } = this.#options;
    this.#code = code;
    try {
      await this.#authorize({ authorizationCode: code, ...(iss !== undefined && { iss }) });
    } catch (error) {
      const message = `The login at server "${server}" failed: ${this.redact(messageOf(error))} Begin it anew.`;
      throw new HubError('UNAUTHORIZED', message, { cause: error, details: { server } });
    } finally {
      this.drop();
    }
  }

  /** Ends the login that waits, without one. */
  drop(): void {
    this.#pending = undefined;
  }

  /** Forgets the tokens. @returns whether the authorization server has taken them back */
  async logOut(): Promise<boolean> {
    await this.#running?.catch(() => undefined);
    await this.#load();
    const { client, tokens } = this.#stored ?? {};
    const revoked = revoke({ serverUrl: this.#options.url, client, tokens, fetch: this.#fetch() });
    const isRevoked = await revoked.catch((error: unknown) => (this.#note('The tokens could not be taken back', error), false));
    this.drop();
    await this.#forget('tokens');
    return isRevoked;
  }

  /** `text` without the secrets of this login, also without those that it had before. */
  redact(text: string): string {
    this.#learn();
    return this.#known.redact(text);
  }

  /** To be called before what is stored changes, and after. */
  #learn(): void {
    const { tokens, client } = this.#stored ?? {};
    this.#known.learn(tokens?.access_token, tokens?.refresh_token, tokens?.id_token, client?.client_secret, this.#verifier, this.#code);
  }

  #loggedIn(): HubError {
    const { server } = this.#options;
    return new HubError('VALIDATION_ERROR', `Server "${server}" is logged in already; nothing is to be done.`, { details: { server } });
  }

  async #load(): Promise<void> {
    const { store, server, url } = this.#options;
    this.#stored ??= await store.load(server, url);
  }

  get #bearer(): string | undefined {
    const token = this.#stored?.tokens?.access_token;
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  /** Takes over what another hub of the same person has got since. */
  async #lookForNewer(): Promise<void> {
    const { store, server, url } = this.#options;
    const stored = await store.load(server, url);
    if ((stored.obtainedAtMs ?? 0) <= (this.#stored?.obtainedAtMs ?? 0)) return;
    this.#learn();
    this.#stored = stored;
    this.#isRefused = false;
  }

  #isExpiring(): boolean {
    const { tokens, obtainedAtMs } = this.#stored ?? {};
    if (tokens?.expires_in === undefined || tokens.refresh_token === undefined || obtainedAtMs === undefined) return false;
    const lifetimeMs = tokens.expires_in * 1_000;
    return this.#options.clock.now() > obtainedAtMs + lifetimeMs - Math.min(RENEW_AHEAD_MS, lifetimeMs / RENEW_AHEAD_PART);
  }

  /** One exchange with the authorization server at a time: whoever comes meanwhile gets its result. */
  #authorize(more: Partial<AuthOptions>): Promise<AuthResult> {
    if (more.authorizationCode === undefined) {
      if (this.#running) return this.#running;
      // A person is at the page of the login that was begun: another one would make that one worthless.
      if (this.authorizationUrl !== undefined) return Promise.resolve('REDIRECT');
    }
    const running = this.#run(more).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #run(more: Partial<AuthOptions>): Promise<AuthResult> {
    const { auth } = await import('@modelcontextprotocol/client');
    const refreshes = new RefreshWatch(this.#fetch());
    return auth(this.#provider(refreshes), { serverUrl: this.#options.url, fetchFn: refreshes.fetch, ...this.#challenge, ...more });
  }

  #fetch(): typeof fetch {
    const { server, url, fetch: way } = this.#options;
    // The address may hold a key of its own, and is named in messages by its place alone.
    const label = URL.canParse(url) ? new URL(url).origin : server;
    return loginFetch({ id: server, label, redact: (text) => this.redact(text), fetch: way }, url, this.#options.roads?.());
  }

  async #save(change: StoredLogin): Promise<void> {
    const { store, server, url } = this.#options;
    this.#learn();
    this.#stored = { ...this.#stored, ...change };
    this.#learn();
    await store.save(server, url, this.#stored);
  }

  #note(what: string, error: unknown): void {
    const { logger, server } = this.#options;
    logger.debug(`${what} at server "${server}"`, { server, reason: this.redact(messageOf(error)) });
  }

  #provider(refreshes: RefreshWatch): OAuthClientProvider {
    const redirectUrl = this.#options.redirectUrl();
    const clientMetadata: OAuthClientMetadata = {
      client_name: 'MCP Hub',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
    return {
      redirectUrl,
      clientMetadata,
      state: () => {
        // The SDK asks for a login anew where a refresh has failed for whatever reason.
        if (refreshes.outage) throw refreshes.outage;
        return (this.#state = randomBytes(24).toString('base64url'));
      },
      // A client that was registered with another callback address would be refused at the page, and no other may renew its tokens.
      clientInformation: () =>
        this.#stored?.redirectUrl === redirectUrl || this.#stored?.tokens?.refresh_token !== undefined ? this.#stored?.client : undefined,
      saveClientInformation: (client: StoredOAuthClientInformation) => this.#save({ client, redirectUrl }),
      tokens: () => this.#stored?.tokens,
      saveTokens: (tokens: StoredOAuthTokens) => {
        this.#isRefused = false;
        return this.#save({ tokens, obtainedAtMs: this.#options.clock.now() });
      },
      redirectToAuthorization: (url) => {
        // It is opened by a browser, which other kinds of addresses make start other programs.
        if (!/^https?:$/.test(url.protocol)) throw new Error(`The login page is no web page but ${url.protocol}, which is not opened.`);
        this.#pending = { state: this.#state, url: url.href, sinceMs: this.#options.clock.now() };
      },
      saveCodeVerifier: (verifier) => {
        this.#verifier = verifier;
      },
      codeVerifier: () => this.#verifier ?? '',
      saveDiscoveryState: (discovery) => {
        this.#discovery = discovery;
      },
      discoveryState: () => this.#discovery,
      invalidateCredentials: (scope) => this.#forget(scope),
    };
  }

  async #forget(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): Promise<void> {
    this.#learn();
    if (scope === 'all' || scope === 'verifier') this.#verifier = undefined;
    if (scope === 'all' || scope === 'discovery') this.#discovery = undefined;
    if (scope === 'verifier' || scope === 'discovery') return;
    this.#stored = without(this.#stored ?? {}, scope);
    await this.#save({});
  }
}
