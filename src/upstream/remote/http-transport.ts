import { SdkHttpError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type Clock, type Disposable, Emitter, HubError, type Logger, messageOf, withDeadline } from '../../base/index.ts';
import { isLegacyVersion, isRequest, type Message, type RequestId, type RequestMessage } from '../../protocol/index.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { name, networkError, sessionGoneError, statusError } from './http-errors.ts';
import { HttpExchange } from './http-exchange.ts';
import { type HttpTarget, httpTarget } from './http-target.ts';
import type { RemoteLaunch } from '../launch.ts';
import { withLogin } from '../oauth/remote-login.ts';
import { ResumptionHeader, resumptionDelay } from './resumption.ts';
import { listenTo, toSdkMessage } from './sdk-message.ts';
import type { SendOptions, Transport, TransportEvents } from '../connection/transport.ts';

/**
 * Attempts to resume the broken stream of one request in a session; the standalone stream is reopened without end. Revision
 * 2026-07-28 has no resumption.
 */
const MAX_RESUMPTIONS = 5;
/** Time for the DELETE of a session, in milliseconds. */
const DELETE_MS = 2_000;

const RECONNECTION = { initialReconnectionDelay: 1_000, maxReconnectionDelay: 30_000, reconnectionDelayGrowFactor: 1.5 };

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
  #dead = false;
  #closing: Promise<void> | undefined;

  constructor(options: RemoteTransportOptions) {
    this.#options = options;
    this.#events = new Emitter((error) => options.logger.error('A listener of an HTTP transport failed', { error: messageOf(error) }));
  }

  on<K extends keyof TransportEvents>(event: K, listener: (event: TransportEvents[K]) => void): Disposable {
    return this.#events.on(event, listener);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#target = httpTarget(this.#options.id, this.#options.launch);
  }

  async send(message: Message, options: SendOptions = {}): Promise<void> {
    if (this.#dead) throw this.#closedError();
    if (isRequest(message)) this.#startExchange(message, options);
    else await this.#sendInSession(message);
  }

  setProtocolVersion(version: string): void {
    this.#protocolVersion = version;
    this.#session?.setProtocolVersion(version);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  get #peer() {
    const { id, launch } = this.#options;
    return { id, label: launch.label, maxMessageBytes: launch.maxMessageBytes, redact: (text: string) => launch.redact(text) };
  }

  #startExchange(request: RequestMessage, options: SendOptions): void {
    const exchange = new HttpExchange(
      {
        request,
        peer: this.#peer,
        clock: this.#options.clock,
        inSession: this.#sessionId !== undefined,
        on: {
          message: (message) => {
            if (request.method === 'initialize') this.#sessionId ??= exchange.sessionId;
            this.#events.emit('message', { message, via: request.id });
          },
          ended: (error) => {
            this.#exchanges.delete(request.id);
            if (error && !this.#dead) this.#events.emit('requestFailed', { id: request.id, error });
          },
          sessionGone: (error) => this.#die(error),
        },
      },
      (observe) => this.#createSdk(isLegacyVersion(this.#protocolVersion) ? MAX_RESUMPTIONS : 0, observe),
    );
    this.#exchanges.set(request.id, exchange);
    void exchange.run(options);
  }

  /** @throws HubError when the server did not take it. */
  async #sendInSession(message: Message): Promise<void> {
    const session = await this.#openSession();
    try {
      await session.send(toSdkMessage(message));
    } catch (error) {
      if (!(error instanceof SdkHttpError)) throw networkError(this.#peer, error);
      if (error.status === 404 && this.#sessionId !== undefined) this.#die(sessionGoneError(this.#peer));
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
  #observeSession(response: Response, method: string): void {
    if (method !== 'GET') return;
    if (response.ok) this.#hasStandaloneStream = true;
    else if ((response.status === 404 || response.status === 400) && this.#hasStandaloneStream) this.#die(sessionGoneError(this.#peer));
  }

  #createSdk(maxRetries: number, observe: (response: Response, method: string) => void): StreamableHTTPClientTransport {
    const { clock } = this.#options;
    if (!this.#target) throw new HubError('UNHANDLED_ERROR', `${name(this.#peer)}: the transport was used before it was opened.`);
    const { url, headers } = this.#target;
    const resumption = new ResumptionHeader();
    return new StreamableHTTPClientTransport(url, {
      requestInit: { headers },
      fetch: async (input, init) => {
        const { login } = this.#options.launch;
        const response = await withLogin(login, resumption.apply(init), (sent) => boundedFetch(this.#peer, input, sent));
        observe(response, init?.method ?? 'GET');
        return response;
      },
      reconnectionOptions: { ...RECONNECTION, maxRetries },
      reconnectionScheduler: (reconnect, delayMs) => {
        const timer = clock.after(resumptionDelay(delayMs), reconnect);
        return () => timer.dispose();
      },
      ...(this.#sessionId !== undefined && { sessionId: this.#sessionId }),
      ...(this.#protocolVersion !== undefined && { protocolVersion: this.#protocolVersion }),
    });
  }

  /** The end that the other side made. */
  #die(error: HubError): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#abortAll();
    void this.#session?.close();
    this.#events.emit('closed', error);
  }

  async #close(): Promise<void> {
    const alive = !this.#dead;
    this.#dead = true;
    this.#abortAll();
    try {
      if (alive && this.#sessionId !== undefined) await this.#deleteSession();
    } finally {
      await this.#session?.close();
    }
  }

  async #deleteSession(): Promise<void> {
    const { clock, logger, launch } = this.#options;
    try {
      const session = await this.#openSession();
      await withDeadline(session.terminateSession(), { clock, timeoutMs: DELETE_MS, onTimeout: () => new Error('no answer in time') });
    } catch (error) {
      // Expected: a server that is gone, or answers DELETE with an error. The session ends by itself then.
      logger.debug('The session could not be ended', { error: launch.redact(messageOf(error)) });
    }
  }

  #abortAll(): void {
    for (const exchange of this.#exchanges.values()) exchange.close();
  }

  #closedError(): HubError {
    return new HubError('CONNECTION_ERROR', `${name(this.#peer)}: the connection is closed.`, { details: { server: this.#options.id } });
  }
}
