import type { Clock, Disposable } from '../../base/index.ts';

/** Shortest wait before a stream is opened again, in milliseconds: a server that asks for less would be hammered. */
const SHORTEST_MS = 100;
/** Longest wait that a timer knows. */
const LONGEST_MS = 2_147_483_647;

/** The wait after each attempt that failed, where the server asks for none, in milliseconds. */
const FIRST_MS = 1_000;
const GROWTH = 1.5;
const SLOWEST_MS = 30_000;

/**
 * How long to wait before a stream is opened again, in milliseconds, when the server asked for `delayMs`: not less than that
 * (spec 2025-11-25 basic/transports: clients respect the `retry` field).
 */
export function resumptionDelay(delayMs: number): number {
  return Math.min(Math.max(delayMs, SHORTEST_MS), LONGEST_MS);
}

/** Where one stream of a legacy server broke, and when it is to be opened again (spec 2025-11-25 basic/transports, "Resumability and Redelivery"). */
export class Resumption implements Disposable {
  readonly #clock: Clock;
  readonly #maxAttempts: number;
  #lastEventId: string | undefined;
  /** What the server asked for, in milliseconds. */
  #retryMs: number | undefined;
  /** Attempts in a row that failed. */
  #failures = 0;
  #timer: Disposable | undefined;

  /** @param maxAttempts in a row that may fail */
  constructor(clock: Clock, maxAttempts: number) {
    this.#clock = clock;
    this.#maxAttempts = maxAttempts;
  }

  /** The id of the last event that had one, of whichever opening of the stream. */
  get lastEventId(): string | undefined {
    return this.#lastEventId;
  }

  seen(id: string | undefined): void {
    if (id !== undefined && id !== '') this.#lastEventId = id;
  }

  retryAfter(delayMs: number): void {
    this.#retryMs = delayMs;
  }

  /** The stream was opened. */
  opened(): void {
    this.#failures = 0;
  }

  /** The stream could not be opened. */
  failed(): void {
    this.#failures += 1;
  }

  /** Runs `open` after the delay that is due; false when there were too many attempts. */
  schedule(open: () => void): boolean {
    if (this.#failures >= this.#maxAttempts) return false;
    const delayMs = this.#retryMs ?? Math.min(FIRST_MS * GROWTH ** this.#failures, SLOWEST_MS);
    this.#timer = this.#clock.after(resumptionDelay(delayMs), open);
    return true;
  }

  dispose(): void {
    this.#timer?.dispose();
  }
}
