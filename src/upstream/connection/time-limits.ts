import type { Clock, Disposable } from '../../base/index.ts';

export interface TimeLimitsOptions {
  readonly clock: Clock;
  /** How long the server may be silent, in milliseconds. */
  readonly idleMs: number;
  /** How long it may take in all, in milliseconds. */
  readonly totalMs: number;
  /** Told once which limit has passed. */
  readonly onPassed: (which: 'idle' | 'total') => void;
}

/**
 * The time limits of one request. Both stand still while somebody else has to act; then the one for silence begins anew, and the
 * other goes on with what was left. They share one timer, which is set again only when it turns out to have been too early:
 * most requests are over long before.
 */
export class TimeLimits implements Disposable {
  readonly #options: TimeLimitsOptions;
  #idleSinceMs: number;
  #totalSinceMs: number;
  /** When they came to stand still. */
  #stoppedMs = 0;
  #timer: Disposable | undefined;
  #suspensions = 0;
  #over = false;

  /** Begins at once. */
  constructor(options: TimeLimitsOptions) {
    this.#options = options;
    const nowMs = options.clock.now();
    this.#idleSinceMs = nowMs;
    this.#totalSinceMs = nowMs;
    this.#run(Math.min(options.idleMs, options.totalMs));
  }

  /** The server has said something: the limit for silence begins anew. */
  heard(): void {
    this.#idleSinceMs = this.#options.clock.now();
  }

  /** They stand still until `wait` is over. */
  async suspendedFor<T>(wait: Promise<T>): Promise<T> {
    const { clock } = this.#options;
    if (this.#suspensions === 0) {
      this.#timer?.dispose();
      this.#stoppedMs = clock.now();
    }
    this.#suspensions += 1;
    try {
      return await wait;
    } finally {
      this.#suspensions -= 1;
      if (this.#suspensions === 0) this.#goOn();
    }
  }

  dispose(): void {
    this.#over = true;
    this.#timer?.dispose();
  }

  #goOn(): void {
    const nowMs = this.#options.clock.now();
    this.#idleSinceMs = nowMs;
    this.#totalSinceMs += nowMs - this.#stoppedMs;
    if (!this.#over) this.#look(nowMs);
  }

  #run(ms: number): void {
    this.#timer = this.#options.clock.after(ms, () => this.#look(this.#options.clock.now()));
  }

  #look(nowMs: number): void {
    const { idleMs, totalMs, onPassed } = this.#options;
    const idleLeftMs = this.#idleSinceMs + idleMs - nowMs;
    const totalLeftMs = this.#totalSinceMs + totalMs - nowMs;
    if (idleLeftMs > 0 && totalLeftMs > 0) return this.#run(Math.min(idleLeftMs, totalLeftMs));
    this.#over = true;
    onPassed(idleLeftMs <= 0 ? 'idle' : 'total');
  }
}
