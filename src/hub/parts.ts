import { join, resolve } from 'node:path';
import { type Clock, createLogger, type Logger, type LogSink, systemClock, wayOut, type WayOut } from '../base/index.ts';
import { isFit } from '../catalog/index.ts';
import type { HubConfig, HubSettings } from '../config/index.ts';
import { Endpoint } from '../downstream/index.ts';
import { HubGateway } from '../gateway/index.ts';
import { CALLBACK_PATH, HttpServer, type HttpServerOptions, type Management, MESSAGES_PATH } from '../http/index.ts';
import { lateConnector, Logins, OfferFiles, Pool } from '../upstream/index.ts';
import { hubKeys } from './access/build.ts';
import { KeyedLogins } from './access/keyed-logins.ts';
import type { HubKeys } from './access/hub-keys.ts';
import { LaunchSecrets } from './launch-secrets.ts';
import { LoginDesk } from './login-desk.ts';
import { launching } from './launching.ts';
import { noteText } from './report.ts';
import type { HubOptions } from './types.ts';

/** Everything that a running hub consists of, built and wired, nothing started. */
export interface HubParts {
  readonly pool: Pool;
  readonly logins: Logins;
  readonly desk: LoginDesk;
  readonly gateway: HubGateway;
  readonly endpoint: Endpoint;
  readonly server: HttpServer;
  readonly keys: HubKeys;
  readonly keyedLogins: KeyedLogins;
  /** The way out to remote servers; closed after those that use it. */
  readonly way: WayOut;
}

export interface PartsOptions {
  readonly options: HubOptions;
  /** What the hub starts with. */
  readonly config: HubConfig;
  /** The settings in force, asked for whenever one is needed. */
  readonly settings: () => HubSettings;
  readonly logger: Logger;
  /** Made of the parts that it manages. */
  readonly management: (parts: Omit<HubParts, 'server' | 'way'>) => Management;
  /** The port that the hub listens on; asked when a server starts, and so after binding. */
  readonly port: () => number;
  /** Gets to know the secrets of every server that starts. */
  readonly secrets?: LaunchSecrets;
}

const TITLE = 'MCP Hub';

/** Builds the parts in the order in which calls pass them backwards: servers, gateway, adapters, sockets. */
export function buildParts({ options, config, settings, logger, management, port, secrets = new LaunchSecrets() }: PartsOptions): HubParts {
  const clock: Clock = systemClock;
  const keys = hubKeys(options, () => settings().auth === 'keys', logger);
  const hub = { name: 'mcp-hub', title: TITLE, version: options.version };
  const way = wayOut(options.env);
  const logins = new Logins({
    ...loginRoads(options, way),
    clock,
    logger,
    met: (principal) => keyedLogins.met(principal),
    redirectUrl: (server, at = port()) => (at === 0 ? undefined : callbackUrl(server, at)),
    serveCallback: (search, req, res) => {
      req.url = `${CALLBACK_PATH}${search}`;
      void server.handle(req, res);
    },
  });
  const pool = new Pool({
    definitions: config.servers,
    startupWaitMs: () => settings().startupWaitMs,
    clock,
    logger,
    random: Math.random,
    offers: new OfferFiles({ folder: join(options.paths.dataDir, 'cache', 'offers'), logger, fitness: { rules: options.version, isFit } }),
    connect: lateConnector(options.version),
    resolveLaunch: launching({ options, settings, logger, port, secrets, way, logins }),
  });
  const desk = new LoginDesk(logins, pool);
  const forget = (principal: string): void => [desk, secrets].forEach((one) => one.forget(principal));
  const keyedLogins = new KeyedLogins({ keys, logins, pool, clock, logger, forget });
  const gateway = new HubGateway({
    logins: desk,
    upstreams: pool,
    hub,
    maxToolNameLength: () => settings().maxToolNameLength,
    clock,
    logger,
    // The start screen shows it to a person; the log keeps it.
    onNote: (note) => logger.info(`Server "${note.serverId}": ${noteText(note)}`, { server: note.serverId }),
  });
  const endpoint = new Endpoint({
    gateway,
    clock,
    logger,
    serverInfo: { ...hub },
    limits: () => settings(),
    messagesPath: MESSAGES_PATH,
  });
  const server = new HttpServer({
    endpoint,
    management: management({ pool, logins, desk, gateway, endpoint, keys, keyedLogins }),
    clock,
    logger,
    version: options.version,
    maxBodyBytes: () => settings().maxBodyBytes,
    allowedHosts: () => settings().allowedHosts,
    trustedHosts: () => settings().trustedHosts,
    keys,
    ...placeOf(options),
  });
  return { pool, logins, desk, gateway, endpoint, server, keys, keyedLogins, way };
}

/** How logins reach authorization servers, and where they are kept. */
function loginRoads({ paths }: HubOptions, { fetch, publicFetch }: WayOut) {
  return { fetch, publicFetch, file: join(paths.dataDir, 'oauth-storage.json'), keyFile: join(paths.dataDir, 'key') };
}

/** Old clients ask a person for an address with the server's name in it. */
const callbackUrl = (server: string, port: number): string =>
  `http://localhost:${port}${CALLBACK_PATH}?server_name=${encodeURIComponent(server)}`;

/** Where the hub listens. */
function placeOf({ host, port, claimed, socket, cwd, paths }: HubOptions): Pick<HttpServerOptions, 'host' | 'port' | 'claimed' | 'socket'> {
  const unix = socket === undefined ? undefined : { path: resolve(cwd, socket), locksDir: join(paths.stateDir, 'locks') };
  return { host, port, claimed, socket: unix };
}

/** Writes to where the options say, and to whoever follows the hub's events. */
export const hubLogger = (options: HubOptions, news: LogSink): Logger => createLogger([...options.sinks, news]);
