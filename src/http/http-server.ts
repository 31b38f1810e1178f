import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ClaimedPort, type Disposable, errorTable, openPort, sleep } from '../base/index.ts';
import { App, type AppOptions } from './app.ts';
import { GuardedResponse, SECURITY_LINES, setSecurityHeaders } from './guards/security-headers.ts';
import { EventStreams } from './event-streams.ts';
import { markUnixPeer } from './guards/unix-peers.ts';
import { upgradeHandler } from './stream-upgrade.ts';
import { openUnixSocket, type UnixSocketOptions } from './unix-socket.ts';

/** Time for the headers of a request, in milliseconds. A body has a deadline of its own, an answer has none. */
const HEADERS_WITHIN_MS = 60_000;
/** How long an unused connection is kept; longer than clients keep theirs, so that they are the ones to close it. */
const KEEP_ALIVE_MS = 65_000;
/** Headers mirror names and arguments of calls, so they may be longer than Node's 16 KiB, in bytes. */
const MAX_HEADER_BYTES = 64 * 1024;
/** How long connections may take to finish when the server stops, in milliseconds. */
const GRACE_MS = 1_000;
/** How often it is looked for connections that have finished by then, in milliseconds. */
const IDLE_CHECK_MS = 25;

export interface HttpServerOptions extends AppOptions {
  /** An address, or `localhost` for both loopback addresses. */
  readonly host: string;
  /** 0 takes any free one; `undefined`: no port, for a hub that has a socket. */
  readonly port: number | undefined;
  /** A Unix socket, besides the port or instead of it. */
  readonly socket?: Omit<UnixSocketOptions, 'clock'> | undefined;
  /** The port, where it is open already: `host` and `port` say no more then. */
  readonly claimed?: ClaimedPort | undefined;
}

/** The hub's HTTP server. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #streams: EventStreams;
  #servers: readonly Server[] = [];
  #socket: Disposable | undefined;
  #app: App | undefined;
  #notListening: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { clock, logger, management } = options;
    this.#streams = new EventStreams({ feed: () => management.events, clock, logger });
  }

  /** Who reads the events: how many now, and how many have ever come. */
  get eventReaders(): { readonly count: number; readonly opened: number } {
    return this.#streams;
  }

  /**
   * Opens the port and the socket. Called once.
   *
   * @returns the port, 0 where there is none, and the addresses that it is open on.
   * @throws HubError PORT_IN_USE (details.port or details.socket), CONNECTION_ERROR, CONFIG_ERROR for a socket that cannot be
   */
  async start(): Promise<{ readonly port: number; readonly addresses: readonly string[] }> {
    const { claimed, host, port: wanted, logger } = this.#options;
    const app = new App({ ...this.#options, streams: this.#streams });
    this.#app = app;
    const makeServer = (): Server => createHttpServer(app, this.#options);
    const none = { port: 0, servers: [] };
    const { port, servers } = claimed?.handTo(makeServer) ?? (wanted === undefined ? none : await openPort(makeServer, host, wanted));
    this.#servers = servers;
    const addresses = servers.map(addressOf);
    try {
      this.#servers = [...servers, ...(await this.#openSocket(makeServer))];
    } catch (error) {
      this.stopListening();
      throw error;
    }
    for (const server of this.#servers)
      server.on('error', (error) => logger.warn('A connection could not be accepted', { reason: error.message }));
    return { port, addresses };
  }

  /** Serves a request that came to a place of its own. Resolves when it is dealt with; never rejects. */
  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!this.#app) return void res.destroy();
    setSecurityHeaders(res);
    await this.#app.handle(req, res);
  }

  async #openSocket(makeServer: () => Server): Promise<readonly Server[]> {
    const { clock, socket } = this.#options;
    if (!socket) return [];
    const server = makeServer();
    server.prependListener('connection', markUnixPeer);
    this.#socket = await openUnixSocket(server, { ...socket, clock });
    return [server];
  }

  /** Lets nobody in any more, and frees the port at once; who is connected stays so. Idempotent. */
  stopListening(): void {
    this.#socket?.dispose();
    this.#socket = undefined;
    this.#notListening ??= Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /**
   * Takes no more connections, ends every stream in the way of its protocol, and after a moment of grace closes what
   * is still open. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.stopListening();
    const closed = Promise.resolve(this.#notListening);
    this.#streams.close();
    this.#app?.dispose();
    await this.#options.endpoint.close();
    const early = new AbortController();
    await Promise.race([closed.then(() => early.abort()), this.#closeAsTheyIdle(early.signal)]);
    early.abort();
    for (const server of this.#servers) server.closeAllConnections();
    await closed;
  }

  /** A connection turns idle when its last answer is written; it is closed soon after that. */
  async #closeAsTheyIdle(signal: AbortSignal): Promise<void> {
    for (let waitedMs = 0; waitedMs < GRACE_MS && !signal.aborted; waitedMs += IDLE_CHECK_MS) {
      for (const server of this.#servers) server.closeIdleConnections();
      await sleep(this.#options.clock, IDLE_CHECK_MS, signal);
    }
  }
}

function createHttpServer(app: App, options: AppOptions): Server {
  const server = createServer({
    ServerResponse: GuardedResponse,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_WITHIN_MS,
    // The app refuses such a request itself, in JSON and with the headers of every answer.
    requireHostHeader: false,
  });
  server.requestTimeout = 0;
  server.on('request', (req, res) => void app.handle(req, res));
  // Node itself would answer 417 with nothing in it; an expectation may as well be passed over (RFC 9110, 10.1.1).
  server.on('checkExpectation', (req, res) => void app.handle(req, res));
  server.on('upgrade', upgradeHandler(server, app, options));
  server.on('clientError', answerUnreadable);
  return server;
}

/** Answers bytes that are no HTTP request in JSON too; Node itself would answer them with an empty body. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const message = tooLong ? `The headers are longer than ${MAX_HEADER_BYTES} bytes.` : 'This is not a valid HTTP request.';
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: errorTable.INVALID_REQUEST.rpcCode, message } });
  const status = tooLong ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  socket.end(`${head}${SECURITY_LINES}Connection: close\r\n\r\n${body}`);
}

function addressOf(server: Server): string {
  const address = server.address();
  return typeof address === 'object' && address ? address.address : String(address);
}
