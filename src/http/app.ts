import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Clock, HubError, type Logger } from '../base/index.ts';
import { discard, type Endpoint, refuse } from '../downstream/index.ts';
import { type Caller, NO_KEYS, type AccessKeys } from './auth/access.ts';
import { setCaller } from './auth/callers.ts';
import { CALLBACK_PATH, Door, isStranger } from './auth/door.ts';
import { headersOfRefusal, scopeProblem } from './auth/refusals.ts';
import { foreignPageProblem } from './guards/host-origin.ts';
import { OwnNames } from './guards/own-names.ts';
import { setSecurityHeaders } from './guards/security-headers.ts';
import { EVENTS_PATH, type EventStreams } from './event-streams.ts';
import type { Management } from './management.ts';
import { problemOf } from './problem.ts';
import { targetOf, plainPath, type RequestTarget, serverOf } from './request-target.ts';

export interface AppOptions {
  readonly endpoint: Endpoint;
  readonly management: Management;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The hub's own version. */
  readonly version: string;
  /** Largest accepted body of a REST request, in bytes; asked anew for every request. */
  readonly maxBodyBytes: () => number;
  /** Names other than the loopback ones that the hub answers to; asked anew for every request. */
  readonly allowedHosts: () => readonly string[];
  /** Names of reverse proxies, allowed as well, and their addresses; asked anew for every request. Without it: none. */
  readonly trustedHosts?: () => readonly string[];
  /** The keys that requests may or must come with; without it, nobody is asked for one. */
  readonly keys?: AccessKeys;
}

/** A client of a stream of lines: what it gets to see, and who it is. */
export interface StreamClient {
  readonly scope: Parameters<Endpoint['handleStream']>[1];
  readonly caller: Caller;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** Where clients of the old HTTP+SSE transport POST their messages. */
export const MESSAGES_PATH = '/messages';

/** Where MCP is spoken, beside `/mcp/<server>`. */
const MCP_PATHS: ReadonlySet<string> = new Set(['/mcp', '/sse', MESSAGES_PATH]);

const NO_HOSTS: readonly string[] = [];

const ALL: StreamClient['scope'] = { kind: 'all' };

/** Every request's way in: the guards first, then the door, then MCP on the raw request and response, REST through Express. */
export class App {
  readonly #options: AppOptions & { readonly streams: EventStreams };
  readonly #door: Door;
  readonly #names = new OwnNames();
  #api: Promise<Handler> | undefined;

  constructor(options: AppOptions & { readonly streams: EventStreams }) {
    this.#options = options;
    const { keys = NO_KEYS, endpoint: sessions } = options;
    this.#door = new Door({ ...options, keys, sessions, trustedHosts: () => this.#trustedHosts });
  }

  /** Serves one request. Resolves when it is dealt with; never rejects. */
  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      await this.#route(req, res);
      if (!req.complete) this.#endLate(req, res);
    } catch (error) {
      this.#options.logger.error('A request failed inside the hub', { code: 'UNHANDLED_ERROR', reason: String(error) });
      if (res.headersSent) res.destroy();
      else refuse(res, new HubError('UNHANDLED_ERROR', 'The hub failed to serve the request. Its log says why.', { cause: error }));
    }
  }

  /**
   * The client that asks for a stream of lines on `GET /mcp` or `GET /mcp/<server>`; `undefined` when the request is to be
   * served like the others, which then says what is wrong with it.
   */
  streamClient(req: IncomingMessage): StreamClient | undefined {
    const url = targetOf(req);
    if (!url || req.method !== 'GET' || this.#foreign(req, url)) return undefined;
    const { caller } = this.#door.admit(req);
    const scope = caller && !scopeProblem(caller, 'mcp') ? this.#streamScope(plainPath(url)) : undefined;
    return caller && scope && { scope, caller };
  }

  /** Ends a stream of lines when the key of its client does. */
  watch({ caller }: StreamClient, stream: Duplex): void {
    this.#door.watch(caller, stream);
  }

  /** Looks after nothing any more; requests are still served. */
  dispose(): void {
    this.#door.close();
  }

  #streamScope(path: string): StreamClient['scope'] | undefined {
    const id = serverOf(path);
    if (id === undefined) return path === '/mcp' ? ALL : undefined;
    return this.#options.endpoint.hasServer(id) ? { kind: 'server', id } : undefined;
  }

  #route(req: IncomingMessage, res: ServerResponse): Promise<void> | void {
    const url = targetOf(req);
    const isApi = url !== undefined && (url.pathname === '/api' || url.pathname.startsWith('/api/'));
    const foreign = this.#foreign(req, url);
    if (foreign) return this.#refuse(req, res, foreign, isApi);
    if (!url) return turnAway(req, res, new HubError('INVALID_REQUEST', 'The path of the request cannot be read.'));
    const { caller, refusal } = this.#door.admit(req);
    if (refusal) return this.#refuse(req, res, refusal, isApi);
    if (isStranger(caller)) this.#forgetBody(req);
    this.#door.watch(caller, res);
    if (isApi && plainPath(url) === EVENTS_PATH) return this.#events(req, res, url, caller);
    if (!isApi) return this.#mcp(req, res, url, caller);
    return this.#rest(req, res, caller);
  }

  async #rest(req: IncomingMessage, res: ServerResponse, caller: Caller): Promise<void> {
    setCaller(req, caller);
    // Express gives the response a prototype of its own, which knows nothing of ours.
    setSecurityHeaders(res);
    return (await this.#loadApi())(req, res);
  }

  #foreign(req: IncomingMessage, url: RequestTarget | undefined): HubError | undefined {
    return this.#hostProblem(req) ?? (isLoginReturn(req, url) ? undefined : foreignPageProblem(req.headers));
  }

  get #trustedHosts(): readonly string[] {
    return this.#options.trustedHosts?.() ?? NO_HOSTS;
  }

  #hostProblem(req: IncomingMessage): HubError | undefined {
    return this.#names.problem(req, this.#options.allowedHosts(), this.#trustedHosts);
  }

  #mcp(req: IncomingMessage, res: ServerResponse, url: RequestTarget, caller: Caller): Promise<void> | void {
    const { endpoint } = this.#options;
    const { principal } = caller;
    const path = plainPath(url);
    const server = serverOf(path);
    const isUse = server !== undefined || MCP_PATHS.has(path);
    const problem = isUse ? scopeProblem(caller, 'mcp') : undefined;
    if (problem) return this.#refuse(req, res, problem, false);
    if (path === '/mcp') return endpoint.handle(req, res, ALL, principal);
    if (server !== undefined) return endpoint.handle(req, res, { kind: 'server', id: server }, principal);
    if (path === '/sse') return endpoint.handleSse(req, res, principal);
    if (path === MESSAGES_PATH) return endpoint.handleMessages(req, res, url.searchParams.get('sessionId') ?? undefined, principal);
    return path === '/' && (req.method === 'GET' || req.method === 'HEAD') ? hint(res) : notFound(req, res);
  }

  #events(req: IncomingMessage, res: ServerResponse, url: RequestTarget, caller: Caller): void {
    const problem = scopeProblem(caller, 'read') ?? this.#options.streams.open(req, res, url);
    if (problem) this.#refuse(req, res, problem, true);
  }

  /** Loads the REST routes, and Express with them, when the first request asks for one. */
  #loadApi(): Promise<Handler> {
    this.#api ??= import('./api/create-api.ts').then(({ createApi }) => createApi(this.#options));
    return this.#api;
  }

  /** Of those whom nobody knows no body is read for long. */
  #forgetBody(req: IncomingMessage): void {
    discard(req, this.#options.clock, () => {
      if (!req.complete) req.socket.destroy();
    });
  }

  /** What was answered without its body is not waited for longer than a body that is refused. */
  #endLate(req: IncomingMessage, res: ServerResponse): void {
    const forget = (): void => {
      if (!req.complete) this.#forgetBody(req);
    };
    if (res.writableFinished) forget();
    else res.once('finish', forget);
  }

  /** In the words of REST, or in those of MCP. */
  #refuse(req: IncomingMessage, res: ServerResponse, error: HubError, isApi: boolean): void {
    for (const [name, value] of Object.entries(headersOfRefusal(error))) res.setHeader(name, value);
    this.#forgetBody(req);
    if (!isApi) return refuse(res, error);
    const { status, body } = problemOf(error, this.#options.clock.now());
    sendJson(res, status, body);
  }
}

/** A person comes back from a login: the browser itself goes there, and no page has it as a part. */
function isLoginReturn({ method, headers }: IncomingMessage, url: RequestTarget | undefined): boolean {
  const mode = headers['sec-fetch-mode'];
  return (
    method === 'GET' &&
    url?.pathname === CALLBACK_PATH &&
    (mode === undefined || mode === 'navigate') &&
    [undefined, 'document'].includes(headers['sec-fetch-dest']) &&
    // Browsers send one with what scripts ask for, a handshake of a WebSocket among that, but not when they go somewhere.
    headers.origin === undefined
  );
}

function turnAway(req: IncomingMessage, res: ServerResponse, error: HubError): void {
  req.resume();
  refuse(res, error);
}

/** Also what clients get that probe `/.well-known/…`: the hub asks for no login, so nothing is there. */
function notFound(req: IncomingMessage, res: ServerResponse): void {
  req.resume();
  sendJson(res, 404, { error: 'not_found', message: 'Nothing is here. MCP clients use /mcp, programs use /api.' });
}

function hint(res: ServerResponse): void {
  sendJson(res, 200, { name: 'mcp-hub', mcp: '/mcp', health: '/api/health', message: 'Point your MCP client at /mcp.' });
}

function sendJson(res: ServerResponse, status: number, body: object): void {
  const text = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
  res.end(text);
}
