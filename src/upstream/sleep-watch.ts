import type { Clock, Disposable } from '../base/index.ts';

export interface SleepWatchOptions {
  readonly clock: Clock;
  /** After how long without use a server is put to sleep, in milliseconds; `undefined` for never. */
  readonly idleMs: () => number | undefined;
  /** When it was last used; `undefined` when it never was. */
  readonly usedMs: () => number | undefined;
  /** Whether somebody needs it right now. */
  readonly isBusy: () => boolean;
  readonly fallAsleep: () => void;
}

/** Finds out when nobody has used a server for a while. One timer, whatever the number of calls. */
export class SleepWatch implements Disposable {
  readonly #options: SleepWatchOptions;
  #timer: Disposable | undefined;
  #sinceMs = 0;

  constructor(options: SleepWatchOptions) {
    this.#options = options;
  }

  /** The server is ready, or has another idle time. */
  start(): void {
    this.#sinceMs = this.#options.clock.now();
    this.#look();
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  #look(): void {
    this.dispose();
    const { clock, idleMs: idleTime, usedMs, isBusy, fallAsleep } = this.#options;
    const idleMs = idleTime();
    if (idleMs === undefined) return;
    const nowMs = clock.now();
    const leftMs = isBusy() ? idleMs : Math.max(this.#sinceMs, usedMs() ?? 0) + idleMs - nowMs;
    if (leftMs <= 0) return fallAsleep();
    this.#timer = clock.after(leftMs, () => this.#look());
  }
}
