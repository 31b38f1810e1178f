import { SdkHttpError, type StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type Clock, type Disposable, Emitter, HubError, type Logger, messageOf, toHubError } from '../../base/index.ts';
import {
  isLegacyVersion,
  isRequest,
  type Message,
  type RequestId,
  type RequestMessage,
  type ResponseMessage,
} from '../../protocol/index.ts';
import { closedError, type HttpPeer, name, networkError, sessionGoneError, statusError } from './http-errors.ts';
import { HeldRequests, type Sending } from './held-requests.ts';
import { HttpExchange } from './http-exchange.ts';
import { httpPeer, type HttpTarget, httpTarget } from './http-target.ts';
import type { RemoteLaunch } from '../launch.ts';
import { answers, askOnce } from './own-exchange.ts';
import { listenTo, toSdkMessage } from './sdk-message.ts';
import { deleteSession, sdkTransport } from './sdk-transport.ts';
import { SessionHandshake } from './session-handshake.ts';
import { notRun } from '../not-run.ts';
import type { SendOptions, Transport, TransportEvents } from '../connection/transport.ts';

/**
 * Attempts to resume the broken stream of one request in a session; the standalone stream is reopened without end. Revision
 * 2026-07-28 has no resumption.
 */
const MAX_RESUMPTIONS = 5;
/** New sessions for one request: each of its refusals is proof that it did not run, and a server may be restarted twice. */
const MAX_REPEATS = 3;
/** A renewed session whose stream ends with the session within this time, in milliseconds, is not renewed again. */
const SHORT_LIVED_MS = 30_000;

export interface RemoteTransportOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly launch: RemoteLaunch;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Streamable HTTP (spec 2026-07-28 and 2025-11-25 basic/transports) over the SDK's bare transport: one SDK transport
 * object for each request, so that every message that comes is attributed to the request on whose stream it came, and
 * one for the session itself (notifications, the standalone stream, DELETE).
 *
 * A server that was restarted and does not know the session is given the same handshake again, and requests that it refused, or that
 * found nobody to connect to for a moment, are sent once more: they provably did not run.
 */
export class HttpTransport implements Transport {
  readonly hasRequestStreams = true;
  readonly #options: RemoteTransportOptions;
  readonly #events: Emitter<TransportEvents>;
  readonly #exchanges = new Map<RequestId, HttpExchange>();
  #target: HttpTarget | undefined;
  #session: StreamableHTTPClientTransport | undefined;
  #sessionId: string | undefined;
  #protocolVersion: string | undefined;
  #hasStandaloneStream = false;
  readonly #handshake: SessionHandshake;
  readonly #held: HeldRequests;
  readonly #over = new AbortController();
  #renewing: Promise<void> | undefined;
  /** When the session was renewed, in milliseconds. */
  #sinceMs = Number.NEGATIVE_INFINITY;
  #dead = false;
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
  }

  on<K extends keyof TransportEvents>(event: K, listener: (event: TransportEvents[K]) => void): Disposable {
    return this.#events.on(event, listener);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#target = httpTarget(this.#options.id, this.#options.launch);
  }

  async send(message: Message, options: SendOptions = {}): Promise<void> {
    if (this.#dead) throw closedError(this.#peer);
    if (isRequest(message)) return this.#startExchange({ request: message, options, refusals: 0 });
    await this.#renewing;
    await this.#sendInSession(message);
  }

  withdraw(id: RequestId): boolean {
    if (this.#held.withdraw(id)) return true;
    const exchange = this.#exchanges.get(id);
    if (!exchange?.isPondering) return false;
    exchange.close();
    return true;
  }

  setProtocolVersion(version: string): void {
    this.#protocolVersion = version;
    this.#session?.setProtocolVersion(version);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #peer(): HttpPeer {
    const { id, launch } = this.#options;
    return httpPeer(id, launch);
  }

  #startExchange(sending: Sending): void {
    if (this.#renewing) return this.#held.hold(sending);
    const { request, options } = sending;
    const sessionId = this.#sessionId;
    const exchange = new HttpExchange(
      {
        request,
        peer: this.#peer,
        clock: this.#options.clock,
        inSession: sessionId !== undefined,
        on: {
          message: (message) => {
            if (request.method === 'initialize') this.#begun(request, message, exchange);
            this.#events.emit('message', { message, via: request.id });
          },
          ended: (error) => {
            this.#exchanges.delete(request.id);
            if (error && !this.#dead) this.#fail(request.id, error);
          },
          sessionGone: (mayHaveRun) => this.#sessionGone(sending, sessionId, mayHaveRun),
          unreachable: (error) => this.#unreachable(sending, error),
          isGone: () => this.#isGone(sessionId),
        },
      },
      (observe) => this.#createSdk(isLegacyVersion(this.#protocolVersion) ? MAX_RESUMPTIONS : 0, observe),
    );
    this.#exchanges.set(request.id, exchange);
    void exchange.run(options);
  }

  #begun(request: RequestMessage, message: Message, { sessionId }: HttpExchange): void {
    this.#sessionId ??= sessionId;
    if (answers(message, request)) this.#handshake.made(request, message);
  }

  #fail(id: RequestId, error: HubError): void {
    this.#events.emit('requestFailed', { id, error });
  }

  /** @param sessionId the one that the request was sent in */
  #sessionGone(sending: Sending, sessionId: string | undefined, mayHaveRun: boolean): void {
    if (this.#dead) return;
    const { request } = sending;
    const error = sessionGoneError(this.#peer);
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
    this.#sessionId = undefined;
    this.#hasStandaloneStream = false;
    this.#options.logger.info(`Server "${this.#options.id}" has ended the session; a new one is made.`, { server: this.#options.id });
    try {
      await before?.close();
      await this.#handshake.again(this.#peer, this.#over.signal);
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
    const context = { request, inSession, peer: this.#peer, clock: this.#options.clock };
    const { answer, sessionId } = await askOnce(context, (observe) => this.#createSdk(0, observe), signal);
    if (!inSession && !this.#dead) this.#sessionId = sessionId;
    return answer;
  }

  /** @throws HubError when the server did not take it. */
  async #sendInSession(message: Message): Promise<void> {
    const session = await this.#openSession();
    try {
      await session.send(toSdkMessage(message));
    } catch (error) {
      if (!(error instanceof SdkHttpError)) throw networkError(this.#peer, error);
      if (error.status === 404 && session.sessionId !== undefined && session === this.#session) this.#renew();
      throw statusError(this.#peer, error.status);
    }
  }

  async #openSession(): Promise<StreamableHTTPClientTransport> {
    if (this.#session) return this.#session;
    const session = this.#createSdk(Number.POSITIVE_INFINITY, (response, method) => this.#observeSession(response, method));
    this.#session = session;
    listenTo(session, {
      message: (message) => {
        if (!this.#dead) this.#events.emit('message', { message });
      },
      error: (error) => this.#options.logger.debug('Standalone stream', { error: this.#options.launch.redact(error.message) }),
    });
    await session.start();
    return session;
  }

  /** A server that once gave the standalone stream and then answers 404, or 400 as some do, has forgotten the session. */
  #observeSession({ ok, status }: Response, method: string): void {
    if (method !== 'GET' || this.#dead) return;
    if (ok) this.#hasStandaloneStream = true;
    else if (!this.#hasStandaloneStream || (status !== 404 && status !== 400)) return;
    else if (this.#options.clock.now() - this.#sinceMs >= SHORT_LIVED_MS) this.#renew();
    else this.#die(sessionGoneError(this.#peer));
  }

  #createSdk(maxRetries: number, observe: (response: Response, method: string) => void): StreamableHTTPClientTransport {
    const { clock, launch } = this.#options;
    if (!this.#target) throw new HubError('UNHANDLED_ERROR', `${name(this.#peer)}: the transport was used before it was opened.`);
    return sdkTransport({
      peer: this.#peer,
      target: this.#target,
      clock,
      login: launch.login,
      sessionId: this.#sessionId,
      protocolVersion: this.#protocolVersion,
      maxRetries,
      onReached: () => this.#held.reached(),
      observe,
    });
  }

  /** The end that the other side made. */
  #die(error: HubError): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#over.abort();
    this.#abortAll();
    this.#held.failAll(error);
    void this.#session?.close();
    this.#events.emit('closed', error);
  }

  async #close(): Promise<void> {
    const alive = !this.#dead;
    this.#dead = true;
    this.#over.abort();
    this.#abortAll();
    this.#held.failAll(closedError(this.#peer));
    try {
      if (alive && this.#sessionId !== undefined) await deleteSession(await this.#openSession(), this.#options);
    } finally {
      await this.#session?.close();
    }
  }

  #abortAll(): void {
    for (const exchange of this.#exchanges.values()) exchange.close();
  }
}
