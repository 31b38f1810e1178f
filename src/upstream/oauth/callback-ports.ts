import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Clock, type Disposable, HubError, messageOf, openPort } from '../../base/index.ts';

/** The callback of one login. */
export interface Callback {
  /** As the authorization server knows it. */
  readonly url: string;
  /** The hub's own; absent where it has no port. */
  readonly own: string | undefined;
  readonly state: string;
  /** How long the login may take, in milliseconds. */
  readonly withinMs: number;
}

export interface CallbackPortsOptions {
  readonly clock: Clock;
  /** Answers as the hub's own callback does. @param search the query with its question mark */
  readonly serve: (search: string, req: IncomingMessage, res: ServerResponse) => void;
}

interface Port {
  readonly servers: readonly Server[];
  /** By the `state` of their logins. */
  readonly waiting: Map<string, { readonly callback: Callback; readonly timer: Disposable }>;
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Listens at callback addresses that are on this machine and not the hub's own port, for apps that are registered with such an address:
 * only while a login waits for its callback, and only for that.
 */
export class CallbackPorts {
  readonly #options: CallbackPortsOptions;
  readonly #ports = new Map<number, Promise<Port>>();

  constructor(options: CallbackPortsOptions) {
    this.#options = options;
  }

  /** @throws HubError UNAUTHORIZED when the port is taken */
  async await(callback: Callback): Promise<void> {
    const { url, own, state, withinMs } = callback;
    const { protocol, hostname, port } = new URL(url);
    if (protocol !== 'http:' || !LOOPBACK.has(hostname) || (own !== undefined && port === new URL(own).port)) return;
    const number = Number(port === '' ? 80 : port);
    const opening = this.#ports.get(number) ?? this.#open(hostname.replace(/^\[|\]$/g, ''), number);
    this.#ports.set(number, opening);
    const { waiting } = await opening;
    waiting.set(state, { callback, timer: this.#options.clock.after(withinMs, () => void this.#done(number, state)) });
  }

  /** Closes all of them. Never rejects. */
  async close(): Promise<void> {
    for (const [number, opening] of this.#ports) {
      const { waiting } = await opening;
      await Promise.all(Array.from(waiting.keys(), (state) => this.#done(number, state)));
    }
  }

  async #open(host: string, number: number): Promise<Port> {
    const waiting: Port['waiting'] = new Map();
    const makeServer = (): Server => createServer((req, res) => this.#answer(number, waiting, req, res));
    try {
      const { servers } = await openPort(makeServer, host, number);
      return { servers, waiting };
    } catch (cause) {
      this.#ports.delete(number);
      const message = `No login can be begun: its callback is at port ${number}, where the hub cannot listen (${messageOf(cause)}) Free the port, or register another callback and set "redirectUri" or "callbackPort" of "oauth".`;
      throw new HubError('UNAUTHORIZED', message, { cause, details: { port: number } });
    }
  }

  #answer(number: number, waiting: Port['waiting'], req: IncomingMessage, res: ServerResponse): void {
    req.resume();
    const { pathname, search, searchParams } = new URL(req.url ?? '/', 'http://localhost');
    const state = searchParams.get('state') ?? '';
    const callback = waiting.get(state)?.callback;
    if (!callback || req.method !== 'GET' || pathname !== new URL(callback.url).pathname) {
      return void res.writeHead(404, { connection: 'close' }).end();
    }
    res.setHeader('connection', 'close');
    res.once('close', () => void this.#done(number, state));
    this.#options.serve(search, req, res);
  }

  /** The last one closes the port. Never rejects. */
  async #done(number: number, state: string): Promise<void> {
    const { servers = [], waiting } = (await this.#ports.get(number)) ?? {};
    waiting?.get(state)?.timer.dispose();
    if (!waiting?.delete(state) || waiting.size > 0) return;
    this.#ports.delete(number);
    for (const server of servers) server.close();
  }
}
