import type { Clock, Disposable } from '../../base/index.ts';
import { restartDelayMs } from '../restart-policy.ts';

/** The next attempt at what did not come about: after 1, 2, 4 … 60 seconds. */
export class GrowingDelay implements Disposable {
  readonly #clock: Clock;
  #timer: Disposable | undefined;
  #attempts = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isPending(): boolean {
    return this.#timer !== undefined;
  }

  begin(attempt: () => void): void {
    this.dispose();
    this.#attempts += 1;
    this.#timer = this.#clock.after(restartDelayMs(this.#attempts, 0), () => {
      this.#timer = undefined;
      attempt();
    });
  }

  /** The next one begins from the beginning. */
  forget(): void {
    this.#attempts = 0;
  }

  dispose(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
  }
}
