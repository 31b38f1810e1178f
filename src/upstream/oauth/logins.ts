import { type Clock, type Fetch, HubError, type Logger } from '../../base/index.ts';
import { SealedFile } from '../../config/index.ts';
import type { Launch } from '../launch.ts';
import type { LoginRoads } from './login-fetch.ts';
import { LoginStore } from './login-store.ts';
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
  /** Where the authorization server of that server sends the browser back to. */
  readonly redirectUrl: (server: string) => string;
}

/** The OAuth logins of all remote servers that the config gives no `Authorization` header to. */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #store: LoginStore;
  /** By server and address: one with several addresses has a login at each. */
  readonly #logins = new Map<string, readonly ServerLogin[]>();
  /** By server: `publicOnly` of its entry. */
  readonly #publicOnly = new Map<string, boolean | undefined>();

  constructor(options: LoginsOptions) {
    this.#options = options;
    const { file, keyFile, clock } = options;
    this.#store = new LoginStore(new SealedFile({ path: file, keyFile, clock, what: 'logins' }));
  }

  /**
   * The launch with the login of its server, where the config does not say how to authenticate.
   *
   * @param addresses how many addresses the server has
   */
  equip(server: string, launch: Launch, addresses = 1): Launch {
    if (launch.kind !== 'remote' || Object.keys(launch.headers).some((name) => name.toLowerCase() === 'authorization')) {
      this.#logins.delete(server);
      return launch;
    }
    this.#publicOnly.set(server, launch.publicOnly);
    const login = this.#loginAt(server, launch.url.reveal(), addresses);
    return { ...launch, login, redact: (text) => login.redact(launch.redact(text)) };
  }

  /** Forgets the servers that are none of these any more; what is in the file stays, for when they come back. */
  keep(servers: readonly string[]): void {
    for (const server of this.#logins.keys()) if (!servers.includes(server)) this.#logins.delete(server);
    for (const server of this.#publicOnly.keys()) if (!servers.includes(server)) this.#publicOnly.delete(server);
  }

  /** The page on which a person logs in at that server, while one is open. */
  authorizationUrl(server: string): string | undefined {
    return this.#logins.get(server)?.find(({ authorizationUrl }) => authorizationUrl !== undefined)?.authorizationUrl;
  }

  /** Begins a login. @throws HubError VALIDATION_ERROR, CONNECTION_ERROR */
  async begin(server: string): Promise<string> {
    const logins = this.#logins.get(server) ?? [];
    let refusal: unknown;
    // Where it has several addresses, some may be logged in already.
    for (const login of logins) {
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
  async logOut(server: string): Promise<boolean> {
    const logins = this.#logins.get(server);
    if (!logins) throw noLogin(server);
    const revoked = await Promise.all(logins.map((login) => login.logOut()));
    return revoked.every(Boolean);
  }

  /**
   * Ends a login with the parameters of its callback (RFC 6749, section 4.1.2; RFC 9207).
   *
   * @returns the server
   * @throws HubError VALIDATION_ERROR for parameters that belong to no open login, UNAUTHORIZED when it was refused
   */
  async finish(params: URLSearchParams): Promise<string> {
    const state = params.get('state');
    if (state === null)
      throw new HubError('VALIDATION_ERROR', 'The callback has no "state". Paste the whole address that the browser was sent to.');
    const all = [...this.#logins].flatMap(([server, logins]) => logins.map((login) => ({ server, login })));
    const { server, login } = all.find((one) => one.login.isPending(state)) ?? {};
    if (server === undefined || !login) {
      throw new HubError(
        'VALIDATION_ERROR',
        'This callback belongs to no open login: it was used before, or is too old. Begin the login anew.',
      );
    }
    const refused = params.get('error');
    if (refused !== null) {
      login.drop();
      const words = [refused, params.get('error_description')].filter(Boolean).join(': ');
      throw new HubError('UNAUTHORIZED', `The login at server "${server}" was refused: ${words}.`, { details: { server } });
    }
    const code = params.get('code');
    if (code === null) throw new HubError('VALIDATION_ERROR', 'The callback has neither a "code" nor an "error".', { details: { server } });
    await login.finish(code, params.get('iss') ?? undefined);
    return server;
  }

  #loginAt(server: string, url: string, addresses: number): ServerLogin {
    const logins = this.#logins.get(server) ?? [];
    const known = logins.find(({ serverUrl }) => serverUrl === url);
    if (known) return known;
    const { clock, logger, redirectUrl, fetch, publicFetch } = this.#options;
    const roads = (): LoginRoads => ({ publicFetch, publicOnly: this.#publicOnly.get(server) });
    const login = new ServerLogin({ server, url, store: this.#store, clock, logger, fetch, roads, redirectUrl: () => redirectUrl(server) });
    // What is left of addresses that the server had before goes first.
    this.#logins.set(server, [...logins, login].slice(-addresses));
    return login;
  }
}

function noLogin(server: string): HubError {
  const message = `Server "${server}" has no login: it is a local one, has an "Authorization" header in the config, or was never started.`;
  return new HubError('VALIDATION_ERROR', message, { details: { server } });
}
