import type { Clock } from '../../base/index.ts';

/** Wrong keys that one address may try within a minute before it is told to wait. */
const MAX_WRONG = 30;
const WINDOW_MS = 60_000;
/** Addresses that are remembered; of more, the one that was first is forgotten. */
const MAX_ADDRESSES = 1_000;

interface Tries {
  count: number;
  sinceMs: number;
}

/**
 * Counts wrong keys by address. It slows down who floods the hub and the log; a right key is taken from any address at any time, or
 * one program could lock out all others behind the same proxy.
 */
export class WrongKeys {
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, Tries>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * One more wrong key.
   *
   * @returns how many there were within the minute, and for how many more seconds the address is told to wait: 0, it is not
   */
  add(address: string): { readonly count: number; readonly waitS: number } {
    const nowMs = this.#clock.now();
    const known = this.#byAddress.get(address);
    const tries = known && nowMs - known.sinceMs < WINDOW_MS ? known : { count: 0, sinceMs: nowMs };
    tries.count += 1;
    if (tries !== known) {
      this.#byAddress.delete(address);
      this.#byAddress.set(address, tries);
      const [oldest] = this.#byAddress.keys();
      if (this.#byAddress.size > MAX_ADDRESSES && oldest !== undefined) this.#byAddress.delete(oldest);
    }
    const waitS = tries.count > MAX_WRONG ? Math.max(1, Math.ceil((tries.sinceMs + WINDOW_MS - nowMs) / 1000)) : 0;
    return { count: tries.count, waitS };
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#byAddress.size;
  }
}
