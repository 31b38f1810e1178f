import { type Clock, HubError, type Logger } from '../base/index.ts';
import {
  type JsonObject,
  type NotificationMessage,
  type Outcome,
  type ProgressToken,
  progressTokenOf,
  type RequestId,
  type ServerRequest,
} from '../protocol/index.ts';
import { IdleLimit } from './idle-limit.ts';
import type { Link } from './link.ts';
import { outgoingParams, type Speaker } from './outgoing.ts';
import { TotalLimit } from './total-limit.ts';
import type { Origin, UpstreamRequest } from './types.ts';

/** A request may take this many times its time limit in all, however much progress it tells of; the client's time to answer questions apart. */
const MAX_LIMIT_FACTOR = 10;

export interface Ask {
  readonly method: string;
  readonly params?: JsonObject | undefined;
  /** The downstream it is made for; absent for the hub's own requests. */
  readonly origin?: Origin | undefined;
  readonly signal?: AbortSignal | undefined;
  /** In milliseconds; progress restarts it. */
  readonly timeoutMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly onNotification?: ((notification: NotificationMessage) => void) | undefined;
  readonly onRequest?: UpstreamRequest['onRequest'];
}

export interface RequesterOptions {
  readonly link: Link;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The server's name, for messages. */
  readonly id: string;
  readonly speaker: Speaker;
  readonly requestTimeoutMs: number;
}

/** A request that is made for a client, while it is in flight. */
export interface CallInFlight {
  /** Asks its client; absent when that cannot be asked. The time limits of the call stand still meanwhile. */
  readonly askClient: ((request: ServerRequest, signal: AbortSignal) => Promise<Outcome>) | undefined;
}

interface InFlight extends CallInFlight {
  readonly ask: Ask;
  /** The caller's own token, with its type. */
  readonly token: ProgressToken | undefined;
  readonly limit: IdleLimit;
}

/** Sends requests over a link in the shape of the upstream's era, with time limits, and leads notifications to them. */
export class Requester {
  readonly #options: RequesterOptions;
  readonly #inFlight = new Map<RequestId, InFlight>();

  constructor(options: RequesterOptions) {
    this.#options = options;
  }

  /** @throws HubError TIMEOUT, CANCELLED, or what the link fails with. */
  async ask(ask: Ask): Promise<Outcome> {
    if (ask.signal?.aborted) throw this.#cancelled(ask);
    const { link, speaker, clock } = this.#options;
    const timeoutMs = ask.timeoutMs ?? this.#options.requestTimeoutMs;
    const id = link.allot();
    const idle = new IdleLimit(clock, timeoutMs, () => link.cancel(id, this.#timedOut(ask, timeoutMs, 'no answer')));
    const maxMs = timeoutMs * MAX_LIMIT_FACTOR;
    const total = new TotalLimit(clock, maxMs, () => link.cancel(id, this.#timedOut(ask, maxMs, 'progress but no answer')));
    const onAbort = (): void => link.cancel(id, this.#cancelled(ask));
    ask.signal?.addEventListener('abort', onAbort, { once: true });
    const { onRequest } = ask;
    const takeBack = (reason: HubError): void => link.cancel(id, reason);
    const askClient =
      onRequest &&
      ((request: ServerRequest, signal: AbortSignal) => idle.suspendedFor(total.suspendedFor(onRequest(request, signal, takeBack))));
    this.#inFlight.set(id, { ask, token: progressTokenOf(ask.params), limit: idle, askClient });
    idle.restart();
    total.start();
    try {
      return await link.send(id, ask.method, outgoingParams(speaker, ask.method, ask.params, ask.origin, id), ask.headers);
    } finally {
      this.#inFlight.delete(id);
      idle.dispose();
      total.dispose();
      ask.signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Hands progress to its request, with the caller's own token. Progress of a request that is over is dropped. */
  progress(notification: NotificationMessage): void {
    const { progressToken, ...rest } = notification.params ?? {};
    const target = typeof progressToken === 'number' ? this.#inFlight.get(progressToken) : undefined;
    if (target?.token === undefined) return;
    target.limit.restart();
    this.#tell(target, { ...notification, params: { ...rest, progressToken: target.token } });
  }

  /**
   * Hands a notification to the request on whose stream it came; without such a stream to the only request of a caller
   * in flight. False when it belongs to none; one that is not meant for its caller goes nowhere.
   */
  deliver(notification: NotificationMessage, via: RequestId | undefined, isMeantFor?: (origin: Origin) => boolean): boolean {
    const target = via === undefined ? this.#only() : this.#inFlight.get(via);
    if (!target?.ask.onNotification) return false;
    const { origin } = target.ask;
    if (!isMeantFor || !origin || isMeantFor(origin)) this.#tell(target, notification);
    return true;
  }

  /** The calls that a request of the server's may belong to: the one on whose stream it came, else all that are in flight. */
  callsFor(via: RequestId | undefined): readonly CallInFlight[] {
    const target = via === undefined ? undefined : this.#inFlight.get(via);
    if (via !== undefined) return target?.ask.origin ? [target] : [];
    return this.#ofCallers();
  }

  #only(): InFlight | undefined {
    const ofCallers = this.#ofCallers();
    return ofCallers.length === 1 ? ofCallers[0] : undefined;
  }

  #ofCallers(): readonly InFlight[] {
    return [...this.#inFlight.values()].filter(({ ask }) => ask.origin !== undefined);
  }

  #tell({ ask }: InFlight, notification: NotificationMessage): void {
    try {
      ask.onNotification?.(notification);
    } catch (error) {
      this.#options.logger.error('A listener of a request failed', { method: ask.method, error: String(error) });
    }
  }

  #timedOut({ method }: Ask, timeoutMs: number, what: string): HubError {
    const { id } = this.#options;
    const message = `Server "${id}" gave ${what} to "${method}" within ${timeoutMs} ms. Raise "requestTimeout" of its entry if it needs longer.`;
    return new HubError('TIMEOUT', message, { details: { server: id, method, timeoutMs } });
  }

  #cancelled({ method }: Ask): HubError {
    const { id } = this.#options;
    return new HubError('CANCELLED', `The request "${method}" to server "${id}" was taken back.`, { details: { server: id, method } });
  }
}
