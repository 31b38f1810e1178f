import { type Clock, type Fetch, HubError, isHubError, type Logger } from '../../base/index.ts';
import { SealedFile } from '../../config/index.ts';
import { CallbackPorts, type CallbackPortsOptions } from './callback-ports.ts';
import type { Launch, RemoteLaunch } from '../launch.ts';
import type { LoginRoads } from './login-fetch.ts';
import { isSameLogin, type LoginSettings } from './login-settings.ts';
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
}

/** Whose logins they are where nobody says: the person whose hub it is. */
const LOCAL = 'local';

/** The OAuth logins of all remote servers that the config gives no `Authorization` header to. */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #store: LoginStore;
  readonly #ports: CallbackPorts;
  /** By person and server, and by address: a server with several addresses has a login at each. */
  readonly #logins = new Map<string, readonly ServerLogin[]>();
  /** By server: `publicOnly` of its entry. */
  readonly #publicOnly = new Map<string, boolean | undefined>();

  constructor(options: LoginsOptions) {
    this.#options = options;
    const { file, keyFile, clock, serveCallback } = options;
    this.#ports = new CallbackPorts({ clock, serve: serveCallback });
    this.#store = new LoginStore({ path: file, clock, file: new SealedFile({ path: file, keyFile, clock, what: 'logins' }) });
  }

  /**
   * The launch with the login of its server, where the config does not say how to authenticate.
   *
   * @param addresses how many addresses the server has
   * @param principal whose login it is
   */
  equip(server: string, launch: Launch, addresses = 1, principal = LOCAL): Launch {
    if (launch.kind !== 'remote' || launch.oauth === false || hasAuthorization(launch)) {
      this.#logins.delete(keyOf(server, principal));
      return launch;
    }
    this.#publicOnly.set(server, launch.publicOnly);
    const login = this.#loginAt({ server, principal, url: launch.url.reveal(), settings: launch.oauth ?? {} }, addresses);
    return { ...launch, login, redact: (text) => login.redact(launch.redact(text)) };
  }

  /** Forgets the servers that are none of these any more; what is in the file stays, for when they come back. */
  keep(servers: readonly string[]): void {
    for (const [key, [login]] of this.#logins) if (login && !servers.includes(login.server)) this.#logins.delete(key);
    for (const server of this.#publicOnly.keys()) if (!servers.includes(server)) this.#publicOnly.delete(server);
  }

  /** The page on which a person logs in at that server, while one is open. */
  authorizationUrl(server: string, principal = LOCAL): string | undefined {
    return this.#of(server, principal).find(({ authorizationUrl }) => authorizationUrl !== undefined)?.authorizationUrl;
  }

  /** Begins a login. @throws HubError VALIDATION_ERROR, CONNECTION_ERROR */
  async begin(server: string, principal = LOCAL): Promise<string> {
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
  async logOut(server: string, principal = LOCAL): Promise<boolean> {
    const logins = this.#of(server, principal);
    if (logins.length === 0) throw noLogin(server);
    const revoked = await Promise.all(logins.map((login) => login.logOut()));
    return revoked.every(Boolean);
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
    const login = [...this.#logins.values()].flat().find((one) => one.isPending(state));
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

  /** Lets go of the callback addresses that logins wait at. Never rejects. */
  close(): Promise<void> {
    return this.#ports.close();
  }

  #of(server: string, principal: string): readonly ServerLogin[] {
    return this.#logins.get(keyOf(server, principal)) ?? [];
  }

  #loginAt({ server, principal, url, settings }: Place, addresses: number): ServerLogin {
    const logins = this.#of(server, principal);
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
