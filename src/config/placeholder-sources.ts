import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isHubError } from '../base/index.ts';
import { homeFolder } from './home-folder.ts';
import type { PlaceholderContext } from './placeholders.ts';
import { secretStore } from './secrets/secret-store.ts';

/** Largest file behind a `${file:path}`, in bytes: more than any secret has. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Why a file or the keyring gave no value, as the end of a sentence; it holds no value. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/**
 * What a file holds, without the line breaks at its end.
 *
 * @param path absolute, `~/…`, or from the workspace folder
 * @param warn gets the end of a sentence about a file that more people can read than should
 * @throws SourceError; the signal's reason
 */
export async function fileValue(path: string, context: PlaceholderContext, warn: (problem: string) => void): Promise<string> {
  if (path === '') throw new SourceError('names no file. Write the path behind the colon');
  const { cwd, env, signal } = context;
  const place = resolve(
    cwd,
    path.replace(/^~(?=[/\\]|$)/, () => homeFolder(env)),
  );
  const bytes = await readWhole(place, warn);
  signal.throwIfAborted();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/[\r\n]+$/, '');
  } catch {
    // The decoder's own words say nothing.
    throw new SourceError('cannot be used: the file is no UTF-8 text. Save it as text');
  }
}

/** Without waiting for somebody at the other end of a pipe, and without an end of its own where the file has none. */
async function readWhole(place: string, warn: (problem: string) => void): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(place, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { mode, size, isFile } = await statOf(handle);
    if (!isFile) throw new SourceError('cannot be used: what stands there is no file. Name a file');
    if (size > MAX_FILE_BYTES)
      throw new SourceError('cannot be used: the file is larger than 1 MiB. Name a file that holds the value alone');
    if (process.platform !== 'win32' && (mode & 0o044) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      warn(`can be read by other users of this machine (mode ${shown}). Take the right from them: chmod 600 ${place}`);
    }
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    const length = await fill(handle, bytes);
    if (length > MAX_FILE_BYTES)
      throw new SourceError('cannot be used: the file is larger than 1 MiB. Name a file that holds the value alone');
    return bytes.subarray(0, length);
  } catch (error) {
    throw error instanceof SourceError ? error : new SourceError(reasonOf(error));
  } finally {
    await handle?.close();
  }
}

async function statOf(handle: FileHandle): Promise<{ mode: number; size: number; isFile: boolean }> {
  const found = await handle.stat();
  return { mode: found.mode, size: found.size, isFile: found.isFile() };
}

async function fill(handle: FileHandle, bytes: Buffer): Promise<number> {
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length === bytes.length) return length;
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'cannot be resolved: there is no such file. Make it, or correct the path';
  if (code === 'EACCES' || code === 'EPERM') return 'cannot be resolved: the hub may not read the file. Give its user the right to';
  return `cannot be resolved: the file cannot be read (${code}). Correct the path, or what stands there`;
}

/**
 * A secret that `mcp-hub secret set` has stored.
 *
 * @throws SourceError; the signal's reason
 */
export async function keyringValue(name: string, context: PlaceholderContext): Promise<string> {
  const { env, dataDir, signal, skipCommands = false } = context;
  const store = secretStore(env, dataDir);
  try {
    if (skipCommands && (await store.place(name)) === 'keyring') return '';
    return await store.get(name, signal);
  } catch (error) {
    if (!isHubError(error)) throw error;
    throw new SourceError(`cannot be resolved. ${error.message.replace(/\.$/, '')}`);
  }
}

/** A placeholder for messages: somebody may have written a value behind `:-`, which these kinds do not have. */
export function shownSource(raw: string): string {
  return raw.replace(/:-[^]*(?=\}$)/, ':-…');
}
