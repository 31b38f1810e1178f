import { rm, rmdir } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { HubError } from '../../base/index.ts';
import { type Backup, dropBackup, hashOf, loadBackup } from './backup.ts';
import { type Client, isRecord, type Machine, type Scope, valueAt } from './client.ts';
import { checkUnchanged, type ClientFile, followLinks, readClientFile, writeClientFile } from './client-file.ts';
import { editDocument, readDocument } from './document.ts';

/**
 * The backup of a client's file in a scope, whichever of its files it is of; `undefined` when there is none.
 *
 * @throws HubError CONFIG_ERROR when it is damaged
 */
export async function findBackup(
  client: Client,
  scope: Scope,
  name: string,
  where: { machine: Machine; stateDir: string },
): Promise<Backup | undefined> {
  for (const place of client.places(where.machine)) {
    if (place.scope !== scope) continue;
    const backup = await loadBackup(where.stateDir, await followLinks(place.path), name);
    if (backup) return backup;
  }
  return undefined;
}

/** What an undo is going to do. */
export type UndoPlan = { readonly file: ClientFile; readonly backup: Backup } & (
  | { readonly kind: 'restore'; readonly bytes: Buffer }
  /** The file was not there before. */
  | { readonly kind: 'delete' }
  /** The file was changed since: only the hub's entry goes. */
  | { readonly kind: 'edit'; readonly text: string }
  /** The entry or the file is gone already. */
  | { readonly kind: 'nothing' }
);

/**
 * Works out how to undo a connect; nothing is written.
 *
 * @throws HubError CONFLICT when somebody else has changed the entry itself, CONFIG_ERROR when the file cannot be read
 */
export async function planUndo(format: Client['format'], backup: Backup): Promise<UndoPlan> {
  const file = await readClientFile(backup.target);
  const shared = { file, backup };
  const before = backup.before === null ? undefined : Buffer.from(backup.before, 'base64');
  if (!file.bytes) return { ...shared, kind: 'nothing' };
  if (hashOf(file.bytes) === backup.after) return before ? { ...shared, kind: 'restore', bytes: before } : { ...shared, kind: 'delete' };
  if (before?.equals(file.bytes)) return { ...shared, kind: 'nothing' };
  const text = removeEntry(format, file, backup);
  if (text === undefined) return { ...shared, kind: 'nothing' };
  const isEmpty =
    Object.keys(readDocument({ file: backup.path, format, text })).length === 0 && !/\S/.test(text.replace(/[{}\uFEFF]/g, ''));
  return !before && isEmpty ? { ...shared, kind: 'delete' } : { ...shared, kind: 'edit', text };
}

/** Does it, and forgets the backup. */
export async function carryOutUndo(plan: UndoPlan, stateDir: string): Promise<void> {
  const { file, backup } = plan;
  if (plan.kind === 'restore') await writeClientFile(file, plan.bytes);
  if (plan.kind === 'edit') await writeClientFile(file, Buffer.from(plan.text, 'utf8'));
  if (plan.kind === 'delete') {
    await checkUnchanged(file);
    await rm(file.target);
    for (const folder of backup.folders) if (!(await removeFolder(folder))) break;
  }
  await dropBackup(stateDir, backup);
}

/**
 * The text without the hub's entry, or with the one that stood in its place before; `undefined` when there is none.
 *
 * @throws HubError CONFLICT when the entry is not what was written
 */
export function removeEntry(format: Client['format'], file: ClientFile, backup: Backup): string | undefined {
  const { entryPath, entry, path } = backup;
  const document = { file: path, format, text: file.text };
  const present = valueAt(readDocument(document), entryPath);
  if (present === undefined) return undefined;
  if (!isDeepStrictEqual(present, entry)) {
    const message = `${path}: the hub's entry "${entryPath.join('.')}" was changed since it was written, so it was left as it is. Remove it by hand.`;
    throw new HubError('CONFLICT', message, { details: { file: path } });
  }
  const original = originalOf(format, backup);
  let text = editDocument(document, entryPath, valueAt(original, entryPath));
  // The objects around it that were made for it.
  for (let depth = entryPath.length - 1; depth > 0; depth -= 1) {
    const outer = entryPath.slice(0, depth);
    const value = valueAt(readDocument({ ...document, text }), outer);
    if (valueAt(original, outer) !== undefined || !isRecord(value) || Object.keys(value).length > 0) break;
    text = editDocument({ ...document, text }, outer, undefined);
  }
  return text;
}

function originalOf(format: Client['format'], { path, before }: Backup): unknown {
  return before === null ? {} : readDocument({ file: path, format, text: Buffer.from(before, 'base64').toString('utf8') });
}

/** A folder that others use by now stays. */
async function removeFolder(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch {
    // Expected: ENOTEMPTY or EEXIST, and ENOENT.
    return false;
  }
}
