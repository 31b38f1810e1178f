import type { Disposable } from './disposable.ts';

/** A typed event source. Events tell of past facts; they never drive control flow (docs/architecture.md, rule 7). */
export class Emitter<Events extends object> {
  /** Each list is replaced and never changed, so that one that is gone through stays as it is. */
  readonly #listeners = new Map<keyof Events, readonly ((event: never) => void)[]>();
  readonly #onListenerError: (error: unknown) => void;

  /** @param onListenerError told of a listener that throws; the other listeners and the emitter are not disturbed. */
  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): Disposable {
    const entry = (event: Events[K]): void => listener(event);
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), entry]);
    const others = (): readonly ((event: never) => void)[] => (this.#listeners.get(name) ?? []).filter((one) => one !== entry);
    return { dispose: () => void this.#listeners.set(name, others()) };
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    const listeners = this.#listeners.get(name) as readonly ((event: Events[K]) => void)[] | undefined;
    if (!listeners) return;
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  listenerCount(name: keyof Events): number {
    return this.#listeners.get(name)?.length ?? 0;
  }
}
