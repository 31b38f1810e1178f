import type { Clock, Disposable } from '../../base/index.ts';

const FIRST_MS = 1_000;
const MAX_MS = 60_000;
/** What lived this long, in milliseconds, is opened again without the growing delay. */
const SETTLED_MS = 30_000;

/** The next attempt to open what ended: after 1, 2, 4 … 60 seconds. */
export class GrowingDelay implements Disposable {
  readonly #clock: Clock;
  #timer: Disposable | undefined;
  #nextMs = FIRST_MS;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isPending(): boolean {
    return this.#timer !== undefined;
  }

  /** @param sinceMs when what ended began. */
  begin(sinceMs: number, attempt: () => void): void {
    if (this.#clock.now() - sinceMs >= SETTLED_MS) this.#nextMs = FIRST_MS;
    this.dispose();
    this.#timer = this.#clock.after(this.#nextMs, () => {
      this.#timer = undefined;
      attempt();
    });
    this.#nextMs = Math.min(this.#nextMs * 2, MAX_MS);
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
  }
}
