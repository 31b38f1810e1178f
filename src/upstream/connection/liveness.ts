import { type Clock, type Disposable, HubError, isHubError, type Logger } from '../../base/index.ts';

/** Misses in a row before a server is called degraded: one may be a hiccup of either side. */
const DEGRADED_AFTER = 3;
/** A server that is silent after that as well is connected to anew. */
const LOST_AFTER = 4;
/** The most that a server may take for an answer to a ping, in milliseconds. */
const PING_MS = 10_000;

export interface LivenessOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The longest silence before the server is pinged, in milliseconds. */
  readonly everyMs: number;
  /** Messages that came so far. */
  readonly heard: () => number;
  /** Whether a request is in flight, which has time limits of its own. */
  readonly isBusy: () => boolean;
  /** Resolves with whatever the server answers, an error included. @throws HubError when it does not */
  readonly ping: (timeoutMs: number) => Promise<unknown>;
  /** {@link Liveness.degraded} begins or ends to say something; the end is noticed with the next look. */
  readonly onDegraded: () => void;
  readonly onLost: (error: HubError) => void;
}

/**
 * Whether a server is there: asked by `ping` (spec 2025-11-25 basic/utilities/ping), and only after a silence in which nothing is in
 * flight. A session is never begun, and no list asked for, to find that out.
 */
export class Liveness implements Disposable {
  readonly #options: LivenessOptions;
  #timer: Disposable | undefined;
  #heard = 0;
  #misses = 0;
  #reason: string | undefined;
  #disposed = false;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** Why the server is not what it should be, although its connection stands; `undefined` while it is. */
  get degraded(): string | undefined {
    return this.#misses >= DEGRADED_AFTER && this.#options.heard() === this.#heard ? this.#reason : undefined;
  }

  start(): void {
    if (this.#disposed) return;
    this.#timer = this.#options.clock.after(this.#options.everyMs, () => void this.#look().then(() => this.start()));
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { heard, isBusy, everyMs, ping } = this.#options;
    if (heard() !== this.#heard) return this.#alive();
    if (isBusy()) return;
    try {
      await ping(Math.min(everyMs, PING_MS));
      this.#alive();
    } catch (error) {
      // An answer that is of no use is one: a login that ran out shows with the next call.
      if (isHubError(error, 'TIMEOUT') || isHubError(error, 'CONNECTION_ERROR')) this.#missed(error);
      else this.#alive();
    }
  }

  #alive(): void {
    const { id, logger, heard, onDegraded } = this.#options;
    const wasDegraded = this.#misses >= DEGRADED_AFTER;
    this.#heard = heard();
    this.#misses = 0;
    if (!wasDegraded || this.#disposed) return;
    logger.info(`Server "${id}" answers again.`, { server: id });
    onDegraded();
  }

  #missed(error: HubError): void {
    const { id, logger, heard, onDegraded, onLost } = this.#options;
    if (this.#disposed) return;
    if (heard() !== this.#heard) return this.#alive();
    this.#misses += 1;
    this.#reason = `Server "${id}" did not answer the last ${this.#misses} pings: ${error.message}`;
    if (this.#misses === DEGRADED_AFTER) {
      logger.warn(this.#reason, { server: id });
      onDegraded();
    }
    if (this.#misses >= LOST_AFTER) {
      onLost(new HubError('CONNECTION_ERROR', `${this.#reason} The connection is made anew.`, { details: { server: id } }));
    }
  }
}
