import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HubError, sleep, systemClock } from '../base/index.ts';
import type { Diagnostic, HubConfig } from './config.ts';
import { editServers, type ServerEdit } from './edit.ts';
import { checkSize } from './edit-limits.ts';
import { etagOf } from './etag.ts';
import { type ConfigFile, readConfigFile } from './file.ts';
import { formatDiagnostic } from './source.ts';

export interface EditOptions {
  /** The `--config` string of the file, verbatim. */
  readonly file: string;
  /** The etag that the file must still have. */
  readonly ifMatch?: string | undefined;
  /** Does everything but write. */
  readonly dryRun?: boolean | undefined;
  /** What is set must not stand in the file yet. */
  readonly isNew?: boolean | undefined;
}

/** A change of one file that can be made. */
export interface EditPlan {
  readonly file: string;
  readonly path: string;
  /** The whole text; empty for a file that is not there yet. */
  readonly before: string;
  readonly after: string;
  /** Of the file after the change. */
  readonly etag: string;
  /** Of the file after the change. */
  readonly diagnostics: readonly Diagnostic[];
  /** Nobody has written the file since it was looked at. */
  isStillTrue(): Promise<boolean>;
}

/** How often, and after which pause in milliseconds, a file is read again that may be half written. */
const LOOKS = 4;
const PAUSE_MS = 75;

/** Reads the file, works the change out and looks at the result. Nothing is written. @throws HubError as `ConfigStore.edit` */
export async function planEdit(edits: readonly ServerEdit[], options: EditOptions, cwd: string): Promise<EditPlan> {
  const { file, ifMatch } = options;
  for (const edit of edits) checkSize(edit);
  const path = resolve(cwd, file);
  const found = await readWhole(path, file, cwd);
  const before = found ?? '';
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etagOf(before)) {
    const message = `${file} has changed since you read it (its etag is ${etagOf(before)} now). Read the entry again and repeat the change.`;
    throw new HubError('PRECONDITION_FAILED', message, { details: { file, etag: etagOf(before) } });
  }
  const was = readConfigFile({ file, text: before.trim() === '' ? '{}' : before }, cwd);
  if (options.isNew === true) for (const { name } of edits) refuseKnown(was, file, name);
  const after = editServers(file, before, edits);
  const is = readConfigFile({ file, text: after }, cwd);
  refuse('CONFIG_ERROR', `${file} cannot be used with this change`, errorsOf(is.diagnostics));
  for (const { kind, name } of edits) {
    if (kind === 'remove') continue;
    const old = new Set(entryErrors(was, name).map(textOf));
    refuse(
      'VALIDATION_ERROR',
      `The entry of server "${name}" would have errors`,
      entryErrors(is, name).filter((error) => !old.has(textOf(error))),
    );
  }
  const diagnostics = [...is.diagnostics, ...is.servers.flatMap((entry) => entry.diagnostics)];
  const isStillTrue = async (): Promise<boolean> => (await readText(path)) === found;
  return { file, path, before, after, etag: etagOf(after), diagnostics, isStillTrue };
}

/** What only the config as a whole shows of the entries, such as a setting that forbids one. @throws HubError VALIDATION_ERROR */
export function refuseNewErrors(edits: readonly ServerEdit[], before: HubConfig, after: HubConfig): void {
  const errorsIn = ({ servers }: HubConfig, name: string): readonly Diagnostic[] => servers.find(({ id }) => id === name)?.errors ?? [];
  for (const { kind, name } of edits) {
    if (kind === 'remove') continue;
    const old = new Set(errorsIn(before, name).map(textOf));
    refuse(
      'VALIDATION_ERROR',
      `The entry of server "${name}" would have errors`,
      errorsIn(after, name).filter((error) => !old.has(textOf(error))),
    );
  }
}

/** Of an editor that truncates the file and then writes it, the second half is waited for. */
async function readWhole(path: string, file: string, cwd: string): Promise<string | undefined> {
  for (let look = 1; ; look += 1) {
    const text = await readText(path);
    const isWhole = text === undefined || errorsOf(readConfigFile({ file, text }, cwd).diagnostics).length === 0;
    if (isWhole || look === LOOKS) return text;
    await sleep(systemClock, PAUSE_MS);
  }
}

/** `undefined` when there is no such file. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new HubError('CONFIG_ERROR', `${path} cannot be read (${String(code)}).`, { cause, details: { file: path } });
  }
}

function refuseKnown({ servers }: ConfigFile, file: string, name: string): void {
  if (!servers.some(({ definition }) => definition.id === name)) return;
  const message = `Server "${name}" stands in ${file} already. Change it, remove it first, or choose another name.`;
  throw new HubError('ALREADY_EXISTS', message, { details: { server: name, file } });
}

function errorsOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === 'error');
}

/** What is not to be written: a value that does not count, too, which is only a warning where it stands already. */
function entryErrors({ servers }: ConfigFile, name: string): readonly Diagnostic[] {
  const entry = servers.find(({ definition }) => definition.id === name);
  return entry ? [...entry.definition.errors, ...entry.wrongValues] : [];
}

const textOf = ({ keyPath, message }: Diagnostic): string => `${keyPath}: ${message}`;

function refuse(code: 'CONFIG_ERROR' | 'VALIDATION_ERROR', what: string, errors: readonly Diagnostic[]): void {
  if (errors.length === 0) return;
  throw new HubError(code, `${what}; nothing was changed:\n${errors.map(formatDiagnostic).join('\n')}`, {
    details: { diagnostics: errors },
  });
}
