import type { IncomingHttpHeaders } from 'node:http';
import { type Clock, type Disposable, HubError, isHubError, jsonText } from '../../base/index.ts';
import {
  countedId,
  type ErrorMessage,
  isErrorMessage,
  isResponse,
  type Message,
  type ReceivedEvent,
  type RequestMessage,
  type ResponseMessage,
} from '../../protocol/index.ts';
import { mayHaveRun } from '../not-run.ts';
import { type Body, EventBody, UnwantedBody, WholeBody } from './body.ts';
import type { Sending } from './held-requests.ts';
import { garbageError, isBeforeSending, isBrokenOff, name, networkError, statusError } from './http-errors.ts';
import { HttpRequest, type Refusal, type RequestListener, type RequestOrder } from './http-request.ts';
import { contentTypeOf, EVENT_STREAM, JSON_TYPE } from './media-types.ts';
import { errorIn, receiveBody, receiveEvent } from './received.ts';
import type { RequestHeaders } from './request-headers.ts';
import { Resumption } from './resumption.ts';
import type { ServerRoad } from './server-road.ts';
import { saysSessionGone } from './stale-session.ts';

/** How long a stream may stay open after its answer, in milliseconds: so that its socket can be used again. */
const DRAIN_MS = 3_000;

/** Statuses that say nothing about the request itself, so that a JSON-RPC error in their body is not its answer. */
const NOT_IN_BAND: ReadonlySet<number> = new Set([401, 403, 408, 425, 429]);

/** Who hears what comes of exchanges. */
export interface ExchangeListener {
  message(message: Message, exchange: HttpExchange): void;
  /** It is over: with an answer or taken back, or with the error that took the place of the answer. */
  ended(error: HubError | undefined, exchange: HttpExchange): void;
  /** The server does not know the session any more; with `mayHaveRun` it had taken the request before. Nothing comes after this. */
  sessionGone(mayHaveRun: boolean, exchange: HttpExchange): void;
  /** The server took no connection, so that nothing of the request reached it. Nothing comes after this. */
  unreachable(error: HubError, exchange: HttpExchange): void;
  /** Whether the session is gone, asked about an answer that says so in words which may be about something else; never rejects. */
  isGone(exchange: HttpExchange): Promise<boolean>;
}

/** What the exchanges of one session have in common. */
export interface ExchangeContext {
  readonly server: ServerRoad;
  readonly headers: RequestHeaders;
  readonly clock: Clock;
  /** How often in a row a broken stream may fail to be opened again. */
  readonly maxResumptions: number;
  readonly listener: ExchangeListener;
}

/** One JSON-RPC request over HTTP with everything that comes back for it. */
export class HttpExchange implements RequestListener {
  readonly sending: Sending;
  readonly #context: ExchangeContext;
  #http: HttpRequest | undefined;
  #status = 0;
  #contentType = '';
  #newSessionId: string | undefined;
  #isStream = false;
  /** Set when the stream broke in a way that it may be resumed from. */
  #resumption: Resumption | undefined;
  #isResuming = false;
  #answered = false;
  /** The server has taken the request: it may run. */
  #taken = false;
  /** There is an answer, and it is not known yet what it means. */
  #pondering = false;
  #ended = false;
  #drain: Disposable | undefined;

  constructor(sending: Sending, context: ExchangeContext) {
    this.sending = sending;
    this.#context = context;
  }

  /** The session that the request was sent in. */
  get sessionId(): string | undefined {
    return this.#context.headers.sessionId;
  }

  /** The session that the server gave with its answer to `initialize`. */
  get newSessionId(): string | undefined {
    return this.#newSessionId;
  }

  /** Whether the answer has come; its stream may still be open. */
  get isAnswered(): boolean {
    return this.#answered;
  }

  /** Whether the answer is held back, so that the request can still be taken back without a trace. */
  get isPondering(): boolean {
    return this.#pondering && !this.#ended;
  }

  /** Sends the request; all that comes of it is told to the listener. */
  run(): void {
    const { request, options } = this.sending;
    const { server, headers } = this.#context;
    const body = jsonText(request);
    const order: RequestOrder = {
      method: 'POST',
      headers: headers.post(request, options.headers),
      body,
      inSession: this.#inSession,
      silenceMs: 0,
    };
    this.#http = new HttpRequest(server, order, this);
    this.#http.send();
  }

  /** Ends it without a word. Idempotent. */
  close(): void {
    this.#end(undefined);
  }

  accepted(status: number, headers: IncomingHttpHeaders): Body {
    this.#taken = true;
    if (this.#isResuming) {
      this.#resumption?.opened();
      return this.#events();
    }
    this.#status = status;
    this.#contentType = contentTypeOf(headers);
    if (this.sending.request.method === 'initialize') this.#newSessionId = sessionIdOf(headers);
    if (status === 202) return new UnwantedBody(() => this.#bodyEnded());
    if (this.#contentType === EVENT_STREAM) return this.#events();
    if (this.#contentType === JSON_TYPE) return new WholeBody((bytes) => this.#readBody(bytes));
    return new UnwantedBody(() => this.#unreadable());
  }

  refused({ status, text }: Refusal): void {
    if (this.#ended) return;
    if (status === 404 && this.#inSession) return this.#loseSession();
    if (!this.#isResuming) return this.#refusedByStatus(status, text);
    // A server that offers no GET will not offer it later.
    if (status === 405) this.#streamEnded();
    else this.#notResumed();
  }

  failed(error: unknown): void {
    if (this.#ended) return;
    const { server, listener } = this.#context;
    if (this.#isStream) return isHubError(error) ? this.#end(error) : this.#streamBroke();
    if (this.#isResuming) return this.#notResumed();
    if (!this.#taken && !isHubError(error) && isBeforeSending(error)) {
      this.close();
      return listener.unreachable(networkError(server.peer, error), this);
    }
    const problem = networkError(server.peer, error);
    this.#end(this.sending.request.method === 'tools/call' && isBrokenOff(error) ? mayHaveRun(problem) : problem);
  }

  get #inSession(): boolean {
    return this.sessionId !== undefined;
  }

  #events(): Body {
    this.#isStream = true;
    const { clock, maxResumptions, server } = this.#context;
    return new EventBody({
      maxBytes: server.maxMessageBytes,
      onEvent: (event) => this.#receiveEvent(event),
      onRetry: (delayMs) => (this.#resumption ??= new Resumption(clock, maxResumptions)).retryAfter(delayMs),
      onEnd: () => this.#streamBroke(),
    });
  }

  #receiveEvent(event: ReceivedEvent): void {
    const { clock, maxResumptions } = this.#context;
    if (event.id !== undefined && event.id !== '') (this.#resumption ??= new Resumption(clock, maxResumptions)).seen(event.id);
    receiveEvent(event, (message) => this.#receive(message));
  }

  #readBody(bytes: Buffer): void {
    if (receiveBody(bytes, (message) => this.#receive(message))) this.#bodyEnded();
    else this.#unreadable();
  }

  #receive(message: Message): void {
    const { listener, clock } = this.#context;
    if (this.#ended || this.#pondering) return;
    this.#answered ||= this.#isAnswer(message);
    if (this.#mayMeanSession(message)) return void this.#ponder(message);
    listener.message(message, this);
    if (this.#answered && !this.#ended && this.#isStream) this.#drain ??= clock.after(DRAIN_MS, () => this.close());
  }

  #isAnswer(message: Message): message is ResponseMessage {
    return answers(message, this.sending.request);
  }

  #mayMeanSession(message: Message): message is ErrorMessage {
    return this.#inSession && this.#isAnswer(message) && isErrorMessage(message) && saysSessionGone(message.error);
  }

  /** The words for a session that is gone, in an answer that is otherwise well: they may be about a session of some tool's. */
  async #ponder(message: ErrorMessage): Promise<void> {
    const { listener } = this.#context;
    this.#pondering = true;
    const isGone = await listener.isGone(this);
    if (this.#ended) return;
    this.#pondering = false;
    if (isGone) {
      this.#taken = false;
      return this.#loseSession();
    }
    listener.message(message, this);
    this.close();
  }

  #bodyEnded(): void {
    if (this.#pondering) return;
    if (this.#answered) return this.#end(undefined);
    const { method } = this.sending.request;
    this.#end(garbageError(this.#context.server.peer, `took "${method}" with HTTP ${this.#status} but gave no answer.`));
  }

  #streamBroke(): void {
    this.#isStream = false;
    if (this.#resumption?.lastEventId === undefined || this.#answered || !this.#resumption.schedule(() => this.#resume()))
      this.#streamEnded();
  }

  #resume(): void {
    if (this.#ended) return;
    this.#isResuming = true;
    const { server, headers } = this.#context;
    const order = { method: 'GET', headers: headers.get(this.#resumption?.lastEventId), inSession: this.#inSession, silenceMs: 0 } as const;
    this.#http = new HttpRequest(server, order, this);
    this.#http.send();
  }

  #notResumed(): void {
    this.#resumption?.failed();
    if (!this.#resumption?.schedule(() => this.#resume())) this.#streamEnded();
  }

  #streamEnded(): void {
    if (this.#pondering) return;
    if (this.#answered) return this.#end(undefined);
    const { peer } = this.#context.server;
    const message = `${name(peer)} closed the stream of "${this.sending.request.method}" before it had answered. It may have run; call again if that is safe.`;
    this.#end(new HubError('CONNECTION_ERROR', message, { details: { server: peer.id } }));
  }

  #refusedByStatus(status: number, text: string): void {
    const { request } = this.sending;
    const body = status < 500 && !NOT_IN_BAND.has(status) && request.method !== 'initialize' ? errorIn(text) : undefined;
    if (!body) return this.#end(statusError(this.#context.server.peer, status, text));
    this.#receive({ jsonrpc: '2.0', id: request.id, error: body.error });
    if (!this.#pondering) this.#end(undefined);
  }

  /** The server answered well as HTTP, and not as MCP. */
  #unreadable(): void {
    const { method } = this.sending.request;
    const type = this.#contentType;
    const what =
      type === JSON_TYPE
        ? 'JSON that is no JSON-RPC message.'
        : `${type === '' ? 'no content type' : `content type ${type}`}, which is not MCP.`;
    this.#end(garbageError(this.#context.server.peer, `answered "${method}" with ${what}`));
  }

  #loseSession(): void {
    if (this.#ended) return;
    this.close();
    this.#context.listener.sessionGone(this.#taken, this);
  }

  #end(error: HubError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#drain?.dispose();
    this.#resumption?.dispose();
    this.#http?.cancel();
    this.#context.listener.ended(error, this);
  }
}

/** Whether a message answers this request. */
export function answers(message: Message, { id }: RequestMessage): message is ResponseMessage {
  return isResponse(message) && (message.id === id || message.id === undefined || message.id === null || countedId(message.id) === id);
}

function sessionIdOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['mcp-session-id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}
