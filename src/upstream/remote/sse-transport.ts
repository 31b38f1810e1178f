import { SSEClientTransport, SseError } from '@modelcontextprotocol/client';
import { deferred, type Disposable, Emitter, HubError, isHubError, messageOf } from '../../base/index.ts';
import type { Message } from '../../protocol/index.ts';
import { boundedFetch } from './bounded-fetch.ts';
import {
  closedError,
  garbageError,
  type HttpPeer,
  isBeforeSending,
  name,
  networkCode,
  networkError,
  sessionGoneError,
  statusError,
} from './http-errors.ts';
import { httpPeer, httpTarget } from './http-target.ts';
import type { RemoteTransportOptions } from './http-transport.ts';
import { withLogin } from '../oauth/remote-login.ts';
import { listenTo, toSdkMessage } from './sdk-message.ts';
import { withSessionStatus } from './stale-session.ts';
import { notRun } from '../not-run.ts';
import type { SendOptions, Transport, TransportEvents } from '../connection/transport.ts';

/** How long the other refusals may take once the session is known to be gone, in milliseconds. */
const DRAIN_MS = 2_000;

/**
 * The HTTP+SSE transport of 2024-11-05 over the SDK's bare transport: one event stream down, a POST for each message up.
 * When the stream breaks the session is lost with it, so the transport is closed for good.
 */
export class SseTransport implements Transport {
  readonly hasRequestStreams = false;
  readonly #options: RemoteTransportOptions;
  readonly #events: Emitter<TransportEvents>;
  #sdk: SSEClientTransport | undefined;
  #lastStatus: number | undefined;
  /** Why the login of the server did not let the last request be sent: the SDK keeps the words of it only. */
  #noLogin: HubError | undefined;
  #isOpen = false;
  #sending = 0;
  /** Of messages on their way, by their text: the SDK's transport takes no headers for a single one. */
  readonly #headers = new Map<string, Readonly<Record<string, string>>>();
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
    const sdk = this.#createSdk();
    this.#sdk = sdk;
    const aborted = deferred<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([sdk.start(), aborted.promise]);
      this.#isOpen = true;
    } catch (error) {
      await this.close();
      throw signal.aborted ? signal.reason : this.#openError(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async send(message: Message, { headers }: SendOptions = {}): Promise<void> {
    const sdk = this.#sdk;
    if (this.#dead || !sdk) throw closedError(this.#peer);
    if (this.#gone) throw notRun(this.#gone);
    this.#lastStatus = undefined;
    this.#sending += 1;
    const text = headers && JSON.stringify(message);
    if (text !== undefined && headers) this.#headers.set(text, headers);
    try {
      await sdk.send(toSdkMessage(message));
    } catch (error) {
      throw this.#refusal(error);
    } finally {
      if (text !== undefined) this.#headers.delete(text);
      this.#sending -= 1;
      // Not before each of those that were sent at the same time has been told of its own refusal: they did not run either.
      if (this.#gone && this.#sending === 0) this.#dieIn(0, this.#gone);
    }
  }

  #refusal(error: unknown): HubError {
    const status = /\(HTTP (\d{3})\)/.exec(messageOf(error))?.[1];
    if (status === undefined) {
      const failure = networkError(this.#peer, error);
      return isBeforeSending(error) ? notRun(failure) : failure;
    }
    if (status !== '404') return statusError(this.#peer, Number(status));
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

  setProtocolVersion(version: string): void {
    this.#sdk?.setProtocolVersion(version);
  }

  async close(): Promise<void> {
    this.#dead = true;
    this.#drain?.dispose();
    await this.#sdk?.close();
  }

  get #peer(): HttpPeer {
    const { id, launch } = this.#options;
    return httpPeer(id, launch);
  }

  #createSdk(): SSEClientTransport {
    const { url, headers } = httpTarget(this.#options.id, this.#options.launch);
    const sdk = new SSEClientTransport(url, {
      requestInit: { headers },
      fetch: async (input, init) => {
        const { login } = this.#options.launch;
        const send = async (sent: RequestInit | undefined): Promise<Response> => {
          const answer = await boundedFetch(this.#peer, input, sent);
          return this.#isOpen && init?.method === 'POST' ? withSessionStatus(answer) : answer;
        };
        const response = await withLogin(login, this.#withHeaders(init), send).catch((error: unknown) => {
          this.#noLogin = isHubError(error) ? error : undefined;
          throw error;
        });
        this.#lastStatus = response.status;
        return response;
      },
    });
    listenTo(sdk, {
      message: (message) => {
        if (!this.#dead) this.#events.emit('message', { message });
      },
      error: (error) => this.#onError(error),
    });
    return sdk;
  }

  #withHeaders(init: RequestInit | undefined): RequestInit | undefined {
    const more = typeof init?.body === 'string' ? this.#headers.get(init.body) : undefined;
    if (!more) return init;
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries(more)) headers.set(name, value);
    return { ...init, headers };
  }

  #onError(error: Error): void {
    const { launch, logger } = this.#options;
    if (this.#isOpen && error instanceof SseError) {
      const message = `${name(this.#peer)} ended its event stream. The connection is made anew.`;
      this.#die(new HubError('CONNECTION_ERROR', message, { details: { server: this.#options.id } }));
    } else {
      logger.debug('Event stream', { error: launch.redact(error.message) });
    }
  }

  #openError(error: unknown): HubError {
    if (this.#noLogin) return this.#noLogin;
    const status = error instanceof SseError ? error.code : undefined;
    if (status !== undefined && (status < 200 || status >= 300)) return statusError(this.#peer, status);
    if (this.#lastStatus === undefined || networkCode(error) !== undefined) return networkError(this.#peer, error);
    return garbageError(this.#peer, 'offers no event stream with an "endpoint" event (the HTTP+SSE transport).');
  }

  #die(error: HubError): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#drain?.dispose();
    void this.#sdk?.close();
    this.#events.emit('closed', error);
  }
}
