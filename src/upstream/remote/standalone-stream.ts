import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../base/index.ts';
import type { Message } from '../../protocol/index.ts';
import { type Body, EventBody } from './body.ts';
import { networkError, statusError } from './http-errors.ts';
import { HttpRequest, type Refusal, type RequestListener } from './http-request.ts';
import { receiveEvent } from './received.ts';
import type { RequestHeaders } from './request-headers.ts';
import { Resumption } from './resumption.ts';
import type { ServerRoad } from './server-road.ts';

export interface StandaloneStreamOptions {
  readonly server: ServerRoad;
  readonly headers: () => RequestHeaders;
  readonly clock: Clock;
  readonly onMessage: (message: Message) => void;
  /** Told of each answer to the GET by its status: 404 for a session that is gone. */
  readonly onStatus: (status: number) => void;
  /** Told why something of the session does not work for now. */
  readonly onTrouble: (error: Error) => void;
}

/**
 * The stream of a session on which a server says what belongs to no request (spec 2025-11-25 basic/transports, "Listening for Messages
 * from the Server"). Opened again without end once it was there; a server that refuses it at first offers none.
 */
export class StandaloneStream implements RequestListener {
  readonly #options: StandaloneStreamOptions;
  readonly #resumption: Resumption;
  #http: HttpRequest | undefined;
  #isOpen = false;
  #wasOpen = false;
  #closed = false;

  constructor(options: StandaloneStreamOptions) {
    this.#options = options;
    this.#resumption = new Resumption(options.clock, Number.POSITIVE_INFINITY);
  }

  open(): void {
    if (this.#closed) return;
    const { server } = this.#options;
    const headers = this.#options.headers();
    const inSession = headers.sessionId !== undefined;
    const order = { method: 'GET', headers: headers.get(this.#resumption.lastEventId), inSession, silenceMs: 0 } as const;
    this.#http = new HttpRequest(server, order, this);
    this.#http.send();
  }

  /** Ends it. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#resumption.dispose();
    this.#http?.cancel();
  }

  accepted(status: number, _headers: IncomingHttpHeaders): Body {
    this.#isOpen = true;
    this.#wasOpen = true;
    this.#resumption.opened();
    this.#options.onStatus(status);
    return new EventBody({
      maxBytes: this.#options.server.maxMessageBytes,
      onEvent: (event) => {
        this.#resumption.seen(event.id);
        receiveEvent(event, this.#options.onMessage);
      },
      onRetry: (delayMs) => this.#resumption.retryAfter(delayMs),
      onEnd: () => this.#openAgain(),
    });
  }

  refused({ status }: Refusal): void {
    this.#options.onStatus(status);
    // A server that offers none will not offer it later.
    if (status !== 405) this.#notOpened(statusError(this.#options.server.peer, status));
  }

  failed(error: unknown): void {
    const failure = networkError(this.#options.server.peer, error);
    if (!this.#isOpen) return this.#notOpened(failure);
    this.#options.onTrouble(failure);
    this.#openAgain();
  }

  #notOpened(error: Error): void {
    if (this.#closed) return;
    this.#options.onTrouble(error);
    if (!this.#wasOpen) return;
    this.#resumption.failed();
    this.#openAgain();
  }

  #openAgain(): void {
    this.#isOpen = false;
    if (!this.#closed) this.#resumption.schedule(() => this.open());
  }
}
