import type { Readable } from 'node:stream';
import type { Clock, Disposable } from '../../base/index.ts';

export interface ReadRateOptions {
  readonly stream: Readable;
  readonly clock: Clock;
  /** What may be spent in one window, in the unit of {@link ReadRate.spend}. */
  readonly perWindow: number;
  readonly windowMs: number;
}

/** Slows a stream down to a bounded rate, by its own full pipe, so that a flooding server takes no time away from the others. */
export class ReadRate implements Disposable {
  readonly #options: ReadRateOptions;
  #windowStartMs = -Infinity;
  #spent = 0;
  #limited = true;
  #pause: Disposable | undefined;

  constructor(options: ReadRateOptions) {
    this.#options = options;
  }

  /** To be told of everything read; when it was too much, pauses the stream for as long as that much should have taken. */
  spend(amount: number): void {
    const { clock, windowMs, perWindow, stream } = this.#options;
    const nowMs = clock.now();
    if (!this.#pause && nowMs - this.#windowStartMs >= windowMs) {
      this.#spent = 0;
      this.#windowStartMs = nowMs;
    }
    this.#spent += amount;
    if (!this.#limited || this.#pause || this.#spent < perWindow) return;
    stream.pause();
    this.#hold();
  }

  /** Ends the limit: what is still in the pipe is read at once (the process is gone, it can be no more than that). */
  dispose(): void {
    this.#limited = false;
    if (!this.#pause) return;
    this.#pause.dispose();
    this.#resume();
  }

  #hold(): void {
    const { clock, windowMs, perWindow } = this.#options;
    const spent = this.#spent;
    this.#pause = clock.after((windowMs * spent) / perWindow, () => {
      this.#spent -= spent;
      // What was told of while the stream was paused belonged to the same chunk.
      if (this.#spent >= perWindow) this.#hold();
      else this.#resume();
    });
  }

  #resume(): void {
    const { clock, stream } = this.#options;
    this.#pause = undefined;
    this.#windowStartMs = clock.now();
    stream.resume();
  }
}
