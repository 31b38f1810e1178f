import type { Clock, Disposable } from '../../base/index.ts';

export interface KeepAliveOptions {
  readonly clock: Clock;
  readonly everyMs: number;
  /** Makes the server say something. Must not reject. */
  readonly ping: () => Promise<void>;
}

/** Pings in even distances, never two at once: for connections that a silence of minutes would end. */
export class KeepAlive implements Disposable {
  readonly #options: KeepAliveOptions;
  #timer: Disposable | undefined;
  #disposed = false;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#disposed) return;
    this.#timer = this.#options.clock.after(this.#options.everyMs, () => void this.#options.ping().then(() => this.start()));
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
  }
}
