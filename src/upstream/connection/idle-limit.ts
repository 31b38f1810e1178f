import type { Clock, Disposable } from '../../base/index.ts';

/** A time limit that every sign of life restarts, and that stands still while somebody else has to act. */
export class IdleLimit implements Disposable {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onPassed: () => void;
  #timer: Disposable | undefined;
  #suspensions = 0;
  #over = false;

  constructor(clock: Clock, limitMs: number, onPassed: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onPassed = onPassed;
  }

  /** Begins to run anew; while it stands still, nothing happens. */
  restart(): void {
    this.#timer?.dispose();
    if (this.#over || this.#suspensions > 0) return;
    this.#timer = this.#clock.after(this.#limitMs, this.#onPassed);
  }

  /** Stands still until `wait` is over, and begins anew then. */
  async suspendedFor<T>(wait: Promise<T>): Promise<T> {
    this.#suspensions += 1;
    this.#timer?.dispose();
    try {
      return await wait;
    } finally {
      this.#suspensions -= 1;
      this.restart();
    }
  }

  dispose(): void {
    this.#over = true;
    this.#timer?.dispose();
  }
}
