import type { Clock, Disposable } from '../../base/index.ts';

/** A time limit that nothing restarts, and that stands still while somebody else has to act. */
export class TotalLimit implements Disposable {
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  #leftMs: number;
  #sinceMs = 0;
  #timer: Disposable | undefined;
  #suspensions = 0;
  #over = false;

  constructor(clock: Clock, limitMs: number, onPassed: () => void) {
    this.#clock = clock;
    this.#leftMs = limitMs;
    this.#onPassed = onPassed;
  }

  start(): void {
    if (this.#over || this.#suspensions > 0) return;
    this.#sinceMs = this.#clock.now();
    this.#timer = this.#clock.after(this.#leftMs, this.#onPassed);
  }

  /** Stands still until `wait` is over, and goes on with what was left. */
  async suspendedFor<T>(wait: Promise<T>): Promise<T> {
    if (this.#suspensions === 0) {
      this.#timer?.dispose();
      this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.now() - this.#sinceMs));
    }
    this.#suspensions += 1;
    try {
      return await wait;
    } finally {
      this.#suspensions -= 1;
      this.start();
    }
  }

  dispose(): void {
    this.#over = true;
    this.#timer?.dispose();
  }
}
