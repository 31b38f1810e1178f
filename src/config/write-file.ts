import { randomUUID } from 'node:crypto';
import { mkdir, open, readlink, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { replaceFile } from '../base/index.ts';

/** For the owner alone: what is written may hold keys. */
const PRIVATE = 0o600;

export interface WriteOptions {
  /** The file becomes its owner's alone, also one that others may read now. Without it, only a new one. */
  readonly isPrivate?: boolean;
}

/**
 * Writes a file as a whole: whoever reads it meanwhile sees the old text or the new one. A symbolic link stays one, and what it
 * points to is written; the mode stays; missing folders are made.
 *
 * @throws Error of the file system
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  { isPrivate = false }: WriteOptions = {},
): Promise<void> {
  const target = await targetOf(path);
  const mode = await modeOf(target);
  await mkdir(dirname(target), { recursive: true, ...(isPrivate && { mode: 0o700 }) });
  const unfinished = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  try {
    await writeThrough(unfinished, content, 'wx', isPrivate ? PRIVATE : (mode ?? PRIVATE));
    await replaceFile(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    // A file that is mounted by itself cannot be replaced, and a folder may be closed to us where the file is not.
    if (mode === undefined || !isCoded(error, 'EBUSY', 'EXDEV', 'EACCES', 'EPERM')) throw error;
    await writeThrough(target, content, 'w', isPrivate ? PRIVATE : undefined);
  }
}

/**
 * @param flag `wx` where nothing may stand there yet, not even a link that somebody else has laid
 * @param mode that the file gets; `undefined` leaves a file that was there its own
 */
async function writeThrough(path: string, content: string | Uint8Array, flag: 'w' | 'wx', mode: number | undefined): Promise<void> {
  const handle = await open(path, flag, mode);
  try {
    // The mode of open() is narrowed by the umask, and counts for new files only.
    if (mode !== undefined) await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is written in the end: behind every link, also behind one that points to nothing yet. */
export async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isCoded(error, 'ENOENT')) throw error;
  }
  try {
    return resolve(dirname(path), await readlink(path));
  } catch (error) {
    // Expected: there is nothing yet, or something of its own.
    if (!isCoded(error, 'ENOENT', 'EINVAL')) throw error;
    return path;
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o7777;
  } catch (error) {
    if (!isCoded(error, 'ENOENT')) throw error;
    return undefined;
  }
}

function isCoded(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
