import { rename } from 'node:fs/promises';
import { type Clock, systemClock } from './clock.ts';
import { sleep } from './wait.ts';

/** Until the first further attempt, and the longest wait between two, in milliseconds. */
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 100;
/** Whoever reads a file of ours, a virus scanner for one, is done within that, in milliseconds. */
const BUSY_AT_MOST_MS = 1_000;
/** What Windows says of a file that somebody has open; elsewhere these are other troubles, which do not pass. */
const BUSY: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES', 'EBUSY']);

export interface ReplaceOptions {
  readonly platform?: NodeJS.Platform;
  readonly move?: (from: string, to: string) => Promise<void>;
  readonly clock?: Clock;
}

/**
 * Puts `from` in the place of `to` in one step. Windows refuses that for as long as somebody has `to` open, so it is tried
 * there for a second.
 *
 * @throws Error of the file system
 */
export async function replaceFile(from: string, to: string, options: ReplaceOptions = {}): Promise<void> {
  const { platform = process.platform, move = rename, clock = systemClock } = options;
  const endMs = clock.now() + (platform === 'win32' ? BUSY_AT_MOST_MS : 0);
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      return await move(from, to);
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && BUSY.has(error.code);
      if (!isBusy || clock.now() + waitMs > endMs) throw error;
    }
    await sleep(clock, waitMs);
  }
}
