import { SSEClientTransport, SseError } from '@modelcontextprotocol/client';
import { deferred, type Disposable, Emitter, HubError, messageOf } from '../../base/index.ts';
import type { Message } from '../../protocol/index.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { garbageError, type HttpPeer, name, networkCode, networkError, sessionGoneError, statusError } from './http-errors.ts';
import { httpTarget } from './http-target.ts';
import type { RemoteTransportOptions } from './http-transport.ts';
import { withLogin } from '../oauth/remote-login.ts';
import { listenTo, toSdkMessage } from './sdk-message.ts';
import type { Transport, TransportEvents } from '../connection/transport.ts';

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
  #isOpen = false;
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

  async send(message: Message): Promise<void> {
    const sdk = this.#sdk;
    if (this.#dead || !sdk) throw new HubError('CONNECTION_ERROR', `${name(this.#peer)}: the connection is closed.`);
    this.#lastStatus = undefined;
    try {
      await sdk.send(toSdkMessage(message));
    } catch (error) {
      const status = /\(HTTP (\d{3})\)/.exec(messageOf(error))?.[1];
      if (status === undefined) throw networkError(this.#peer, error);
      if (status === '404') this.#die(sessionGoneError(this.#peer));
      throw statusError(this.#peer, Number(status));
    }
  }

  setProtocolVersion(version: string): void {
    this.#sdk?.setProtocolVersion(version);
  }

  async close(): Promise<void> {
    this.#dead = true;
    await this.#sdk?.close();
  }

  get #peer(): HttpPeer {
    const { id, launch } = this.#options;
    return { id, label: launch.label, maxMessageBytes: launch.maxMessageBytes, redact: (text) => launch.redact(text) };
  }

  #createSdk(): SSEClientTransport {
    const { url, headers } = httpTarget(this.#options.id, this.#options.launch);
    const sdk = new SSEClientTransport(url, {
      requestInit: { headers },
      fetch: async (input, init) => {
        const { login } = this.#options.launch;
        const response = await withLogin(login, init, (sent) => boundedFetch(this.#peer, input, sent));
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
    const status = error instanceof SseError ? error.code : undefined;
    if (status !== undefined && (status < 200 || status >= 300)) return statusError(this.#peer, status);
    if (this.#lastStatus === undefined || networkCode(error) !== undefined) return networkError(this.#peer, error);
    return garbageError(this.#peer, 'offers no event stream with an "endpoint" event (the HTTP+SSE transport).');
  }

  #die(error: HubError): void {
    if (this.#dead) return;
    this.#dead = true;
    void this.#sdk?.close();
    this.#events.emit('closed', error);
  }
}
