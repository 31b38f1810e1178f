import type { Clock } from '../../base/index.ts';

/** So many failures in a row and a replica is left out. */
const MAX_FAILURES = 5;
/** How long it is left out the first time, in milliseconds; twice as long each time after, up to the limit. */
const FIRST_OPEN_MS = 10_000;
const MAX_OPEN_MS = 300_000;

/** `closed`: calls go there. `open`: none does. `half-open`: a single one does, to find out. */
export type Circuit = 'closed' | 'open' | 'half-open';

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** It is left out from now on, for so many milliseconds, after so many failures in a row. */
  readonly opened: (forMs: number, failures: number) => void;
  /** It is back. */
  readonly closed: () => void;
}

/** Leaves a replica out whose calls fail one after the other, and lets it come back when a single call succeeds. */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #openings = 0;
  #openUntilMs: number | undefined;
  #isProbing = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  get circuit(): Circuit {
    if (this.#openUntilMs === undefined) return 'closed';
    return this.#options.clock.now() < this.#openUntilMs ? 'open' : 'half-open';
  }

  /** Whether a call may go there now. */
  get admits(): boolean {
    return this.#openUntilMs === undefined || (!this.#isProbing && this.circuit === 'half-open');
  }

  /** A call goes there. @returns whether it is the one that finds out */
  begin(): boolean {
    if (this.#isProbing || this.circuit !== 'half-open') return false;
    this.#isProbing = true;
    return true;
  }

  /** A call is over that says nothing about the replica. */
  forget(isProbe: boolean): void {
    if (isProbe) this.#isProbing = false;
  }

  succeeded(isProbe: boolean): void {
    this.forget(isProbe);
    this.#failures = 0;
    if (this.#openUntilMs === undefined) return;
    // An answer that was under way when it was left out says as much as one that was sent to find out.
    this.#openUntilMs = undefined;
    this.#options.closed();
  }

  failed(isProbe: boolean): void {
    this.forget(isProbe);
    this.#failures += 1;
    const isOpen = this.#openUntilMs !== undefined;
    if (isOpen ? !isProbe : this.#failures < MAX_FAILURES) return;
    const forMs = Math.min(FIRST_OPEN_MS * 2 ** this.#openings, MAX_OPEN_MS);
    this.#openings += 1;
    this.#openUntilMs = this.#options.clock.now() + forMs;
    this.#options.opened(forMs, this.#failures);
  }

  /** It was started anew: what was before does not count. */
  reset(): void {
    this.#failures = 0;
    this.#openings = 0;
    this.#openUntilMs = undefined;
    this.#isProbing = false;
  }
}
