import { type CancelSignal, type Clock, HubError, type Logger, IdMap } from '../../base/index.ts';
import {
  givenReason,
  type JsonObject,
  type NotificationMessage,
  type Outcome,
  type ProgressToken,
  progressTokenOf,
  type RequestId,
} from '../../protocol/index.ts';
import { mayHaveRun } from '../not-run.ts';
import type { HeaderFilter } from '../forwarded-headers.ts';
import type { Called } from '../sharing/asking-tools.ts';
import type { Link } from './link.ts';
import { outgoingParams, type Speaker } from './outgoing.ts';
import { MAX_STRAGGLERS, Recent, STRAGGLE_MS } from '../sharing/recent.ts';
import { TimeLimits } from './time-limits.ts';
import type { AskClient, Origin } from '../types.ts';

/** Unless it says otherwise, a request may take this many times its time limit in all, however much progress it tells of; the client's time to answer questions apart. */
const MAX_LIMIT_FACTOR = 10;

type HeaderValues = Readonly<Record<string, string>>;

export interface Ask {
  readonly method: string;
  readonly params?: JsonObject | undefined;
  /** The downstream it is made for; absent for the hub's own requests. */
  readonly origin?: Origin | undefined;
  readonly signal?: CancelSignal | undefined;
  /** In milliseconds; progress restarts it, unless `resetOnProgress` is false. */
  readonly timeoutMs?: number | undefined;
  readonly resetOnProgress?: boolean | undefined;
  /** The most that it may take with all its progress, in milliseconds. */
  readonly maxTotalMs?: number | undefined;
  readonly onNotification?: ((notification: NotificationMessage) => void) | undefined;
  readonly onRequest?: AskClient | undefined;
  /** Whether it is known to make the server ask something. */
  readonly asks?: boolean | undefined;
  /** As {@link SendOptions.hasOtherPlaces}. */
  readonly hasOtherPlaces?: boolean | undefined;
}

export interface RequesterOptions {
  readonly link: Link;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The server's name, for messages. */
  readonly id: string;
  readonly speaker: Speaker;
  readonly requestTimeoutMs: () => number;
  /** What of a client's headers goes with its requests; absent for none. */
  readonly forward?: HeaderFilter | undefined;
}

/** A request that is made for a client, while it is in flight or was taken back lately. */
export interface CallInFlight {
  readonly called: Called;
  readonly origin: Origin;
  readonly asks: boolean;
  /** Whether it was taken back, so that only the server may still work on it. */
  readonly isOver: boolean;
  /** Asks its client; absent when that cannot be asked. */
  readonly askClient: AskClient | undefined;
  /** Told of what belongs to it; false when it is over. */
  tell(notification: NotificationMessage): boolean;
  /** Lets its time limits stand still until `wait` is over. */
  suspendedFor<T>(wait: Promise<T>): Promise<T>;
  /** Runs `action` when it is over, at once if it is. */
  whenOver(action: () => void): void;
}

interface InFlight {
  readonly ask: Ask;
  /** The caller's own token, with its type. */
  readonly token: ProgressToken | undefined;
  readonly limits: TimeLimits;
  readonly takeBack: (reason: HubError) => void;
  isOver: boolean;
  /** What to do when it is over. */
  whenOver?: (() => void)[];
}

/** Sends requests over a link in the shape of the upstream's era, with time limits, and leads notifications to them. */
export class Requester {
  readonly #options: RequesterOptions;
  readonly #inFlight = new IdMap<InFlight>();
  /** Calls that were taken back: a server that does not hear of it in time may still ask something for them. */
  readonly #stragglers: Recent<CallInFlight>;

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#stragglers = new Recent({ clock: options.clock, forMs: STRAGGLE_MS, limit: MAX_STRAGGLERS });
  }

  /**
   * @param headers that go with it where its transport has any
   * @throws HubError TIMEOUT, CANCELLED, or what the link fails with.
   */
  ask(ask: Ask, headers?: HeaderValues): Promise<Outcome> {
    if (ask.signal?.aborted) return Promise.reject(this.#cancelled(ask));
    const { link, speaker } = this.#options;
    const id = link.allot();
    const inFlight = this.#begin(id, ask);
    const onAbort = ask.signal && ((): void => link.cancel(id, this.#cancelled(ask)));
    if (onAbort) ask.signal.addEventListener('abort', onAbort, { once: true });
    const params = outgoingParams(speaker, ask.method, ask.params, ask.origin, id);
    const over = (): void => {
      this.#end(id, inFlight);
      if (onAbort) ask.signal?.removeEventListener('abort', onAbort);
    };
    const options = { headers: this.#headersOf(ask, headers), hasOtherPlaces: ask.hasOtherPlaces };
    const isTooLate = link.closedBy !== undefined;
    return new Promise((resolve, reject) => {
      link.start(id, ask.method, params, options, {
        resolve: (outcome) => {
          over();
          resolve(outcome);
        },
        reject: (error) => {
          if (ask.origin && !link.closedBy) this.#stragglers.add(straggler(ask, ask.origin));
          over();
          const isCutOff = !isTooLate && link.closedBy !== undefined;
          reject(isCutOff && ask.method === 'tools/call' ? mayHaveRun(error) : error);
        },
      });
    });
  }

  #begin(id: number, ask: Ask): InFlight {
    const { link, clock, requestTimeoutMs } = this.#options;
    const idleMs = ask.timeoutMs ?? requestTimeoutMs();
    const totalMs = ask.maxTotalMs ?? idleMs * MAX_LIMIT_FACTOR;
    const limits = new TimeLimits({
      clock,
      idleMs,
      totalMs,
      onPassed: (which) => link.cancel(id, which === 'idle' ? this.#timedOut(ask, idleMs) : this.#tookTooLong(ask, totalMs)),
    });
    const inFlight: InFlight = {
      ask,
      token: progressTokenOf(ask.params),
      limits,
      takeBack: (reason) => link.cancel(id, reason),
      isOver: false,
    };
    this.#inFlight.set(id, inFlight);
    return inFlight;
  }

  #end(id: number, inFlight: InFlight): void {
    inFlight.isOver = true;
    if (inFlight.whenOver) for (const action of inFlight.whenOver) action();
    this.#inFlight.delete(id);
    inFlight.limits.dispose();
  }

  /** Hands progress to its request, with the caller's own token. Progress of a request that is over is dropped. */
  progress(notification: NotificationMessage): void {
    const { progressToken, ...rest } = notification.params ?? {};
    const target = typeof progressToken === 'number' ? this.#awaited(progressToken) : undefined;
    if (target?.token === undefined) return;
    if (target.ask.resetOnProgress !== false) target.limits.heard();
    this.#tell(target, { ...notification, params: { ...rest, progressToken: target.token } });
  }

  /**
   * Hands a notification to the request on whose stream it came; without such a stream to the only request of a caller
   * in flight. False when it belongs to none; one that is not meant for its caller goes nowhere.
   */
  deliver(notification: NotificationMessage, via: RequestId | undefined, isMeantFor?: (origin: Origin) => boolean): boolean {
    const target = via === undefined ? this.#only() : this.#awaited(via);
    if (!target?.ask.onNotification) return false;
    const { origin } = target.ask;
    if (!isMeantFor || !origin || isMeantFor(origin)) this.#tell(target, notification);
    return true;
  }

  /**
   * The calls that a request of the server's may belong to, oldest first: the one on whose stream it came, else all that are
   * in flight or were taken back lately.
   */
  callsFor(via: RequestId | undefined): readonly CallInFlight[] {
    const found = via === undefined ? this.#ofCallers() : [this.#awaited(via)];
    const running = found.flatMap((inFlight) => this.#callOf(inFlight) ?? []);
    return via === undefined ? [...this.#stragglers.all(), ...running] : running;
  }

  #headersOf({ origin }: Ask, headers: HeaderValues | undefined): HeaderValues | undefined {
    const { forward } = this.#options;
    return forward ? { ...forward(origin?.headers), ...headers } : headers;
  }

  #callOf(inFlight: InFlight | undefined): CallInFlight | undefined {
    const { ask } = inFlight ?? {};
    if (!inFlight || !ask?.origin) return undefined;
    const { onRequest } = ask;
    return {
      called: ask,
      origin: ask.origin,
      asks: ask.asks === true,
      get isOver() {
        return inFlight.isOver;
      },
      askClient: onRequest && ((request, signal, options) => onRequest(request, signal, { ...options, takeBack: inFlight.takeBack })),
      tell: (notification) => {
        if (!inFlight.isOver) this.#tell(inFlight, notification);
        return !inFlight.isOver;
      },
      suspendedFor: (wait) => inFlight.limits.suspendedFor(wait),
      whenOver: (action) => {
        if (inFlight.isOver) action();
        else (inFlight.whenOver ??= []).push(action);
      },
    };
  }

  #only(): InFlight | undefined {
    const ofCallers = this.#ofCallers();
    return ofCallers.length === 1 ? ofCallers[0] : undefined;
  }

  #ofCallers(): readonly InFlight[] {
    return this.#inFlight
      .entries()
      .filter(([, { ask }]) => ask.origin !== undefined)
      .map(([, inFlight]) => inFlight);
  }

  /** A request without an answer. */
  #awaited(id: RequestId): InFlight | undefined {
    return this.#inFlight.get(id);
  }

  #tell({ ask }: InFlight, notification: NotificationMessage): void {
    try {
      ask.onNotification?.(notification);
    } catch (error) {
      this.#options.logger.error('A listener of a request failed', { method: ask.method, error: String(error) });
    }
  }

  #timedOut({ method }: Ask, timeoutMs: number): HubError {
    const { id } = this.#options;
    const message = `Server "${id}" gave no answer to "${method}" within ${timeoutMs} ms. Raise "requestTimeout" of ${entryOf(method)} if it needs longer.`;
    return new HubError('TIMEOUT', message, { details: { server: id, method, timeoutMs, setting: 'requestTimeout' } });
  }

  #tookTooLong({ method }: Ask, timeoutMs: number): HubError {
    const { id } = this.#options;
    const message = `Server "${id}" gave progress but no answer to "${method}" within ${timeoutMs} ms in all. Raise "totalTimeout" of ${entryOf(method)} if it needs longer.`;
    return new HubError('TIMEOUT', message, { details: { server: id, method, timeoutMs, setting: 'totalTimeout' } });
  }

  #cancelled({ method, signal }: Ask): HubError {
    const { id } = this.#options;
    const details = { server: id, method, reason: givenReason(signal?.reason) };
    return new HubError('CANCELLED', `The request "${method}" to server "${id}" was taken back.`, { details });
  }
}

/** Where the time limits of a request stand. */
function entryOf(method: string): string {
  return method === 'tools/call' ? 'its entry, or of the tool in "toolTimeouts",' : 'its entry';
}

/** What is left of a call that was taken back: whose it was and what it named, but nothing that holds on to its client or its arguments. */
function straggler({ method, params, asks }: Ask, origin: Origin): CallInFlight {
  const { name, uri } = params ?? {};
  return {
    called: { method, params: { name, uri } },
    origin,
    asks: asks === true,
    isOver: true,
    askClient: undefined,
    tell: () => false,
    suspendedFor: (wait) => wait,
    whenOver: (action) => action(),
  };
}
