import { deferred, type Deferred, type Disposable, Emitter, type HubError, jsonText, messageOf } from '../../base/index.ts';
import { type Message } from '../../protocol/index.ts';
import type { SendOptions, Transport, TransportEvents } from '../connection/transport.ts';
import { notRun } from '../not-run.ts';
import { closedError, isBeforeSending, networkError, sessionGoneError, statusError } from './http-errors.ts';
import { httpPeer } from './http-target.ts';
import { Posting, type Taken } from './posting.ts';
import { RequestHeaders } from './request-headers.ts';
import { type RemoteTransportOptions, type ServerRoad, serverRoad } from './server-road.ts';
import { SseStream } from './sse-stream.ts';

/** How long the other refusals may take once the session is known to be gone, in milliseconds. */
const DRAIN_MS = 2_000;

/** What there is of a transport that was opened. */
interface Opened {
  readonly server: ServerRoad;
  readonly stream: SseStream;
  readonly posting: Posting;
}

/**
 * The HTTP+SSE transport of 2024-11-05: one event stream down, a POST for each message up. When the stream breaks the session is
 * lost with it, so the transport is closed for good.
 */
export class SseTransport implements Transport {
  readonly hasRequestStreams = false;
  readonly #options: RemoteTransportOptions;
  readonly #events: Emitter<TransportEvents>;
  #opened: Opened | undefined;
  #headers: RequestHeaders | undefined;
  #endpoint: URL | undefined;
  #opening: Deferred<void> | undefined;
  #sending = 0;
  /** The server does not know the session any more; the connection ends when all that was sent has its refusal. */
  #gone: HubError | undefined;
  #drain: Disposable | undefined;
  #dead = false;

  constructor(options: RemoteTransportOptions) {
    this.#options = options;
    this.#events = new Emitter((error) => options.logger.error('A listener of an SSE transport failed', { error: messageOf(error) }));
  }

  on<K extends keyof TransportEvents>(event: K, listener: (event: TransportEvents[K]) => void): Disposable {
    return this.#events.on(event, listener);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const opening = deferred<void>();
    this.#opening = opening;
    const onAbort = (): void => opening.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#openStream().open();
      await opening.promise;
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async send(message: Message, { headers }: SendOptions = {}): Promise<void> {
    if (this.#dead || !this.#opened) throw closedError(this.#peer);
    if (this.#gone) throw notRun(this.#gone);
    const { posting, server } = this.#opened;
    this.#headers ??= new RequestHeaders(server.target);
    this.#sending += 1;
    const taken = await posting.send({
      method: 'POST',
      url: this.#endpoint,
      headers: this.#headers.post(message, headers),
      body: jsonText(message),
      inSession: true,
    });
    this.#sending -= 1;
    const refusal = this.#refusalOf(taken);
    // Not before each of those that were sent at the same time has been told of its own refusal: they did not run either.
    if (this.#gone && this.#sending === 0) this.#dieIn(0, this.#gone);
    if (refusal) throw refusal;
  }

  setProtocolVersion(version: string): void {
    if (this.#opened) this.#headers = new RequestHeaders(this.#opened.server.target, undefined, version);
  }

  async close(): Promise<void> {
    this.#dead = true;
    this.#drain?.dispose();
    this.#opened?.stream.close();
    this.#opened?.posting.close();
  }

  get #peer() {
    const { id, launch } = this.#options;
    return httpPeer(id, launch);
  }

  #openStream(): SseStream {
    const { id, launch } = this.#options;
    const server = serverRoad(id, launch, () => {});
    const stream = new SseStream(server, new RequestHeaders(server.target), {
      endpoint: (url) => {
        this.#endpoint = url;
        this.#opening?.resolve();
      },
      message: (message) => {
        if (!this.#dead) this.#events.emit('message', { message });
      },
      ended: (error) => {
        this.#opening?.reject(error);
        if (this.#endpoint) this.#die(error);
      },
    });
    this.#opened = { server, stream, posting: new Posting(server) };
    return stream;
  }

  #refusalOf(taken: Taken): HubError | undefined {
    if ('status' in taken) return undefined;
    if ('failure' in taken) {
      const failure = networkError(this.#peer, taken.failure);
      return isBeforeSending(taken.failure) ? notRun(failure) : failure;
    }
    const { status } = taken.refusal;
    if (status !== 404) return statusError(this.#peer, status);
    if (!this.#gone) {
      this.#gone = sessionGoneError(this.#peer);
      this.#dieIn(DRAIN_MS, this.#gone);
    }
    return notRun(this.#gone);
  }

  #dieIn(ms: number, error: HubError): void {
    this.#drain?.dispose();
    if (!this.#dead) this.#drain = this.#options.clock.after(ms, () => this.#die(error));
  }

  #die(error: HubError): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#drain?.dispose();
    this.#opened?.stream.close();
    this.#opened?.posting.close();
    this.#events.emit('closed', error);
  }
}
