import { type Clock, type Fetch, HUB_OWNER, HubError, isHubError, type Logger, messageOf } from '../../base/index.ts';
import { SealedFile } from '../../config/index.ts';
import { CallbackPorts, type CallbackPortsOptions } from './callback-ports.ts';
import type { Launch, RemoteLaunch } from '../launch.ts';
import type { LoginRoads } from './login-fetch.ts';
import { isSameLogin, type LoginSettings } from './login-settings.ts';
import { Exchanges } from './exchanges.ts';
import { LoginStore } from './login-store.ts';
import { type CallbackAddress, redirectUrlOf } from './redirect-url.ts';
import { ServerLogin } from './server-login.ts';

export interface LoginsOptions {
  /** The file in which logins outlive the hub, and that of the key under which it is sealed. */
  readonly file: string;
  readonly keyFile: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The way to authorization servers. Default: Node's own `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** The way to those of servers out in the world. Default: the same. */
  readonly publicFetch?: Fetch | undefined;
  /** Where the authorization server of that server sends the browser back to: as {@link CallbackAddress}. */
  readonly redirectUrl: (server: string, port?: number) => string | undefined;
  /** As {@link CallbackPortsOptions.serve}. */
  readonly serveCallback: CallbackPortsOptions['serve'];
  /** Told of every principal but the owner of the hub whose login is used. */
  readonly met?: (principal: string) => void;
}

/** The OAuth logins of all remote servers that the config gives no `Authorization` header to. */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #store: LoginStore;
  readonly #ports: CallbackPorts;
  readonly #exchanges: Exchanges;
  /** By person and server, and by address: a server with several addresses has a login at each. */
  readonly #logins = new Map<string, readonly ServerLogin[]>();
  /** By server: `publicOnly` of its entry. */
  readonly #publicOnly = new Map<string, boolean | undefined>();

  constructor(options: LoginsOptions) {
    this.#options = options;
    const { file, keyFile, clock, serveCallback } = options;
    this.#ports = new CallbackPorts({ clock, serve: serveCallback });
    this.#exchanges = new Exchanges(clock);
    this.#store = new LoginStore({ path: file, clock, file: new SealedFile({ path: file, keyFile, clock, what: 'logins' }) });
  }

  /**
   * The launch with the login of its server, where the config does not say how to authenticate.
   *
   * @param addresses how many addresses the server has
   * @param principal whose login it is
   */
  equip(server: string, launch: Launch, addresses = 1, principal = HUB_OWNER): Launch {
    if (launch.kind !== 'remote' || launch.oauth === false || hasAuthorization(launch)) {
      this.#logins.delete(keyOf(server, principal));
      return launch;
    }
    this.#publicOnly.set(server, launch.publicOnly);
    if (principal !== HUB_OWNER) this.#options.met?.(principal);
    const login = this.#loginAt({ server, principal, url: launch.url.reveal(), settings: launch.oauth ?? {} }, addresses);
    return { ...launch, login, redact: (text) => login.redact(launch.redact(text)) };
  }

  /** Forgets the servers that are none of these any more; what is in the file stays, for when they come back. */
  keep(servers: readonly string[]): void {
    for (const [key, [login]] of this.#logins) if (login && !servers.includes(login.server)) this.#logins.delete(key);
    for (const server of this.#publicOnly.keys()) if (!servers.includes(server)) this.#publicOnly.delete(server);
  }

  /** The page on which a person logs in at that server, while one is open. */
  authorizationUrl(server: string, principal = HUB_OWNER): string | undefined {
    return this.#of(server, principal).find(({ authorizationUrl }) => authorizationUrl !== undefined)?.authorizationUrl;
  }

  /** Whether that principal is logged in at that server, as far as is known. @throws HubError CONFIG_ERROR */
  async isLoggedIn(server: string, principal: string): Promise<boolean> {
    for (const login of this.#of(server, principal)) if (await login.isLoggedIn()) return true;
    return false;
  }

  /** The principals that logins are kept of. @throws HubError CONFIG_ERROR */
  async principals(): Promise<ReadonlySet<string>> {
    return new Set((await this.#store.keys()).map(({ principal }) => principal));
  }

  /** Forgets all that is kept of a principal, and takes its tokens back where that can be. Never rejects. */
  async forget(principal: string): Promise<void> {
    const { logger } = this.#options;
    try {
      for (const key of await this.#store.keys())
        if (key.principal === principal) this.#loginAt({ ...key, settings: this.#settingsAt(key) });
      const logins = [...this.#logins].flatMap(([key, all]) => (all.some((one) => one.principal === principal) ? [{ key, all }] : []));
      for (const { key } of logins) this.#logins.delete(key);
      await Promise.all(logins.flatMap(({ all }) => all.map((login) => login.forget())));
    } catch (error) {
      logger.error(`The logins of ${principal} could not be forgotten: ${messageOf(error)}`, { principal });
    }
  }

  /** Begins a login. @throws HubError VALIDATION_ERROR, CONNECTION_ERROR */
  async begin(server: string, principal = HUB_OWNER): Promise<string> {
    let refusal: unknown;
    // Where it has several addresses, some may be logged in already.
    for (const login of this.#of(server, principal)) {
      try {
        return await login.begin();
      } catch (error) {
        refusal ??= error;
      }
    }
    if (refusal !== undefined) throw refusal;
    throw noLogin(server);
  }

  /**
   * Forgets the login at a server.
   *
   * @returns whether its authorization server has taken the tokens back
   * @throws HubError VALIDATION_ERROR for a server that has no login, CONFIG_ERROR
   */
  async logOut(server: string, principal = HUB_OWNER): Promise<boolean> {
    const logins = this.#of(server, principal);
    if (logins.length === 0) throw noLogin(server);
    const revoked = await Promise.all(logins.map((login) => login.logOut()));
    return revoked.every(Boolean);
  }

  /** Whose login waits for the callback with that `state`, and at which server. */
  waiting(state: string | null): { readonly server: string; readonly principal: string } | undefined {
    const { server, principal } = (state === null ? undefined : this.#pending(state)) ?? {};
    return server === undefined || principal === undefined ? undefined : { server, principal };
  }

  /**
   * Ends a login with the whole query of its callback (RFC 6749, section 4.1.2; RFC 9207).
   *
   * @returns the server
   * @throws HubError VALIDATION_ERROR for parameters that belong to no open login, UNAUTHORIZED when it was refused
   */
  async finish(params: URLSearchParams): Promise<string> {
    const state = params.get('state');
    if (state === null)
      throw new HubError('VALIDATION_ERROR', 'The callback has no "state". Paste the whole address that the browser was sent to.');
    const login = this.#pending(state);
    if (!login) {
      throw new HubError(
        'VALIDATION_ERROR',
        'This callback belongs to no open login: it was used before, or is too old. Begin the login anew.',
      );
    }
    try {
      await login.finish(params);
    } catch (error) {
      // Somebody has said no there; the next login begins anew.
      if (params.has('error') && isHubError(error, 'UNAUTHORIZED')) login.drop();
      throw error;
    }
    return login.server;
  }

  /**
   * Lets go of the callback addresses that logins wait at, and waits at most that long for answers without which logins are lost.
   * Never rejects.
   */
  async close(withinMs: number): Promise<void> {
    const lost = await this.#exchanges.close(withinMs);
    for (const server of lost) this.#options.logger.warn(unanswered(server), { server });
    await this.#ports.close();
  }

  /** Whoever it is logs in where the owner does, and in the same way, also before they come to the server, or since its entry was changed. */
  #of(server: string, principal: string): readonly ServerLogin[] {
    const owners = this.#logins.get(keyOf(server, HUB_OWNER)) ?? [];
    if (principal === HUB_OWNER) return owners;
    if (owners.length === 0) return this.#logins.get(keyOf(server, principal)) ?? [];
    return owners.map(({ serverUrl: url, settings }) => this.#loginAt({ server, principal, url, settings }, owners.length));
  }

  #pending(state: string): ServerLogin | undefined {
    return [...this.#logins.values()].flat().find((one) => one.isPending(state));
  }

  #settingsAt({ server, url }: { readonly server: string; readonly url: string }): LoginSettings {
    return this.#of(server, HUB_OWNER).find(({ serverUrl }) => serverUrl === url)?.settings ?? {};
  }

  #loginAt({ server, principal, url, settings }: Place, addresses = Infinity): ServerLogin {
    const logins = this.#logins.get(keyOf(server, principal)) ?? [];
    const known = logins.find((one) => one.serverUrl === url && isSameLogin(one.settings, settings));
    if (known) return known;
    const { clock, logger, fetch, publicFetch } = this.#options;
    const roads = (): LoginRoads => ({ publicFetch, publicOnly: this.#publicOnly.get(server) });
    const at: CallbackAddress = (port) => this.#options.redirectUrl(server, port);
    const login = new ServerLogin({
      principal,
      server,
      url,
      settings,
      store: this.#store,
      clock,
      logger,
      exchanges: this.#exchanges,
      fetch,
      roads,
      redirectUrl: () => redirectUrlOf(server, settings, at),
      awaitCallback: (callback, state, withinMs) => this.#ports.await({ url: callback, own: at(), state, withinMs }),
    });
    // What is left of addresses that the server had before goes first.
    const others = logins.filter((one) => one.serverUrl !== url);
    this.#logins.set(keyOf(server, principal), [...others, login].slice(-addresses));
    return login;
  }
}

function noLogin(server: string): HubError {
  const message = `Server "${server}" has no login: it is a local one, has an "Authorization" header or "oauth": false in the config, or was never started.`;
  return new HubError('VALIDATION_ERROR', message, { details: { server } });
}

function unanswered(server: string): string {
  return `The login at server "${server}" was being renewed, and the hub stops without the answer: it may be asked for anew. A longer "shutdownTimeout" leaves more time.`;
}

/** Whose login, and where. */
interface Place {
  readonly server: string;
  readonly principal: string;
  readonly url: string;
  readonly settings: LoginSettings;
}

function keyOf(server: string, principal: string): string {
  return JSON.stringify([principal, server]);
}

function hasAuthorization({ headers }: RemoteLaunch): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
}
