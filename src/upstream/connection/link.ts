import { type Clock, type Disposable, Disposables, HubError, IdMap, type Logger } from '../../base/index.ts';
import {
  countedId,
  errorMessage,
  givenReason,
  isErrorMessage,
  isNotification,
  isRequest,
  isTooDeep,
  type JsonObject,
  MAX_NESTING,
  type Message,
  notification,
  type NotificationMessage,
  type Outcome,
  outcomeOf,
  RawResponse,
  request,
  type RequestId,
  type RequestMessage,
  type ResponseMessage,
  responseMessage,
  rpcCode,
} from '../../protocol/index.ts';
import { neverSent } from '../not-run.ts';
import { Cancellations } from './cancellations.ts';
import type { SendOptions, Transport } from './transport.ts';

/** How long the stream of a cancelled request is kept for an answer that nobody waits for, in milliseconds. */
const LINGER_MS = 30_000;
/** Where a link hands on what is no answer. */
export interface LinkListener {
  notification(message: NotificationMessage, via: RequestId | undefined): void;
  /** A request of the server's, `ping` aside; `undefined` when it is to get no answer. Never rejects. */
  request(message: RequestMessage, via: RequestId | undefined): Promise<Outcome | undefined>;
  /** A new session has taken the place of the old one, of which the server knows nothing. */
  renewed?(): void;
  closed(error: HubError): void;
}

export interface LinkOptions {
  readonly transport: Transport;
  /** The server's name, for messages. */
  readonly id: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Who waits for an answer; told once, of one of the two. */
export interface Waiting {
  resolve(outcome: Outcome): void;
  reject(error: HubError): void;
}

/** JSON-RPC over one transport: numbers the requests, pairs them with their answers, and takes them back. */
export class Link {
  readonly #options: LinkOptions;
  readonly #pending = new IdMap<Waiting>();
  readonly #lingering = new Map<RequestId, Disposable>();
  readonly #cancellations: Cancellations;
  readonly #listening = new Disposables();
  #listener: LinkListener | undefined;
  #lastId = 0;
  #heard = 0;
  #closed: HubError | undefined;
  #isSettled = false;
  #cancelsByStream = false;
  /** What was said once: a server that does it again and again does not fill the log. */
  readonly #warned = new Set<'deep' | 'stray' | 'late' | 'unasked'>();

  constructor(options: LinkOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#cancellations = new Cancellations({ clock, logger, notify: (method, params) => this.notify(method, params) });
  }

  get isHttp(): boolean {
    return this.#options.transport.hasRequestStreams;
  }

  /** Messages that came so far. */
  get heard(): number {
    return this.#heard;
  }

  /** Whether a request waits for its answer. */
  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  /** Why the link is dead; `undefined` while it lives. */
  get closedBy(): HubError | undefined {
    return this.#closed;
  }

  /** @throws HubError when the transport cannot be opened; it is closed then. */
  async open(signal: AbortSignal): Promise<void> {
    const { transport } = this.#options;
    this.#listening.add(transport.on('message', ({ message, via }) => this.#receive(message, via)));
    this.#listening.add(transport.on('requestFailed', ({ id, error }) => this.#settle(id)?.reject(error)));
    this.#listening.add(transport.on('renewed', () => this.#listener?.renewed?.()));
    this.#listening.add(transport.on('closed', (error) => this.#die(error)));
    try {
      await transport.open(signal);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Sends what comes in to `listener` from now on; until then notifications are dropped. */
  attach(listener: LinkListener): void {
    this.#listener = listener;
  }

  /** Settles the era: how a request is taken back, and the version in HTTP headers. */
  settle(era: 'legacy' | 'modern', protocolVersion: string): void {
    this.#isSettled = true;
    this.#cancelsByStream = era === 'modern' && this.isHttp;
    this.#options.transport.setProtocolVersion(protocolVersion);
  }

  /** A new request id, never used before on this link. */
  allot(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /**
   * Sends a request under an allotted id; resolves with the answer, however long that takes.
   *
   * @throws HubError when there will be no answer: the link or the exchange failed, or {@link cancel} was called.
   */
  send(id: number, method: string, params: JsonObject | undefined): Promise<Outcome> {
    const answer = new Promise<Outcome>((resolve, reject) => this.start(id, method, params, undefined, { resolve, reject }));
    // Whoever stopped waiting (a deadline, a race) has its own error; this one is then nobody's.
    answer.catch(() => undefined);
    return answer;
  }

  /** As {@link send}, for whoever makes a promise of its own; it may be told before this returns. */
  start(id: number, method: string, params: JsonObject | undefined, options: SendOptions | undefined, waiting: Waiting): void {
    if (this.#closed) return waiting.reject(this.#closed);
    this.#pending.set(id, waiting);
    this.#options.transport.send(request(id, method, params), options)?.catch((error: HubError) => this.#settle(id)?.reject(error));
  }

  /** @throws HubError when it was not delivered. */
  async notify(method: string, params?: JsonObject): Promise<void> {
    if (this.#closed) throw this.#closed;
    await this.#options.transport.send(notification(method, params));
  }

  /**
   * Takes a request back: the waiting promise rejects with `error`, and the upstream is told in the way of its era and
   * transport (spec 2026-07-28 and 2025-11-25 basic/patterns/cancellation). A late answer is dropped.
   */
  cancel(id: number, error: HubError): void {
    const pending = this.#settle(id);
    if (!pending) return;
    const withdrawn = this.#options.transport.withdraw?.(id);
    pending.reject(withdrawn ? neverSent(error, withdrawn.refusal) : error);
    if (withdrawn) return;
    if (this.#cancelsByStream) return this.#options.transport.abandon?.(id);
    const fallback = error.code === 'TIMEOUT' ? 'The request timed out.' : 'The request was taken back.';
    this.#cancellations.tell(id, givenReason(error) ?? fallback);
    if (!this.isHttp) return;
    const timer = this.#options.clock.after(LINGER_MS, () => {
      this.#lingering.delete(id);
      this.#options.transport.abandon?.(id);
    });
    this.#lingering.set(id, timer);
  }

  /** Gives the link up for a reason that only its user can see; the listener is told as of any other end. */
  fail(error: HubError): void {
    this.#die(error);
    void this.close(error);
  }

  /** Ends the link; every request in flight fails with `error`. Idempotent. */
  async close(error?: HubError): Promise<void> {
    this.#listening.dispose();
    this.#takeBackAll();
    this.#end(error ?? this.#closedError());
    if (this.isHttp) await this.#cancellations.delivered();
    await this.#options.transport.close();
  }

  /** Requests that the server still works on would go on there: the end of a session is nothing that all of them take for a cancellation. */
  #takeBackAll(): void {
    if (this.#closed || !this.isHttp || this.#cancelsByStream || !this.#isSettled) return;
    for (const [id] of this.#pending.entries())
      if (!this.#options.transport.withdraw?.(id)) this.#cancellations.tell(id, 'The session ends.');
  }

  #receive(message: Message, via: RequestId | undefined): void {
    this.#heard += 1;
    if (!(message instanceof RawResponse) && isTooDeep(message)) this.#refuseDeep(message, via);
    else if (isRequest(message)) void this.#answer(message, via);
    else if (isNotification(message)) this.#listener?.notification(message, via);
    else this.#receiveAnswer(message, via);
  }

  /** Nobody downstream could be told of it, and what walks through it would fail for every other server too. */
  #refuseDeep(message: Message, via: RequestId | undefined): void {
    const { id: server, logger } = this.#options;
    const text = `Server "${server}" sent a message that is nested more than ${MAX_NESTING} levels deep; it was dropped.`;
    if (!this.#warned.has('deep')) logger.warn(text, { server });
    this.#warned.add('deep');
    if (isRequest(message)) this.#respond(errorMessage(message.id, { code: rpcCode.invalidRequest, message: text }), message.method);
    if (isRequest(message) || isNotification(message)) return;
    const id = message.id ?? via;
    if (id !== undefined) this.#settle(id)?.reject(new HubError('UPSTREAM_PROTOCOL', text, { details: { server } }));
  }

  #receiveAnswer(message: ResponseMessage, via: RequestId | undefined): void {
    const id = message.id ?? via;
    if (id === undefined) {
      if (this.#warned.has('stray')) return;
      this.#warned.add('stray');
      this.#options.logger.warn(`Server "${this.#options.id}" sent an error that belongs to no request`, {
        server: this.#options.id,
        ...(isErrorMessage(message) && { code: message.error.code }),
      });
      return;
    }
    const waiting = this.#settle(id);
    if (waiting) waiting.resolve(outcomeOf(message));
    else this.#mentionUnwanted(countedId(id));
  }

  /** An answer that comes late is nothing unusual; one to something that was never sent is why another one does not come. */
  #mentionUnwanted(id: RequestId): void {
    const kind = typeof id === 'number' && id <= this.#lastId ? 'late' : 'unasked';
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    const { id: server, logger } = this.#options;
    const what = kind === 'late' ? 'a request that nobody waits for any more' : 'a request that was never sent, as its id says';
    logger.debug(`Server "${server}" answered ${what}; the answer was dropped.`, { server });
  }

  async #answer(message: RequestMessage, via: RequestId | undefined): Promise<void> {
    const { id, method } = message;
    const outcome = method === 'ping' ? { result: {} } : await (this.#listener?.request(message, via) ?? tooEarly(method));
    if (outcome && !this.#closed) this.#respond(responseMessage(id, outcome), method);
  }

  #respond(response: ResponseMessage, method: string): void {
    const { transport, logger } = this.#options;
    transport
      .send(response)
      ?.catch((error: HubError) => logger.debug('A request of the server could not be answered', { code: error.code, method }));
  }

  #settle(given: RequestId): Waiting | undefined {
    const id = typeof given === 'number' ? given : countedId(given);
    if (this.#lingering.size > 0) this.#forgetLingering(id);
    return this.#pending.delete(id);
  }

  #forgetLingering(id: RequestId): void {
    this.#lingering.get(id)?.dispose();
    this.#lingering.delete(id);
  }

  #die(error: HubError): void {
    if (this.#closed) return;
    this.#end(error);
    this.#listener?.closed(error);
  }

  #end(error: HubError): void {
    this.#closed ??= error;
    for (const timer of this.#lingering.values()) timer.dispose();
    this.#lingering.clear();
    const waiting = this.#pending.values();
    this.#pending.clear();
    for (const { reject } of waiting) reject(error);
  }

  #closedError(): HubError {
    return new HubError('CONNECTION_ERROR', `The connection to server "${this.#options.id}" was closed.`, {
      details: { server: this.#options.id },
    });
  }
}

/** Before the handshake is over a server may only ping (spec 2025-11-25 basic/lifecycle). */
function tooEarly(method: string): Outcome {
  return { error: { code: rpcCode.invalidRequest, message: `"${method}" came before the handshake was over.` } };
}
