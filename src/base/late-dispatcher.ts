import type { Dispatcher } from 'undici';
import type * as Undici from './undici.ts';

/** What sends requests, made with the first one, which loads its library. */
export class LateDispatcher {
  readonly #open: (undici: typeof Undici) => Dispatcher;
  #opening: Promise<Dispatcher> | undefined;
  #opened: Dispatcher | undefined;

  constructor(open: (undici: typeof Undici) => Dispatcher) {
    this.#open = open;
  }

  /** `undefined` before it is made. */
  get opened(): Dispatcher | undefined {
    return this.#opened;
  }

  /** @throws what making it throws, with every request. */
  open(): Promise<Dispatcher> {
    this.#opening ??= this.#openNow();
    return this.#opening;
  }

  /** Ends its connections. Idempotent, never rejects. */
  async close(): Promise<void> {
    // One that could not be opened has nothing to end.
    await this.#opening?.then(
      (dispatcher) => dispatcher.destroy(),
      () => undefined,
    );
  }

  async #openNow(): Promise<Dispatcher> {
    this.#opened = this.#open(await import('./undici.ts'));
    return this.#opened;
  }
}
