import { SdkError, SdkHttpError, type StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type Clock, type Disposable, HubError, isHubError } from '../../base/index.ts';
import {
  type ErrorMessage,
  isErrorMessage,
  isObject,
  isResponse,
  type Message,
  messageKind,
  type RequestMessage,
  type ResponseMessage,
} from '../../protocol/index.ts';
import { garbageError, type HttpPeer, isBeforeSending, name, networkCode, networkError, statusError } from './http-errors.ts';
import { saysSessionGone } from './stale-session.ts';
import { listenTo } from './sdk-message.ts';
import type { ResponseWatch } from './sdk-transport.ts';
import type { SendOptions } from '../connection/transport.ts';

/** How long a stream may stay open after its answer, in milliseconds: so that its socket can be used again. */
const DRAIN_MS = 3_000;

/** Statuses that say nothing about the request itself, so that a JSON-RPC error in their body is not its answer. */
const NOT_IN_BAND: ReadonlySet<number> = new Set([401, 403, 408, 425, 429]);

interface ExchangeListener {
  message(message: Message): void;
  /** It is over: with an answer or taken back, or with the error that took the place of the answer. */
  ended(error: HubError | undefined): void;
  /** The server does not know the session any more; with `mayHaveRun` it had taken the request before. Nothing comes after this. */
  sessionGone(mayHaveRun: boolean): void;
  /** The server took no connection, so that nothing of the request reached it. Nothing comes after this. */
  unreachable(error: HubError): void;
  /** Whether the session is gone, asked about an answer that says so in words which may be about something else; never rejects. */
  isGone(): Promise<boolean>;
}

export interface ExchangeOptions {
  readonly request: RequestMessage;
  readonly peer: HttpPeer;
  readonly clock: Clock;
  /** Whether the request is sent within a session, so that 404 means the end of that session. */
  readonly inSession: boolean;
  readonly on: ExchangeListener;
}

/** One request over HTTP with everything that comes back for it, on an SDK transport of its own. */
export class HttpExchange {
  readonly #options: ExchangeOptions;
  readonly #sdk: StreamableHTTPClientTransport;
  #response: { readonly status: number; readonly contentType: string } | undefined;
  #answered = false;
  /** The server has taken the request: it may run. */
  #taken = false;
  /** There is an answer, and it is not known yet what it means. */
  #pondering = false;
  #ended = false;
  #drain: Disposable | undefined;
  readonly #over = new AbortController();

  /** @param createSdk makes the transport */
  constructor(options: ExchangeOptions, createSdk: (watch: ResponseWatch) => StreamableHTTPClientTransport) {
    this.#options = options;
    // A stream that could be resumed would bring the same message again.
    this.#sdk = createSdk({ observe: (response) => this.#observe(response), onTooLong: (error) => this.#end(error) });
  }

  /** The session that the server gave with its answer to `initialize`. */
  get sessionId(): string | undefined {
    return this.#sdk.sessionId;
  }

  /** Whether the answer is held back, so that the request can still be taken back without a trace. */
  get isPondering(): boolean {
    return this.#pondering && !this.#ended;
  }

  /** Sends the request; all that comes of it is told to the listener. Never rejects. */
  async run({ signal, headers }: SendOptions): Promise<void> {
    listenTo(this.#sdk, { message: (message) => this.#receive(message) });
    if (signal) this.#follow(signal);
    try {
      await this.#sdk.start();
      await this.#sdk.send(this.#options.request, {
        requestSignal: this.#over.signal,
        ...(headers && { headers }),
        onRequestStreamEnd: () => this.#streamEnded(),
      });
      if (!this.#isStream()) this.#bodyEnded();
    } catch (error) {
      this.#refused(error);
    }
  }

  /** The request may be sent again under the same signal, so nothing of this exchange stays there. */
  #follow(signal: AbortSignal): void {
    const onAbort = (): void => this.close();
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#over.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort), { once: true });
  }

  /** Ends it without a word. Idempotent. */
  close(): void {
    this.#end(undefined);
  }

  #observe(response: Response): void {
    const contentType = response.headers.get('content-type') ?? '';
    this.#response = { status: response.status, contentType };
    // Seen here and not where `send` fails, because the resumption of a stream (GET) can meet it too.
    if (response.status === 404 && this.#options.inSession) this.#loseSession();
    else if (response.ok) this.#taken = true;
  }

  #isStream(): boolean {
    const { status = 0, contentType = '' } = this.#response ?? {};
    return status !== 202 && /^text\/event-stream\b/i.test(contentType);
  }

  #receive(message: Message): void {
    const { on, clock } = this.#options;
    if (this.#ended || this.#pondering) return;
    this.#answered ||= this.#isAnswer(message);
    if (this.#mayMeanSession(message)) return void this.#ponder(message);
    on.message(message);
    if (this.#answered && !this.#ended && this.#isStream()) this.#drain ??= clock.after(DRAIN_MS, () => this.close());
  }

  #isAnswer(message: Message): message is ResponseMessage {
    const { id } = this.#options.request;
    return isResponse(message) && (message.id === id || message.id === undefined || message.id === null);
  }

  #mayMeanSession(message: Message): message is ErrorMessage {
    return this.#options.inSession && this.#isAnswer(message) && isErrorMessage(message) && saysSessionGone(message.error);
  }

  /** The words for a session that is gone, in an answer that is otherwise well: they may be about a session of some tool's. */
  async #ponder(message: ErrorMessage): Promise<void> {
    const { on } = this.#options;
    this.#pondering = true;
    const isGone = await on.isGone();
    if (this.#ended) return;
    this.#pondering = false;
    if (isGone) {
      this.#taken = false;
      return this.#loseSession();
    }
    on.message(message);
    this.close();
  }

  #bodyEnded(): void {
    if (this.#pondering) return;
    if (this.#answered) return this.#end(undefined);
    const { peer, request } = this.#options;
    const status = this.#response?.status ?? 0;
    this.#end(garbageError(peer, `took "${request.method}" with HTTP ${status} but gave no answer.`));
  }

  #streamEnded(): void {
    if (this.#pondering) return;
    if (this.#answered) return this.#end(undefined);
    const { peer, request } = this.#options;
    const message = `${name(peer)} closed the stream of "${request.method}" before it had answered. It may have run; call again if that is safe.`;
    this.#end(new HubError('CONNECTION_ERROR', message, { details: { server: peer.id } }));
  }

  #refused(error: unknown): void {
    if (this.#ended) return;
    const { peer } = this.#options;
    if (isHubError(error)) return this.#end(error);
    if (error instanceof SdkHttpError) return this.#refusedByStatus(error);
    if (this.#response === undefined && isBeforeSending(error)) {
      this.close();
      return this.#options.on.unreachable(networkError(peer, error));
    }
    this.#end(this.#isUnreadable(error) ? garbageError(peer, this.#unreadable()) : networkError(peer, error));
  }

  #refusedByStatus({ status, data }: SdkHttpError): void {
    const { peer, request } = this.#options;
    const text = typeof data.text === 'string' ? data.text : undefined;
    const body = status < 500 && !NOT_IN_BAND.has(status) && request.method !== 'initialize' ? errorInBody(text) : undefined;
    if (!body) return this.#end(statusError(peer, status, text));
    this.#receive({ jsonrpc: '2.0', id: request.id, error: body.error });
    if (!this.#pondering) this.#end(undefined);
  }

  /** Whether the server answered well as HTTP and the answer could not be read, as opposed to a broken connection. */
  #isUnreadable(error: unknown): boolean {
    if (error instanceof SdkError) return true;
    const isOk = this.#response !== undefined && this.#response.status < 300;
    return isOk && networkCode(error) === undefined && !(error instanceof TypeError);
  }

  #unreadable(): string {
    const { contentType = '' } = this.#response ?? {};
    const { method } = this.#options.request;
    return /^application\/json\b/i.test(contentType)
      ? `answered "${method}" with JSON that is no JSON-RPC message.`
      : `answered "${method}" with ${contentType === '' ? 'no content type' : `content type ${contentType}`}, which is not MCP.`;
  }

  #loseSession(): void {
    if (this.#ended) return;
    this.close();
    this.#options.on.sessionGone(this.#taken);
  }

  #end(error: HubError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#drain?.dispose();
    this.#over.abort();
    void this.#sdk.close();
    this.#options.on.ended(error);
  }
}

/** An HTTP body that is a JSON-RPC error response. */
function errorInBody(text: string | undefined): ErrorMessage | undefined {
  if (text === undefined) return undefined;
  try {
    const body: unknown = JSON.parse(text);
    return isErrorBody(body) ? body : undefined;
  } catch {
    // Expected: SyntaxError, a body that is HTML or plain text.
    return undefined;
  }
}

function isErrorBody(body: unknown): body is ErrorMessage {
  return messageKind(body) === 'response' && isObject(body) && 'error' in body;
}
