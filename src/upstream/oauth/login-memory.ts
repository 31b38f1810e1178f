import type { StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';
import { type Clock, type Logger, messageOf } from '../../base/index.ts';
import type { Client, Registered } from './client-id.ts';
import type { FlowMemory } from './code-flow.ts';
import { KnownSecrets } from '../known-secrets.ts';
import { currentOf, type LoginKey, type LoginStore, type StoredLogin, type StoredLogins } from './login-store.ts';
import type { Renewed } from './renewal.ts';

/** A token is renewed this long before it expires, in milliseconds, and no earlier than after three quarters of its life. */
const RENEW_AHEAD_MS = 60_000;
const RENEW_AFTER = 0.75;

/** What a login gave. */
export interface Taken {
  readonly tokens: StoredOAuthTokens;
  readonly client: StoredOAuthClientInformation;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
  readonly metadataUrl?: string | undefined;
}

export interface LoginMemoryOptions {
  readonly key: LoginKey;
  readonly store: LoginStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What one login has got, here and in the file: the one place that writes it. */
export class LoginMemory implements FlowMemory {
  readonly #options: LoginMemoryOptions;
  readonly #known = new KnownSecrets();
  #logins: StoredLogins | undefined;
  /** Whether the file had tokens in use when it was last seen: when it has none any more, somebody has logged out at another hub. */
  #isKept = false;
  /** The access token whose refresh token was refused: asking again would get the same answer. */
  #spent: string | undefined;

  constructor(options: LoginMemoryOptions) {
    this.#options = options;
  }

  /** Whether the file has been read. */
  get isLoaded(): boolean {
    return this.#logins !== undefined;
  }

  async load(): Promise<void> {
    const { store, key } = this.#options;
    if (!this.#logins) this.#found(await store.load(key));
  }

  get issuer(): string | undefined {
    return this.#logins?.issuer;
  }

  /** The login whose tokens are in use. */
  get current(): StoredLogin | undefined {
    return this.#logins && currentOf(this.#logins);
  }

  /** The value of the `Authorization` header. */
  get bearer(): string | undefined {
    const token = this.current?.tokens?.access_token;
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  /** The scopes that the token has; what the authorization server does not say is what it was asked for. */
  get granted(): string | undefined {
    return this.current?.tokens?.scope ?? this.current?.scope;
  }

  /** There is a refresh token that may be of use. */
  get isRenewable(): boolean {
    const { access_token, refresh_token } = this.current?.tokens ?? {};
    return refresh_token !== undefined && access_token !== this.#spent;
  }

  get isExpiring(): boolean {
    const { tokens, obtainedAtMs } = this.current ?? {};
    if (tokens?.expires_in === undefined || obtainedAtMs === undefined) return false;
    const lifeMs = tokens.expires_in * 1_000;
    return this.#options.clock.now() > obtainedAtMs + Math.max(lifeMs - RENEW_AHEAD_MS, lifeMs * RENEW_AFTER);
  }

  /** `text` without what was ever kept of this login, and without `more`. */
  redact(text: string, ...more: readonly (string | undefined)[]): string {
    this.#known.learn(...more);
    return this.#known.redact(text);
  }

  known(issuer: string): Registered & { readonly scope?: string | undefined } {
    return this.#logins?.byIssuer[issuer] ?? {};
  }

  registered(issuer: string, client: Client, redirectUrl: string): Promise<void> {
    return this.#edit((logins) => withLogin(logins, issuer, { ...logins.byIssuer[issuer], client: client.information, redirectUrl }));
  }

  /** A client that the authorization server does not know any more: the next login registers anew. */
  forgetClient(issuer: string): Promise<void> {
    return this.#edit((logins) => {
      const { client: _client, redirectUrl: _redirectUrl, ...rest } = logins.byIssuer[issuer] ?? {};
      return withLogin(logins, issuer, rest);
    });
  }

  /** Takes over what another hub of the same person has got since, and that it has logged out. */
  async lookForNewer(): Promise<void> {
    const { store, key } = this.#options;
    const found = await store.load(key);
    const isNewer = (currentOf(found)?.obtainedAtMs ?? 0) > (this.current?.obtainedAtMs ?? 0);
    if (isNewer || (this.#isKept && isLoggedOut(found))) this.#found(found);
  }

  /** Keeps what a login gave. Tokens of another authorization server are of no use any more. */
  take({ tokens, client, resource, scope, metadataUrl }: Taken): Promise<void> {
    const issuer = tokens.issuer ?? '';
    // The registration may be in no file yet.
    const own = this.#logins?.byIssuer[issuer];
    return this.#edit((logins) => {
      const { client: registered, redirectUrl } = logins.byIssuer[issuer] ?? own ?? {};
      const login = {
        ...(registered && { client: registered }),
        ...(redirectUrl !== undefined && { redirectUrl }),
        tokens,
        clientId: client.client_id,
        obtainedAtMs: this.#options.clock.now(),
        ...(resource !== undefined && { resource }),
        ...(scope !== undefined && { scope }),
        ...(metadataUrl !== undefined && { metadataUrl }),
      };
      const others = Object.entries(logins.byIssuer).map(([other, one]) => [other, withoutTokens(one)] as const);
      return { issuer, byIssuer: { ...Object.fromEntries(others), [issuer]: login } };
    });
  }

  /**
   * Renews the tokens by `trade`, while no other hub does, unless another one has done so before.
   *
   * @param refused the bearer that the server does not take; `undefined` when it is about to expire
   * @throws whatever `trade` throws
   */
  async renew(refused: string | undefined, trade: () => Promise<Renewed>): Promise<'renewed' | 'refused'> {
    if (!this.isRenewable) return 'refused';
    const { store, key } = this.#options;
    return store.exclusively(key, async () => {
      const before = this.bearer;
      await this.lookForNewer();
      if (this.bearer === undefined) return 'refused';
      if (this.bearer !== before && this.bearer !== refused) return 'renewed';
      if (!(await this.#isOurs())) return 'refused';
      const wasKept = this.#isKept;
      const result = await trade();
      if ('refused' in result) {
        this.#spent = this.current?.tokens?.access_token;
        if (result.refused === 'invalid_grant') await this.#edit(withoutRefreshToken);
        return 'refused';
      }
      const { tokens, resource } = result;
      const { issuer = '' } = tokens;
      const login = { ...this.current, tokens, obtainedAtMs: this.#options.clock.now(), ...(resource !== undefined && { resource }) };
      await this.#edit((logins) => (wasKept && isLoggedOut(logins) ? logins : withBound(logins, issuer, login)));
      return this.bearer === undefined ? 'refused' : 'renewed';
    });
  }

  /**
   * A login of 4.x belongs to all servers at its address, and a refresh token is good for one use: whoever renews it first takes it.
   *
   * @throws HubError CONFIG_ERROR, TIMEOUT when that cannot be written down
   */
  async #isOurs(): Promise<boolean> {
    const { store, key } = this.#options;
    if (this.#logins?.unbound === undefined || this.issuer !== undefined) return true;
    const found = await store.change(key, (logins) => logins);
    if (currentOf(found)?.tokens?.refresh_token !== this.current?.tokens?.refresh_token) this.#found(found);
    return this.isRenewable;
  }

  /** Nothing is left but what the authorization servers know the hub by. */
  logOut(): Promise<void> {
    return this.#edit(({ byIssuer }) => {
      const rest = Object.entries(byIssuer).map(([issuer, one]) => [issuer, withoutTokens(one)] as const);
      return { byIssuer: Object.fromEntries(rest) };
    });
  }

  /** Nothing is left at all: nobody will come back for it. */
  async forget(): Promise<void> {
    const { store, key, logger } = this.#options;
    this.#have({ byIssuer: {} });
    try {
      await store.remove(key);
    } catch (error) {
      logger.error(`The login at server "${key.server}" cannot be deleted: ${messageOf(error)}`, { server: key.server });
    }
  }

  #found(logins: StoredLogins): void {
    this.#have(logins);
    this.#isKept = currentOf(logins) !== undefined;
  }

  #have(logins: StoredLogins): void {
    this.#logins = logins;
    for (const { tokens, client } of [...Object.values(logins.byIssuer), logins.unbound ?? {}]) {
      this.#known.learn(tokens?.access_token, tokens?.refresh_token, tokens?.id_token, client?.client_secret);
    }
  }

  /** Here at once, and in the file. A file that cannot be written costs the next start a login, and not this one. */
  async #edit(edit: (logins: StoredLogins) => StoredLogins): Promise<void> {
    const { store, key, logger } = this.#options;
    this.#have(edit(this.#logins ?? { byIssuer: {} }));
    try {
      const changed = await store.change(key, (stored) => edit(stored));
      if (this.#isKept && isLoggedOut(changed)) this.#have(changed);
      this.#isKept = currentOf(changed) !== undefined;
    } catch (error) {
      logger.error(`The login at server "${key.server}" cannot be kept: ${messageOf(error)}`, { server: key.server });
    }
  }
}

/** What {@link LoginMemory.logOut} leaves; a file that nothing stands in was taken away, or is another one. */
function isLoggedOut(logins: StoredLogins): boolean {
  return currentOf(logins) === undefined && Object.keys(logins.byIssuer).length > 0;
}

function withLogin(logins: StoredLogins, issuer: string, login: StoredLogin): StoredLogins {
  return { ...logins, byIssuer: { ...logins.byIssuer, [issuer]: login } };
}

/** With a login that was renewed; one of 4.x is known to be of that issuer from now on. */
function withBound(logins: StoredLogins, issuer: string, login: StoredLogin): StoredLogins {
  const { unbound: _, ...bound } = withLogin(logins, issuer, login);
  return { issuer, ...bound };
}

function withoutTokens({ client, redirectUrl, scope }: StoredLogin): StoredLogin {
  return { ...(client && { client }), ...(redirectUrl !== undefined && { redirectUrl }), ...(scope !== undefined && { scope }) };
}

/** The access token may be good for a while. */
function withoutRefreshToken(logins: StoredLogins): StoredLogins {
  const { issuer } = logins;
  const login = currentOf(logins);
  if (!login?.tokens) return logins;
  const { refresh_token: _, ...tokens } = login.tokens;
  return issuer === undefined ? { ...logins, unbound: { ...login, tokens } } : withLogin(logins, issuer, { ...login, tokens });
}
