import type { Era } from '../protocol/index.ts';

/** How long the era of a server is taken for known: servers are updated, and a legacy verdict would never be noticed to be stale. */
const ERA_KNOWN_FOR_MS = 24 * 60 * 60 * 1000;
/** A server that answered the probe late gets this many times as long the next time … */
const PATIENCE = 2;
/** … but no longer than this, in milliseconds. */
const MAX_PROBE_MS = 30_000;

/**
 * What is known of a server's era from one connection to the next. Only what was certain: a server that was still
 * starting when it was probed has said nothing about its era, whatever it took instead.
 */
export class EraMemory {
  #known: { readonly era: Era; readonly atMs: number } | undefined;
  #probeMs: number | undefined;

  /** How long the next probe may take when the usual time was not enough, in milliseconds. */
  get probeMs(): number | undefined {
    return this.#probeMs;
  }

  known(nowMs: number): Era | undefined {
    return this.#known && nowMs - this.#known.atMs < ERA_KNOWN_FOR_MS ? this.#known.era : undefined;
  }

  /** A connection stands whose era was found out. What was known already was not found out anew. */
  settled(era: Era, nowMs: number): void {
    if (this.known(nowMs) !== era) this.#known = { era, atMs: nowMs };
  }

  /** The probe was answered after all, `tookMs` after it was sent: this is the server's era. */
  answeredLate(era: Era, tookMs: number, nowMs: number): void {
    if (era === 'legacy') return this.settled(era, nowMs);
    this.#known = undefined;
    this.#probeMs = Math.min(tookMs * PATIENCE, MAX_PROBE_MS);
  }

  /** An attempt failed; the era, or what was known of it, may be why. */
  forget(): void {
    this.#known = undefined;
    this.#probeMs = undefined;
  }
}
