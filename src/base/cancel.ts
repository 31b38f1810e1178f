/**
 * What says that something is not wanted any more. Every AbortSignal is one; the one of a {@link CancelController} is a fraction of
 * it, because there is one for every call, and most are never listened to for long.
 */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  /** As of an AbortSignal; the event itself says nothing and is not handed on. */
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Makes a {@link CancelSignal} and says when. */
export class CancelController {
  readonly #signal = new OwnSignal();

  get signal(): CancelSignal {
    return this.#signal;
  }

  /** Tells all who listen, once. */
  abort(reason?: unknown): void {
    this.#signal.abort(reason);
  }
}

class OwnSignal implements CancelSignal {
  aborted = false;
  reason: unknown;
  #listeners: readonly (() => void)[] = NONE;

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.aborted || this.#listeners.includes(listener)) return;
    this.#listeners = this.#listeners.length === 0 ? [listener] : [...this.#listeners, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners =
      this.#listeners.length === 1 && this.#listeners[0] === listener ? NONE : this.#listeners.filter((one) => one !== listener);
  }

  abort(reason: unknown = new Error('It was taken back.')): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = NONE;
    for (const listener of listeners) listener();
  }
}

const NONE: readonly (() => void)[] = [];

/** Aborts with the first of these; for the rare waits that need more than one. They have to end: the sources know it until then. */
export function anyOf(...signals: readonly CancelSignal[]): AbortSignal {
  return AbortSignal.any(signals.map(abortSignalOf));
}

function abortSignalOf(signal: CancelSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return controller.signal;
}
