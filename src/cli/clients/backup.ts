import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError, replaceFile } from '../../base/index.ts';
import { isRecord, type Values } from './client.ts';

/** What is needed to undo one `connect`. */
export interface Backup {
  readonly version: 1;
  readonly client: string;
  /** The config file, and where its symbolic links led. */
  readonly path: string;
  readonly target: string;
  /** The name of the hub's entry. */
  readonly name: string;
  /** The keys that lead to the hub's entry. */
  readonly entryPath: readonly string[];
  readonly entry: Values;
  /** The exact bytes before, in base64; `null` when there was no file. */
  readonly before: string | null;
  /** SHA-256 of the bytes that were written. */
  readonly after: string;
  /** The folders that were made, the innermost first. */
  readonly folders: readonly string[];
  /** ISO 8601. */
  readonly time: string;
}

export function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Where the backup of an entry is: one per file and name. */
export function backupPath(stateDir: string, target: string, name: string): string {
  const id = createHash('sha256').update(`${target}\0${name}`).digest('hex').slice(0, 24);
  return join(stateDir, 'connect', `${id}.json`);
}

/** Written before the file is touched, for the person alone: it holds all that the file held. */
export async function saveBackup(stateDir: string, backup: Backup): Promise<string> {
  const path = backupPath(stateDir, backup.target, backup.name);
  const draft = `${path}.${randomUUID()}.tmp`;
  await mkdir(join(stateDir, 'connect'), { recursive: true, mode: 0o700 });
  try {
    await writeFile(draft, `${JSON.stringify(backup, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    await replaceFile(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  return path;
}

/**
 * The backup of an entry; `undefined` when there is none.
 *
 * @throws HubError CONFIG_ERROR when it is damaged
 */
export async function loadBackup(stateDir: string, target: string, name: string): Promise<Backup | undefined> {
  const path = backupPath(stateDir, target, name);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const value: unknown = parse(text);
  if (isBackup(value) && value.target === target && value.name === name) return value;
  throw new HubError('CONFIG_ERROR', `The backup ${path} is damaged. Remove the hub's entry from the config file by hand, and that file.`);
}

export function dropBackup(stateDir: string, { target, name }: Backup): Promise<void> {
  return rm(backupPath(stateDir, target, name), { force: true });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Expected: SyntaxError; told as damage.
    return undefined;
  }
}

function isBackup(value: unknown): value is Backup {
  if (!isRecord(value) || value['version'] !== 1 || !isRecord(value['entry'])) return false;
  const texts = ['client', 'path', 'target', 'name', 'after', 'time'].every((key) => typeof value[key] === 'string');
  const lists = ['entryPath', 'folders'].every((key) => {
    const list = value[key];
    return Array.isArray(list) && list.every((item) => typeof item === 'string');
  });
  return texts && lists && (value['before'] === null || typeof value['before'] === 'string');
}
