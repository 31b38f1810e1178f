import type { ServerResponse } from 'node:http';
import type { Clock, Disposable } from '../base/index.ts';
import type { Message, ResponseMessage } from '../protocol/index.ts';
import type { Accept } from './accept.ts';
import { EventStream } from './event-stream.ts';
import type { MessageStream } from './message-stream.ts';
import { sendEmpty, sendJson } from './reply.ts';

/** How long an answer may take before it becomes a stream that is kept alive, in milliseconds. */
const STREAM_AFTER_MS = 1_000;

/** Makes streams that outlive their connections. */
export interface StreamSource {
  open(res: ServerResponse, headers: Readonly<Record<string, string>> | undefined): MessageStream;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly accept: Accept;
  /** How many requests the POST carried; `batch` when they came as an array. */
  readonly requests: number;
  readonly batch?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the event stream comes from when its client may come back to it; without this, a client that leaves is gone. */
  readonly streams?: StreamSource;
  /** Told once when the client left before the answer was complete. */
  readonly onGone?: () => void;
}

/**
 * The HTTP answer to one POST. It starts as nothing and becomes either one JSON body, when every outcome is there
 * soon, or an event stream, with the first notification or when the outcome takes its time.
 */
export class Exchange {
  readonly #res: ServerResponse;
  readonly #options: ExchangeOptions;
  readonly #held: ResponseMessage[] = [];
  #missing: number;
  #status = 200;
  #stream: MessageStream | undefined;
  #timer: Disposable | undefined;
  #over = false;

  private constructor(res: ServerResponse, options: ExchangeOptions) {
    this.#res = res;
    this.#options = options;
    this.#missing = options.requests;
  }

  static open(res: ServerResponse, options: ExchangeOptions): Exchange {
    const exchange = new Exchange(res, options);
    res.once('close', () => exchange.#closed());
    if (res.destroyed) exchange.#closed();
    else if (!options.accept.json) exchange.#becomeStream();
    else if (options.accept.sse) exchange.#timer = options.clock.after(STREAM_AFTER_MS, () => exchange.#becomeStream());
    return exchange;
  }

  /**
   * Sends a message that belongs to the request before its outcome. False when the client does not get it: it left for
   * good, or cannot read streams.
   */
  push(message: Message): boolean {
    return !this.#over && this.#options.accept.sse && this.#becomeStream().send(message);
  }

  /** Hands over one of the outcomes. `status` counts while the answer is still plain JSON. */
  answer(response: ResponseMessage, status = 200): void {
    if (this.#over) return;
    if (this.#stream) this.#stream.send(response);
    else this.#held.push(response);
    if (!this.#options.batch) this.#status = status;
    this.#settleOne();
  }

  /** One of the requests gets no answer: its client took it back. */
  skip(): void {
    if (!this.#over) this.#settleOne();
  }

  #settleOne(): void {
    this.#missing -= 1;
    if (this.#missing > 0) return;
    this.#over = true;
    this.#timer?.dispose();
    if (this.#stream) this.#stream.end();
    else if (this.#held.length === 0) sendEmpty(this.#res, 202, this.#options.headers);
    else sendJson(this.#res, this.#status, this.#body(), this.#options.headers);
  }

  #body(): Message | readonly Message[] {
    const [only] = this.#held;
    return this.#options.batch || only === undefined ? this.#held : only;
  }

  #becomeStream(): MessageStream {
    if (this.#stream) return this.#stream;
    this.#timer?.dispose();
    const { clock, headers, streams } = this.#options;
    const stream = streams?.open(this.#res, headers) ?? EventStream.open(this.#res, { clock, headers });
    this.#stream = stream;
    for (const response of this.#held.splice(0)) stream.send(response);
    return stream;
  }

  #closed(): void {
    const mayComeBack = this.#stream !== undefined && this.#options.streams !== undefined;
    if (this.#over || mayComeBack) return;
    this.#over = true;
    this.#timer?.dispose();
    this.#options.onGone?.();
  }
}
