import { lstat, readFile, readlink, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HubError } from '../../base/index.ts';
import { writeFileAtomically } from '../../config/index.ts';

/** A file as it was when it was read. */
export interface ClientFile {
  /** As it is named in the table of clients. */
  readonly path: string;
  /** Where symbolic links lead: the file that is read and written. */
  readonly target: string;
  /** `undefined` when there is none. */
  readonly bytes: Buffer | undefined;
  readonly text: string;
}

const MAX_LINKS = 20;
const MAX_BYTES = 64 * 1024 * 1024;

/** @throws HubError CONFIG_ERROR when there is something that is not a text file in UTF-8, or cannot be read */
export async function readClientFile(path: string): Promise<ClientFile> {
  const target = await followLinks(path);
  const bytes = await bytesOf(target);
  if (!bytes) return { path, target, bytes, text: '' };
  try {
    return { path, target, bytes, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    // Expected: TypeError of the decoder.
    throw new HubError('CONFIG_ERROR', `${path} is not text in UTF-8. Save it as UTF-8; it was not touched.`, { details: { file: path } });
  }
}

/**
 * Replaces the file as a whole, in one step, with its mode and its links kept. Nothing is written when it has changed since it
 * was read.
 *
 * @throws HubError CONFLICT
 */
export async function writeClientFile(file: ClientFile, bytes: Buffer): Promise<void> {
  await checkUnchanged(file);
  await writeFileAtomically(file.target, bytes);
}

/** @throws HubError CONFLICT when somebody else has written the file since it was read */
export async function checkUnchanged({ path, target, bytes }: ClientFile): Promise<void> {
  const now = await bytesOf(target);
  if (now === bytes || (now && bytes?.equals(now))) return;
  throw new HubError('CONFLICT', `${path} was changed by another program in this moment. Nothing was written; try again.`);
}

/** The folders that have to be made for a file, the innermost first. */
export async function missingFolders(target: string): Promise<string[]> {
  const missing: string[] = [];
  for (let folder = dirname(target); folder !== dirname(folder); folder = dirname(folder)) {
    if (await stat(folder).catch(() => undefined)) break;
    missing.push(folder);
  }
  return missing;
}

/**
 * Where a file is in the end: dotfiles managers put links in the place of config files. A link that leads nowhere yet is
 * followed too.
 *
 * @throws HubError CONFIG_ERROR for links that lead in a circle
 */
export async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const found = await lstat(target).catch(() => undefined);
    if (!found?.isSymbolicLink()) return target;
    target = resolve(dirname(target), await readlink(target));
  }
  throw new HubError('CONFIG_ERROR', `${path} is a symbolic link that leads in a circle. Remove it, or let it lead to a file.`);
}

async function bytesOf(target: string): Promise<Buffer | undefined> {
  try {
    const { size } = await stat(target);
    if (size > MAX_BYTES) throw new HubError('CONFIG_ERROR', `${target} is larger than 64 MiB, which no config file is.`);
    return await readFile(target);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (error instanceof HubError) throw error;
    throw new HubError('CONFIG_ERROR', `${target} cannot be read (${code}). Check what it is, and its permissions.`, { cause: error });
  }
}
