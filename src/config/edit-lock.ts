import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Clock, HubError, isHubError, lock, messageOf } from '../base/index.ts';
import { targetOf } from './write-file.ts';

/** How long another program may take for an edit before it is taken for dead, and how long to wait for one's turn, in milliseconds. */
const STALE_AFTER_MS = 10_000;
const LOCK_WITHIN_MS = 15_000;

export interface EditLockOptions {
  /** Folder for the locks of this person's hubs: no config folder gets files that its owner does not know. */
  readonly locksDir: string;
  readonly clock: Clock;
  /** Told when no lock can be kept there: an edit is made all the same, and may meet another one. */
  readonly warn: (text: string) => void;
}

/**
 * Does `work` while no other hub or command of the same person edits this config file, by whatever name or link.
 *
 * @param file as it is named in messages
 * @param work is told whether the turn is still its own: others take one that was suspended for long for dead
 * @throws HubError CONFLICT when others do not let go of it, and what `work` throws
 */
export async function withEditLock<T>(
  { file, path }: { readonly file: string; readonly path: string },
  options: EditLockOptions,
  work: (isOurs: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const held = await lockOf(file, path, options);
  if (!held) return work(async () => true);
  try {
    return await work(() => held.isHeld());
  } finally {
    await held.release();
  }
}

async function lockOf(
  file: string,
  path: string,
  { locksDir, clock, warn }: EditLockOptions,
): Promise<ReturnType<typeof lock> | undefined> {
  try {
    const key = createHash('sha256')
      .update(await placeOf(path))
      .digest('hex');
    return await lock({ dir: join(locksDir, `config-${key.slice(0, 16)}`), clock, staleAfterMs: STALE_AFTER_MS }, LOCK_WITHIN_MS);
  } catch (cause) {
    if (isHubError(cause, 'TIMEOUT')) {
      const message = `${file} is being changed by other hubs or commands all the time; nothing was changed. Try again.`;
      throw new HubError('CONFLICT', message, { cause, details: { file } });
    }
    warn(`${file} is changed without a lock, so that an edit of another hub at the same moment may be lost: ${messageOf(cause)}`);
    return undefined;
  }
}

/** One name for the file, whatever links lead to it, also before it is there. */
async function placeOf(path: string): Promise<string> {
  const target = await targetOf(path);
  const folder = dirname(target);
  // Expected: ENOENT, the folder is made together with the file.
  return join(await realpath(folder).catch(() => folder), basename(target));
}
