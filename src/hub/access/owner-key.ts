import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, KEY_PREFIX } from '../../base/index.ts';

const PREFIX = `${KEY_PREFIX}owner_`;
const KEY_BYTES = 32;

/** Whether a text claims to be the key of a run. */
export const isOwnerKey = (text: string): boolean => text.startsWith(PREFIX);

export const newOwnerKey = (): string => PREFIX + randomBytes(KEY_BYTES).toString('hex');

/**
 * Puts the key of this run where the commands of the same person find it, by the process id that the list of running hubs has; what dead
 * hubs have left there is removed.
 *
 * @throws Error of the file system
 */
export async function publishOwnerKey(stateDir: string, text: string): Promise<void> {
  const folder = folderOf(stateDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // It may have been made by somebody with another umask.
  await chmod(folder, 0o700);
  for (const name of await readdir(folder)) if (/^\d+$/.test(name) && !isAlive(Number(name))) await rm(join(folder, name), { force: true });
  const path = join(folder, String(process.pid));
  await rm(path, { force: true });
  await writeFile(path, `${text}\n`, { flag: 'wx', mode: 0o600 });
}

export async function withdrawOwnerKey(stateDir: string): Promise<void> {
  await rm(join(folderOf(stateDir), String(process.pid)), { force: true });
}

/** The key of the hub of that process; `undefined` where it has none, or it is another person's. */
export async function readOwnerKey(stateDir: string, pid: number): Promise<string | undefined> {
  try {
    const text = (await readFile(join(folderOf(stateDir), String(pid)), 'utf8')).trim();
    return isOwnerKey(text) ? text : undefined;
  } catch {
    // Expected: ENOENT, the hub asks for no key.
    return undefined;
  }
}

const folderOf = (stateDir: string): string => join(stateDir, 'owner-keys');
