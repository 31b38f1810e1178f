import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type Disposable, HubError, parseJson } from '../base/index.ts';
import {
  errorMessage,
  isObject,
  isRequest,
  isTooDeep,
  type JsonValue,
  LineReader,
  MAX_NESTING,
  type Message,
  type NotificationMessage,
  type RequestMessage,
  type ResponseMessage,
  rpcCode,
  rpcErrorOf,
} from '../protocol/index.ts';
import { classify } from './classify.ts';
import type { Context } from './context.ts';
import { BATCH_VERSIONS } from './legacy-http.ts';
import { LineStream } from './line-stream.ts';
import { ModernStdio } from './modern-stdio.ts';
import { type Owner, Session, takeIn } from './session.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Most requests of one client that are served at once. */
const MAX_RUNNING = 1_000;
/** How long the answers to what was asked before the end of the input may take, in milliseconds. */
const ANSWER_WITHIN_MS = 10_000;
/** How long the client may take to read what is left when its stream ends, in milliseconds. */
const READ_WITHIN_MS = 10_000;

export interface StdioOptions {
  readonly context: Context;
  readonly subscriptions: Subscriptions;
  readonly owner: Owner;
  readonly stream: Duplex;
  /** Told once when the stream is over. */
  readonly onClose: () => void;
}

/**
 * One client on a stream of newline-delimited JSON-RPC (spec 2026-07-28 and 2025-11-25 basic/transports/stdio). Requests of
 * both eras may come on it; the era is decided per request, as on HTTP.
 */
export class Stdio {
  readonly #options: StdioOptions;
  readonly #out: LineStream;
  readonly #session: Session;
  readonly #modern: ModernStdio;
  /** Under way; what comes behind `initialize` on the stream waits for its answer. */
  #handshake: Promise<void> | undefined;
  #running = 0;
  #inputEnded = false;
  #timer: Disposable | undefined;
  #finished = false;

  constructor(options: StdioOptions) {
    const { context, owner, stream, subscriptions } = options;
    this.#options = options;
    this.#out = new LineStream(stream);
    this.#session = new Session(randomUUID(), owner, context);
    this.#modern = new ModernStdio({ context, subscriptions, owner, out: this.#out });
  }

  /** Subscriptions of this client that are open now. */
  get listenCount(): number {
    return this.#modern.listenCount;
  }

  /** Begins to read. */
  open(): void {
    const { context, stream } = this.#options;
    const reader = new LineReader({
      // Read for every line: the setting may change while the client is connected.
      get maxLineBytes() {
        return context.limits().maxBodyBytes;
      },
      onLine: (line) => this.#line(line.toString('utf8')),
      onOverlong: () => this.#overlong(),
    });
    stream.on('error', () => {
      // Expected: ECONNRESET and EPIPE when the client is gone; `close` follows.
    });
    stream.once('close', () => this.#closed());
    stream.on('end', () => {
      reader.end();
      this.#endOfInput();
    });
    stream.on('data', (chunk: Buffer) => reader.push(chunk));
  }

  /** Ends the stream after what was sent. The client has a while to read it. Idempotent. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    const { context, stream } = this.#options;
    this.#timer?.dispose();
    this.#timer = context.clock.after(READ_WITHIN_MS, () => stream.destroy());
    this.#modern.close();
    this.#session.close();
    this.#out.end();
    // Nothing is served any more, but the client's end has to be seen.
    stream.resume();
  }

  /** Ends the stream now. */
  destroy(): void {
    this.#options.stream.destroy();
  }

  #closed(): void {
    this.#finished = true;
    this.#timer?.dispose();
    this.#modern.close();
    this.#session.close();
    this.#options.onClose();
  }

  /** What was asked is still answered, for a while; nothing can be cancelled and no question answered any more. */
  #endOfInput(): void {
    this.#inputEnded = true;
    this.#modern.endListens();
    if (this.#finished) return;
    if (this.#running === 0) this.finish();
    else this.#timer = this.#options.context.clock.after(ANSWER_WITHIN_MS, () => this.finish());
  }

  #line(line: string): void {
    if (this.#finished || line.trim() === '') return;
    let body: JsonValue;
    try {
      body = parseJson(line) as JsonValue;
    } catch (error) {
      // Expected: SyntaxError. Its message says where.
      this.#fault(rpcCode.parseError, `The line is not JSON: ${(error as SyntaxError).message}`);
      return;
    }
    if (isTooDeep(body)) this.#fault(rpcCode.invalidRequest, `The message is nested more than ${MAX_NESTING} levels deep.`);
    else this.#message(body);
  }

  #message(body: JsonValue): void {
    const inbound = classify(body, undefined);
    switch (inbound.kind) {
      case 'refused':
        // A notification and an answer are not answered, whatever is wrong with them (JSON-RPC 2.0, section 4.1).
        if (expectsAnswer(body)) this.#out.send(errorMessage(inbound.refusal.id ?? null, inbound.refusal.error));
        return;
      case 'modern-request':
        return void this.#serve(inbound.message, () => this.#modern.request(inbound.message));
      case 'modern-notification':
        return this.#cancel(inbound.message);
      case 'initialize':
        this.#handshake = this.#serve(inbound.message, () => this.#initialize(inbound.message));
        return;
      case 'legacy':
        return inbound.batch ? this.#batch(inbound.messages) : this.#legacy(inbound.messages);
    }
  }

  #legacy(messages: readonly Message[]): void {
    for (const message of messages) {
      if (isRequest(message)) void this.#serve(message, () => this.#answer(message));
      else this.#takeIn(message);
    }
  }

  /** The answers to a batch go out together, when all are there. */
  #batch(messages: readonly Message[]): void {
    const [first, ...others] = messages.filter(isRequest);
    for (const message of messages) if (!isRequest(message)) this.#takeIn(message);
    if (!first) return;
    void this.#serve(first, async () => {
      await this.#handshake;
      if (!BATCH_VERSIONS.has(this.#session.version))
        return this.#fault(rpcCode.invalidRequest, 'Send one message per line: no batches here.');
      const answers = await Promise.all([first, ...others].map((message) => this.#ask(message)));
      const given = answers.filter((answer) => answer !== undefined);
      if (given.length > 0) this.#out.send(given);
    });
  }

  async #answer(message: RequestMessage): Promise<void> {
    await this.#handshake;
    this.#send(await this.#ask(message));
  }

  async #initialize(message: RequestMessage): Promise<void> {
    this.#send(await this.#ask(message));
    // What belongs to no request may follow the answer, not precede it.
    if (this.#session.version !== undefined) this.#session.listenOn(this.#out);
  }

  #ask(message: RequestMessage): Promise<ResponseMessage | undefined> {
    return this.#session.request(message, (event) => this.#out.send(event));
  }

  #send(response: ResponseMessage | undefined): void {
    if (response) this.#out.send(response);
  }

  #takeIn(message: NotificationMessage | ResponseMessage): void {
    // Before a handshake there is no session that could have anything to do with it.
    if (this.#handshake) takeIn(this.#session, message);
    if ('method' in message) this.#cancel(message);
  }

  /** A modern client's notifications need no envelope, so both eras are meant by one without. */
  #cancel({ method, params }: NotificationMessage): void {
    if (method === 'notifications/cancelled') this.#modern.cancel(params);
  }

  /** Counts what is under way; `work` never rejects. */
  async #serve({ id }: RequestMessage, work: () => Promise<void>): Promise<void> {
    if (this.#running >= MAX_RUNNING) {
      const error = new HubError('LIMIT_EXCEEDED', `The hub serves ${MAX_RUNNING} requests of this client already.`);
      this.#out.send(errorMessage(id, rpcErrorOf(error)));
      return;
    }
    this.#running += 1;
    await work();
    this.#running -= 1;
    if (this.#inputEnded && this.#running === 0) this.finish();
  }

  #overlong(): void {
    const limit = this.#options.context.limits().maxBodyBytes;
    const message = `A line is longer than ${limit} bytes. Raise maxBodySize in the hub's config file to allow more.`;
    const error = new HubError('BODY_TOO_LARGE', message, { details: { limit, setting: 'maxBodySize' } });
    this.#out.send(errorMessage(null, rpcErrorOf(error)));
  }

  #fault(code: number, message: string): void {
    this.#out.send(errorMessage(null, { code, message }));
  }
}

function expectsAnswer(body: JsonValue): boolean {
  if (!isObject(body)) return true;
  if ('method' in body) return body['id'] !== undefined;
  return !('result' in body) && !('error' in body);
}
