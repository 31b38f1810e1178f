import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HubError, messageOf } from '../base/index.ts';

const KEY_BYTES = 32;

/**
 * The key under which the hub seals what it keeps, from a file that its owner alone may read; made at first use. Of several processes that
 * make it at once, one wins and all of them use that one.
 *
 * @throws HubError CONFIG_ERROR naming the file, when it cannot be read or made, or holds no key
 */
export async function sealingKey(path: string): Promise<Buffer> {
  try {
    return await readKey(path);
  } catch (error) {
    if (!isMissing(error)) throw unusable(path, error);
  }
  try {
    await makeKey(path);
    return await readKey(path);
  } catch (error) {
    throw unusable(path, error);
  }
}

async function readKey(path: string): Promise<Buffer> {
  const key = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64url');
  if (key.length !== KEY_BYTES) throw new RangeError('it holds no key');
  // Somebody may have copied it with another mode. Elsewhere than on POSIX systems modes mean nothing.
  if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
  return key;
}

/** As a whole or not at all: nobody ever reads half a key. */
async function makeKey(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(KEY_BYTES).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    // Expected: another process was faster.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function unusable(path: string, error: unknown): HubError {
  const message = `The key file ${path}, under which secrets and logins are sealed, cannot be used: ${messageOf(error)}. Restore it; without it what was sealed is lost.`;
  return new HubError('CONFIG_ERROR', message, { details: { file: path }, cause: error });
}
