import type { Clock, Disposable } from '../../base/index.ts';

/** A time limit that stands still while somebody else has to act, and that {@link restart} begins anew. */
export class TimeLimit implements Disposable {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #afterWait: 'anew' | 'what was left';
  readonly #onPassed: () => void;
  #leftMs: number;
  #sinceMs = 0;
  #timer: Disposable | undefined;
  #suspensions = 0;
  #over = false;

  /** @param afterWait how it goes on when it has stood still */
  constructor(clock: Clock, limitMs: number, afterWait: 'anew' | 'what was left', onPassed: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#leftMs = limitMs;
    this.#afterWait = afterWait;
    this.#onPassed = onPassed;
  }

  /** Begins to run anew; while it stands still, nothing happens. */
  restart(): void {
    this.#timer?.dispose();
    if (this.#over || this.#suspensions > 0) return;
    this.#leftMs = this.#limitMs;
    this.#run();
  }

  /** Stands still until `wait` is over. */
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
      if (this.#afterWait === 'anew') this.restart();
      else if (!this.#over && this.#suspensions === 0) this.#run();
    }
  }

  dispose(): void {
    this.#over = true;
    this.#timer?.dispose();
  }

  #run(): void {
    this.#sinceMs = this.#clock.now();
    this.#timer = this.#clock.after(this.#leftMs, this.#onPassed);
  }
}
