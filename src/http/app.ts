import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, HubError, type Logger } from '../base/index.ts';
import { type Endpoint, refuse } from '../downstream/index.ts';
import { foreignPageProblem, hostOriginProblem } from './guards/host-origin.ts';
import { setSecurityHeaders } from './guards/security-headers.ts';
import { EVENTS_PATH, type EventStreams } from './event-streams.ts';
import type { Management } from './management.ts';
import { problemOf } from './problem.ts';

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
}

export type StreamScope = Parameters<Endpoint['handleStream']>[1];

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** Where clients of the old HTTP+SSE transport POST their messages. */
export const MESSAGES_PATH = '/messages';

/** Where an authorization server sends the browser back to: from another site, as nothing else may. */
const CALLBACK_PATH = '/api/oauth/callback';

/** Every request's way in: the guards first, then MCP on the raw request and response, REST through Express. */
export class App {
  readonly #options: AppOptions & { readonly streams: EventStreams };
  #api: Promise<Handler> | undefined;

  constructor(options: AppOptions & { readonly streams: EventStreams }) {
    this.#options = options;
  }

  /** Serves one request. Resolves when it is dealt with; never rejects. */
  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      setSecurityHeaders(res);
      await this.#route(req, res);
    } catch (error) {
      this.#options.logger.error('A request failed inside the hub', { code: 'UNHANDLED_ERROR', reason: String(error) });
      if (res.headersSent) res.destroy();
      else refuse(res, new HubError('UNHANDLED_ERROR', 'The hub failed to serve the request. Its log says why.', { cause: error }));
    }
  }

  /**
   * What a client that asks for a stream of lines on `GET /mcp` or `GET /mcp/<server>` gets to see; `undefined` when the
   * request is to be served like the others, which then says what is wrong with it.
   */
  streamScope(req: IncomingMessage): StreamScope | undefined {
    const url = urlOf(req);
    if (!url || req.method !== 'GET' || hostOriginProblem(req.headers, this.#options.allowedHosts())) return undefined;
    const path = plainPath(url);
    const id = serverOf(path);
    if (id === undefined) return path === '/mcp' ? { kind: 'all' } : undefined;
    return this.#options.endpoint.hasServer(id) ? { kind: 'server', id } : undefined;
  }

  async #route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = urlOf(req);
    const isApi = url !== undefined && (url.pathname === '/api' || url.pathname.startsWith('/api/'));
    const foreign = this.#foreign(req, url);
    if (foreign) return isApi ? this.#problem(req, res, foreign) : turnAway(req, res, foreign);
    if (!url) return turnAway(req, res, new HubError('INVALID_REQUEST', 'The path of the request cannot be read.'));
    if (isApi && plainPath(url) === EVENTS_PATH) return this.#events(req, res, url);
    if (isApi) return (await this.#loadApi())(req, res);
    return this.#mcp(req, res, url);
  }

  #foreign(req: IncomingMessage, url: URL | undefined): HubError | undefined {
    const problem = hostOriginProblem(req.headers, this.#options.allowedHosts());
    return problem ?? (isLoginReturn(req, url) ? undefined : foreignPageProblem(req.headers));
  }

  async #mcp(req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
    const { endpoint } = this.#options;
    const { searchParams } = url;
    const path = plainPath(url);
    if (path === '/mcp') return endpoint.handle(req, res, { kind: 'all' });
    const server = serverOf(path);
    if (server !== undefined) return endpoint.handle(req, res, { kind: 'server', id: server });
    if (path === '/sse') return endpoint.handleSse(req, res);
    if (path === MESSAGES_PATH) return endpoint.handleMessages(req, res, searchParams.get('sessionId') ?? undefined);
    if (path === '/' && (req.method === 'GET' || req.method === 'HEAD')) return hint(res);
    return notFound(req, res);
  }

  #events(req: IncomingMessage, res: ServerResponse, url: URL): void {
    const problem = this.#options.streams.open(req, res, url);
    if (problem) this.#problem(req, res, problem);
  }

  /** Loads the REST routes, and Express with them, when the first request asks for one. */
  #loadApi(): Promise<Handler> {
    this.#api ??= import('./api/create-api.ts').then(({ createApi }) => createApi(this.#options));
    return this.#api;
  }

  #problem(req: IncomingMessage, res: ServerResponse, error: HubError): void {
    req.resume();
    const { status, body } = problemOf(error, this.#options.clock.now());
    sendJson(res, status, body);
  }
}

/** The URL of a request, which may be in absolute form; `undefined` when it makes none. */
function urlOf({ url = '' }: IncomingMessage): URL | undefined {
  const absolute = url.startsWith('/') ? `http://hub${url}` : url;
  return URL.canParse(absolute) ? new URL(absolute) : undefined;
}

/** A person comes back from a login: the browser itself goes there, and no page has it as a part. */
function isLoginReturn({ method, headers }: IncomingMessage, url: URL | undefined): boolean {
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

/** The path without the slash that may end it. */
function plainPath({ pathname }: URL): string {
  return pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
}

/** The server that `/mcp/<server>` names, percent-decoded; `undefined` for any other path. */
function serverOf(path: string): string | undefined {
  const encoded = /^\/mcp\/([^/]+)$/.exec(path)?.[1];
  if (encoded === undefined || encoded === '.well-known') return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Expected: URIError, a `%` that starts no byte. No server is meant by that.
    return undefined;
  }
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
