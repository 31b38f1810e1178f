import { setTimeout as delay } from 'node:timers/promises';

const LEAST_MS = 500;
const MOST_MS = 4_000;

/** Processes that are stopped for a while and then go on, as those of a machine that is short of memory do. */
export class Freezer {
  readonly #frozen = new Map<number, Promise<void>>();
  readonly #thaw = new AbortController();

  /** Stops the process from now on and returns; it goes on after half a second to four. Does nothing to one that stands still already. */
  freeze(pid: number, random: () => number): void {
    if (this.#frozen.has(pid)) return;
    process.kill(pid, 'SIGSTOP');
    this.#frozen.set(pid, this.#later(pid, LEAST_MS + random() * (MOST_MS - LEAST_MS)));
  }

  /** Has all of them go on at once. */
  async end(): Promise<void> {
    this.#thaw.abort();
    await Promise.all(this.#frozen.values());
  }

  async #later(pid: number, ms: number): Promise<void> {
    // Expected: the abort, which is the end of the time.
    await delay(ms, undefined, { signal: this.#thaw.signal }).catch(() => undefined);
    this.#frozen.delete(pid);
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // Expected: ESRCH, the hub has ended it meanwhile.
    }
  }
}
