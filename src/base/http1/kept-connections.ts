import type { Http1Connection } from './connection.ts';

/** How often connections are looked for that nobody has used for long, in milliseconds. */
const SWEEP_MS = 1_000;
/** One that was idle for longer than this, in milliseconds, may have been ended by now, which has to be looked for … */
const FRESH_MS = 20;
/** … and any one of a server that has not taken so many requests over connections that were kept: some end them after each answer, without a word … */
const TRUSTED_AFTER = 10;
/** … or after some number of them: so many times as many are asked for once that has cost a request, and never more than that. */
const MORE_TIMES = 8;
const TRUSTED_AFTER_AT_MOST = 10_000;

/** A connection that waits for its next request. Times are in milliseconds, by the clock of `performance`. */
export interface KeptConnection {
  readonly connection: Http1Connection;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** The connections to one origin that wait for their next request. */
export class KeptConnections {
  /** The one that was used last comes last, and is the next. */
  #kept: KeptConnection[] = [];
  /** Requests that were answered over a connection that was kept, since the server has last ended one too soon. */
  #goodUses = 0;
  #goodUsesNeeded = TRUSTED_AFTER;
  #sweep: NodeJS.Timeout | undefined;

  /** Keeps a connection that has just been used. */
  add(connection: Http1Connection, keepMs: number): void {
    if (connection.isReused) this.#goodUses += 1;
    const sinceMs = performance.now();
    this.#kept.push({ connection, sinceMs, untilMs: sinceMs + keepMs });
    this.#watch();
  }

  /** Keeps one that was taken and not used. */
  putBack(kept: KeptConnection): void {
    if (!kept.connection.isUsable) return;
    this.#kept.push(kept);
    this.#watch();
  }

  /** Takes out the one that was used last; `undefined` where there is none. */
  take(): KeptConnection | undefined {
    const nowMs = performance.now();
    for (let last = this.#kept.pop(); last; last = this.#kept.pop()) {
      if (last.untilMs > nowMs) return last;
      last.connection.close();
    }
    return undefined;
  }

  /** Whether one that was taken can be used at once. */
  isTrusted({ sinceMs }: KeptConnection): boolean {
    return this.#goodUses >= this.#goodUsesNeeded && performance.now() - sinceMs <= FRESH_MS;
  }

  /** The server has ended one on which a request was waiting. */
  distrust(): void {
    // Where it goes down, it ends all of them at once.
    if (this.#goodUses >= this.#goodUsesNeeded) this.#goodUsesNeeded = Math.min(this.#goodUsesNeeded * MORE_TIMES, TRUSTED_AFTER_AT_MOST);
    this.#goodUses = 0;
  }

  /** Forgets one that is over: sooner than the server had said. */
  remove(connection: Http1Connection): void {
    const at = this.#kept.findIndex((kept) => kept.connection === connection);
    if (at < 0) return;
    this.#kept.splice(at, 1);
    this.#goodUses = 0;
  }

  #watch(): void {
    if (this.#sweep) return;
    this.#sweep = setTimeout(() => this.#endUnused(), SWEEP_MS).unref();
  }

  #endUnused(): void {
    this.#sweep = undefined;
    const nowMs = performance.now();
    const unused = this.#kept.filter(({ untilMs }) => untilMs <= nowMs);
    this.#kept = this.#kept.filter(({ untilMs }) => untilMs > nowMs);
    for (const { connection } of unused) connection.close();
    if (this.#kept.length > 0) this.#watch();
  }
}
