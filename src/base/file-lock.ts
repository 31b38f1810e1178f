import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import { HubError } from './errors.ts';
import { isAlive } from './is-alive.ts';
import { sleep } from './wait.ts';

/** The first wait for a lock that somebody holds, and the longest one, in milliseconds: each is twice the one before, more or less. */
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 80;

/** How long one that others have met on the way waits for them to withdraw, and between two looks, in milliseconds. */
const STAY_MS = 200;
const STAY_STEP_MS = 4;

export interface LockOptions {
  /** A folder for this lock alone; made when it is missing. */
  readonly dir: string;
  readonly clock: Clock;
  /** An owner that has held it for longer is taken for dead (its process id may be another program's by now), in milliseconds. */
  readonly staleAfterMs: number;
}

/** A lock that is held. */
export interface FileLock {
  /** False when others took its owner for dead, after a long suspension say. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Takes a lock between processes, or gives `undefined` when another one holds it.
 *
 * Everybody puts down a file of their own name first and looks for others' after that, so of two that overlap at most one
 * sees nobody. Of those that see each other the one with the least name stays for a moment and the others withdraw, so one
 * gets it however many try at once. Files of dead owners are removed; since no name is used twice, that can never hit a
 * living one.
 */
export async function tryLock(options: LockOptions): Promise<FileLock | undefined> {
  const { dir, clock } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if ((await others(options, undefined)).length > 0) return undefined;
  const name = `${process.pid}.${randomUUID()}`;
  const file = join(dir, name);
  const release = (): Promise<void> => rm(file, { force: true });
  await writeFile(file, '', { flag: 'wx', mode: 0o600 });
  let isMine = false;
  try {
    for (let waitedMs = 0; waitedMs < STAY_MS; waitedMs += STAY_STEP_MS) {
      const seen = await others(options, name);
      isMine = seen.length === 0;
      if (isMine || seen.some((other) => other < name)) break;
      await sleep(clock, STAY_STEP_MS);
    }
  } finally {
    if (!isMine) await release();
  }
  return isMine ? { release, isHeld: async () => (await startOf(file)) !== undefined } : undefined;
}

/**
 * Takes the lock, waiting for its turn.
 *
 * @throws HubError TIMEOUT when it is not free within `timeoutMs`
 */
export async function lock(options: LockOptions, timeoutMs: number): Promise<FileLock> {
  const { clock, dir } = options;
  const end = clock.now() + timeoutMs;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const held = await tryLock(options);
    if (held) return held;
    if (clock.now() > end) throw new HubError('TIMEOUT', `Others have held the lock ${dir} for ${timeoutMs / 1000} seconds.`);
    await sleep(clock, waitMs * (0.5 + Math.random()));
  }
}

/** The files of living owners, apart from one's own; those of dead ones are removed. */
async function others({ dir, clock, staleAfterMs }: LockOptions, own: string | undefined): Promise<readonly string[]> {
  const living: string[] = [];
  for (const name of await readdir(dir)) {
    if (name === own) continue;
    const file = join(dir, name);
    const since = await startOf(file);
    if (since === undefined) continue;
    if (isAlive(Number.parseInt(name, 10)) && clock.now() - since < staleAfterMs) living.push(name);
    else await rm(file, { force: true });
  }
  return living;
}

/** When a lock file was made, in milliseconds since the epoch; `undefined` when it is gone. */
async function startOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch {
    // Expected: ENOENT, its owner has released it meanwhile.
    return undefined;
  }
}
