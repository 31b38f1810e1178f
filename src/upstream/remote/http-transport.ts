import { type Disposable, Emitter, HubError, isHubError, messageOf, toHubError, IdMap } from '../../base/index.ts';
import {
  isLegacyVersion,
  isRequest,
  type Message,
  type RequestId,
  type RequestMessage,
  type ResponseMessage,
} from '../../protocol/index.ts';
import { closedError, sessionGoneError } from './http-errors.ts';
import { HeldRequests, type Sending } from './held-requests.ts';
import { answers, type ExchangeContext, type ExchangeListener, HttpExchange } from './http-exchange.ts';
import { HttpSession } from './http-session.ts';
import { Opening } from './opening.ts';
import { askOnce } from './own-exchange.ts';
import { RequestHeaders } from './request-headers.ts';
import { type RemoteTransportOptions, type ServerRoad, serverRoad } from './server-road.ts';
import { SessionHandshake } from './session-handshake.ts';
import { notRun } from '../not-run.ts';
import type { SendOptions, Transport, TransportEvents, Withdrawn } from '../connection/transport.ts';

/**
 * Attempts to resume the broken stream of one request in a session; the standalone stream is reopened without end. Revision
 * 2026-07-28 has no resumption.
 */
const MAX_RESUMPTIONS = 5;
/** New sessions for one request: each of its refusals is proof that it did not run, and a server may be restarted twice. */
const MAX_REPEATS = 3;
/** A renewed session whose stream ends with the session within this time, in milliseconds, is not renewed again. */
const SHORT_LIVED_MS = 30_000;

/**
 * Streamable HTTP (spec 2026-07-28 and 2025-11-25 basic/transports): an exchange for each request, so that every message that comes is
 * attributed to the request on whose stream it came, and one session for the rest (notifications, the standalone stream, DELETE).
 *
 * A server that was restarted and does not know the session is given the same handshake again, and requests that it refused, or that
 * found nobody to connect to for a moment, are sent once more: they provably did not run.
 */
export class HttpTransport implements Transport {
  readonly hasRequestStreams = true;
  readonly #options: RemoteTransportOptions;
  readonly #events: Emitter<TransportEvents>;
  readonly #exchanges = new IdMap<HttpExchange>();
  #server: ServerRoad | undefined;
  /** Of the session and the version as they are; made anew when one of them changes. */
  #context: ExchangeContext | undefined;
  #session: HttpSession | undefined;
  #sessionId: string | undefined;
  #protocolVersion: string | undefined;
  #hasStandaloneStream = false;
  readonly #listener: ExchangeListener;
  readonly #handshake: SessionHandshake;
  readonly #held: HeldRequests;
  readonly #over = new AbortController();
  #renewing: Promise<void> | undefined;
  /** When the session was renewed, in milliseconds. */
  #sinceMs = Number.NEGATIVE_INFINITY;
  #dead = false;
  /** What is waited for at the end. */
  #opening: Opening | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RemoteTransportOptions) {
    this.#options = options;
    this.#events = new Emitter((error) => options.logger.error('A listener of an HTTP transport failed', { error: messageOf(error) }));
    this.#handshake = new SessionHandshake(options.clock, (...asked) => this.#ask(...asked));
    this.#held = new HeldRequests({
      clock: options.clock,
      send: (sending) => this.#startExchange(sending),
      fail: (id, error) => this.#fail(id, error),
      // What still runs there has its own answer coming, or its own end.
      onOutage: (error) => this.#exchanges.size === 0 && this.#die(error),
    });
    this.#listener = {
      message: (message, exchange) => this.#receive(message, exchange),
      ended: (error, { sending }) => this.#ended(sending.request.id, error),
      sessionGone: (mayHaveRun, { sending, sessionId }) => this.#sessionGone(sending, sessionId, mayHaveRun),
      unreachable: (error, { sending }) => this.#unreachable(sending, error),
      isGone: ({ sessionId }) => this.#isGone(sessionId),
    };
  }

  on<K extends keyof TransportEvents>(event: K, listener: (event: TransportEvents[K]) => void): Disposable {
    return this.#events.on(event, listener);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { id, launch } = this.#options;
    this.#server = serverRoad(id, launch, () => this.#held.reached());
  }

  send(message: Message, options: SendOptions = {}): Promise<void> | undefined {
    if (this.#dead) return Promise.reject(closedError(this.#road.peer));
    if (!isRequest(message)) return this.#renewing?.then(() => this.send(message)) ?? this.#sendInSession(message);
    this.#startExchange({ request: message, options, refusals: 0 });
    return undefined;
  }

  withdraw(id: RequestId): Withdrawn | undefined {
    const held = this.#held.withdraw(id);
    const exchange = this.#exchanges.get(id);
    if (held || !exchange?.isPondering) return held;
    exchange.close();
    return {};
  }

  abandon(id: RequestId): void {
    this.#held.withdraw(id);
    this.#exchanges.get(id)?.close();
  }

  setProtocolVersion(version: string): void {
    this.#protocolVersion = version;
    this.#context = undefined;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #road(): ServerRoad {
    if (this.#server) return this.#server;
    throw new HubError('UNHANDLED_ERROR', `Server "${this.#options.id}": the transport was used before it was opened.`);
  }

  #startExchange(sending: Sending): void {
    if (this.#renewing) return this.#held.hold(sending);
    this.#context ??= this.#contextOf(this.#sessionId);
    const exchange = new HttpExchange(sending, this.#context);
    this.#exchanges.set(sending.request.id, exchange);
    exchange.run();
  }

  #contextOf(sessionId: string | undefined): ExchangeContext {
    const server = this.#road;
    return {
      server,
      headers: new RequestHeaders(server.target, sessionId, this.#protocolVersion),
      clock: this.#options.clock,
      maxResumptions: isLegacyVersion(this.#protocolVersion) ? MAX_RESUMPTIONS : 0,
      listener: this.#listener,
    };
  }

  #useSession(sessionId: string | undefined): void {
    this.#sessionId = sessionId;
    this.#context = undefined;
  }

  #receive(message: Message, exchange: HttpExchange): void {
    if (this.#dead) return exchange.close();
    const { sending, newSessionId } = exchange;
    const { request } = sending;
    if (request.method === 'initialize') {
      if (this.#sessionId === undefined) this.#useSession(newSessionId);
      if (answers(message, request)) this.#handshake.made(request, message);
    }
    this.#events.emit('message', { message, via: request.id });
  }

  #ended(id: RequestId, error: HubError | undefined): void {
    this.#exchanges.delete(id);
    if (this.#exchanges.size === 0) this.#opening?.over();
    if (error && !this.#dead) this.#fail(id, error);
  }

  #fail(id: RequestId, error: HubError): void {
    this.#events.emit('requestFailed', { id, error });
  }

  /** @param sessionId the one that the request was sent in */
  #sessionGone(sending: Sending, sessionId: string | undefined, mayHaveRun: boolean): void {
    if (this.#dead) return;
    const { request } = sending;
    const error = sessionGoneError(this.#road.peer);
    const isHopeless = sending.refusals >= MAX_REPEATS;
    if (mayHaveRun || isHopeless) this.#fail(request.id, mayHaveRun ? error : notRun(error));
    else this.#held.hold({ ...sending, refusals: sending.refusals + 1 });
    // New sessions are refused as well: the connection as a whole is to be made anew, with its growing delays.
    if (!mayHaveRun && isHopeless && sessionId === this.#sessionId) return this.#die(error);
    if (sessionId === this.#sessionId) this.#renew();
    else if (!this.#renewing) this.#held.release();
  }

  async #isGone(sessionId: string | undefined): Promise<boolean> {
    return this.#renewing !== undefined || sessionId !== this.#sessionId || this.#handshake.isGone(this.#over.signal);
  }

  #unreachable(sending: Sending, error: HubError): void {
    if (this.#dead) return;
    const { id, method } = sending.request;
    const isStanding = this.#protocolVersion !== undefined;
    // A ping is to say how the server is now.
    if (!isStanding || method === 'ping') return this.#fail(id, notRun(error));
    this.#held.unreachable(sending, error);
  }

  /** Makes a new session in the place of the one that the server does not know. What is refused meanwhile waits for it. */
  #renew(): void {
    this.#renewing ??= this.#renewNow().finally(() => {
      this.#renewing = undefined;
      if (!this.#dead) this.#held.release();
    });
  }

  /** Never rejects. */
  async #renewNow(): Promise<void> {
    const before = this.#session;
    this.#session = undefined;
    this.#useSession(undefined);
    this.#hasStandaloneStream = false;
    this.#options.logger.info(`Server "${this.#options.id}" has ended the session; a new one is made.`, { server: this.#options.id });
    try {
      before?.close();
      await this.#handshake.again(this.#road.peer, this.#over.signal);
      await this.#sendInSession({ jsonrpc: '2.0', method: 'notifications/initialized' }).catch((error: unknown) =>
        this.#options.logger.debug('notifications/initialized was not taken', { error: messageOf(error) }),
      );
    } catch (error) {
      return this.#die(toHubError(error, 'CONNECTION_ERROR'));
    }
    this.#sinceMs = this.#options.clock.now();
    if (!this.#dead) this.#events.emit('renewed', undefined);
  }

  /** A request of the transport's own. */
  async #ask(request: RequestMessage, inSession: boolean, signal: AbortSignal): Promise<ResponseMessage> {
    const context = { ...this.#contextOf(inSession ? this.#sessionId : undefined), maxResumptions: 0 };
    const { answer, sessionId } = await askOnce(request, context, signal);
    if (!inSession && !this.#dead) this.#useSession(sessionId);
    return answer;
  }

  /** @throws HubError when the server did not take it. */
  async #sendInSession(message: Message): Promise<void> {
    const session = this.#openSession();
    try {
      await session.post(message);
    } catch (error) {
      const isGone = isHubError(error) && error.details['status'] === 404 && this.#sessionId !== undefined;
      if (isGone && session === this.#session) this.#renew();
      throw error;
    }
  }

  #openSession(): HttpSession {
    const { clock, logger, launch } = this.#options;
    this.#session ??= new HttpSession({
      server: this.#road,
      headers: () => (this.#context ??= this.#contextOf(this.#sessionId)).headers,
      clock,
      onMessage: (message) => {
        if (!this.#dead) this.#events.emit('message', { message });
      },
      onStatus: (status) => this.#observeStream(status),
      onTrouble: (error) => logger.debug('Session', { error: launch.redact(error.message) }),
    });
    return this.#session;
  }

  /** A server that once gave the standalone stream and then answers 404, or 400 as some do, has forgotten the session. */
  #observeStream(status: number): void {
    if (this.#dead) return;
    if (status < 300) this.#hasStandaloneStream = true;
    else if (!this.#hasStandaloneStream || (status !== 404 && status !== 400)) return;
    else if (this.#options.clock.now() - this.#sinceMs >= SHORT_LIVED_MS) this.#renew();
    else this.#die(sessionGoneError(this.#road.peer));
  }

  /** The end that the other side made. */
  #die(error: HubError): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#over.abort();
    this.#abortAll();
    this.#held.failAll(error);
    this.#session?.close();
    this.#events.emit('closed', error);
  }

  async #close(): Promise<void> {
    const alive = !this.#dead;
    this.#dead = true;
    this.#over.abort();
    this.#opening = alive ? Opening.among(this.#exchanges.values(), this.#options.clock) : undefined;
    this.#abortAll();
    if (!this.#server) return;
    this.#held.failAll(closedError(this.#server.peer));
    if (this.#opening) this.#useSession(await this.#opening.session());
    if (alive && this.#sessionId !== undefined) await this.#openSession().delete();
    this.#session?.close();
  }

  #abortAll(): void {
    for (const exchange of this.#exchanges.values()) if (exchange !== this.#opening?.exchange) exchange.close();
  }
}
