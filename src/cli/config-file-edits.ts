import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HubError } from '../base/index.ts';
import {
  type Diagnostic,
  editServers,
  formatDiagnostic,
  loadConfig,
  type ServerEdit,
  serversIn,
  writeFileAtomically,
} from '../config/index.ts';
import type { ConfigEdits, EditOutcome } from './config-edits.ts';

export interface ConfigFiles {
  /** In order, as a hub gets them with `--config`; at least one. */
  readonly files: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** Changes in the files themselves, where no hub runs that could make them. */
export function fileEdits(where: ConfigFiles): ConfigEdits {
  const { files } = where;
  /** The file whose entry counts: the last one that has the server. */
  const holderOf = async (name: string): Promise<string | undefined> => {
    for (const file of files.toReversed()) if (serversIn(file, await textOf(where, file)).includes(name)) return file;
    return undefined;
  };
  const holding = async (name: string): Promise<string> => {
    const file = await holderOf(name);
    if (file !== undefined) return file;
    throw new HubError('SERVER_NOT_FOUND', `No server "${name}" stands in ${files.join(', ')}.`, { details: { server: name } });
  };
  return {
    hub: undefined,
    names: async () => {
      const all = await Promise.all(files.map(async (file) => serversIn(file, await textOf(where, file))));
      return [...new Set(all.flat())];
    },
    add: async (name, entry, { file = files.at(-1) ?? '', dryRun = false } = {}) => {
      const holder = await holderOf(name);
      if (holder !== undefined) {
        const message = `There is a server "${name}" already, in ${holder}. Choose another name, or remove that one first.`;
        throw new HubError('ALREADY_EXISTS', message, { details: { server: name, file: holder } });
      }
      return edit(where, file, { kind: 'set', name, entry }, dryRun);
    },
    change: async (name, patch, { dryRun = false } = {}) => edit(where, await holding(name), { kind: 'patch', name, patch }, dryRun),
    remove: async (name, { dryRun = false } = {}) => edit(where, await holding(name), { kind: 'remove', name }, dryRun),
  };
}

async function edit(where: ConfigFiles, file: string, change: ServerEdit, dryRun: boolean): Promise<EditOutcome> {
  const before = await textOf(where, file);
  const after = editServers(file, before, [change]);
  if (change.kind !== 'remove') await check(where, file, after, change.name);
  if (!dryRun) await writeFileAtomically(resolve(where.cwd, file), after);
  const { createTwoFilesPatch } = await import('diff');
  return { file, diff: createTwoFilesPatch(file, file, before, after), server: undefined };
}

/** Reads the file as it will be, the way a hub does. @throws HubError CONFIG_ERROR, VALIDATION_ERROR for the server's own entry */
async function check({ env, cwd }: ConfigFiles, file: string, text: string, name: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-hub-edit-'));
  try {
    const draft = join(folder, 'config.json');
    await writeFile(draft, text, { mode: 0o600 });
    const { servers } = await loadConfig({ files: [draft], env, cwd, defaultFile: draft });
    const errors = servers.find(({ id }) => id === name)?.errors ?? [];
    if (errors.length === 0) return;
    const diagnostics = errors.map((error): Diagnostic => ({ ...error, file }));
    const message = `The entry of server "${name}" would have errors; nothing was changed:\n${diagnostics.map(formatDiagnostic).join('\n')}`;
    throw new HubError('VALIDATION_ERROR', message, { details: { diagnostics } });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Empty for a file that is not there yet. @throws HubError CONFIG_ERROR */
async function textOf({ cwd }: ConfigFiles, file: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'ENOENT') return '';
    throw new HubError('CONFIG_ERROR', `${file} cannot be read (${code}).`, { cause, details: { file } });
  }
}
