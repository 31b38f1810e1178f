import type { Clock } from '../../base/index.ts';

export interface RecentOptions {
  readonly clock: Clock;
  /** How long a thing is remembered, in milliseconds. */
  readonly forMs: number;
  /** Most things remembered; the oldest are forgotten first. */
  readonly limit: number;
}

/** Things that are over and still matter for a while. Needs no timer: what is too old is dropped when somebody looks. */
export class Recent<T> {
  readonly #options: RecentOptions;
  #kept: { readonly thing: T; readonly untilMs: number }[] = [];

  constructor(options: RecentOptions) {
    this.#options = options;
  }

  add(thing: T): void {
    const { clock, forMs, limit } = this.#options;
    this.#kept.push({ thing, untilMs: clock.now() + forMs });
    if (this.#kept.length > limit) this.#kept.shift();
  }

  /** Those that still matter, oldest first. */
  all(): readonly T[] {
    if (this.#kept.length === 0) return [];
    const nowMs = this.#options.clock.now();
    this.#kept = this.#kept.filter(({ untilMs }) => untilMs > nowMs);
    return this.#kept.map(({ thing }) => thing);
  }
}

/** How long a server may go on working on a call that was taken back, and ask something for it, in milliseconds. */
export const STRAGGLE_MS = 30_000;
/** Most calls that were taken back and are remembered, per connection. */
export const MAX_STRAGGLERS = 1_000;
