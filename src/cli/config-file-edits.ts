import { join } from 'node:path';
import { HubError, hubPaths, isHubError, systemClock } from '../base/index.ts';
import {
  ConfigStore,
  type ConfigStoreOptions,
  type Diagnostic,
  type EditOptions,
  type EditResult,
  loadConfig,
  maskedDiff,
  readConfigFile,
  type ServerEdit,
} from '../config/index.ts';
import type { ConfigEdits, EditOutcome } from './config-edits.ts';
import { describeError } from './diagnostics.ts';
import { memberOf } from './json.ts';
import { unknownServer } from './servers.ts';

/** What several entries at once have done to a file. */
interface SetOutcome {
  /** Unified diff, as of {@link EditOutcome}. */
  readonly diff: string;
  /** The entries that the hub could not use, which are left out, and why. */
  readonly refused: ReadonlyMap<string, string>;
  /** Of the entries that were set. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface ConfigFiles {
  /** In order, as a hub gets them with `--config`; at least one. */
  readonly files: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Tells the person of what does not keep an edit from being made. */
  readonly warn: (text: string) => void;
}

function storeOf({ files, env, cwd, warn }: ConfigFiles): ConfigStore {
  const load: ConfigStoreOptions['load'] = (how) => loadConfig({ files, env, cwd, defaultFile: files[0] ?? '', ...how });
  const locksDir = join(hubPaths(env).stateDir, 'locks');
  return new ConfigStore({ load, cwd, locksDir, clock: systemClock, warn, follow: () => Promise.resolve() });
}

/** Changes in the files themselves, on the hub's own road for them, where no hub runs that could make them. */
export function fileEdits(config: ConfigFiles): ConfigEdits {
  const { files, cwd } = config;
  const store = storeOf(config);
  const servers = async (): Promise<ConfigStore['current']['servers']> => (await store.apply()).config.servers;
  const fileOf = async (name: string): Promise<string> => {
    const all = await servers();
    const found = all.find(({ id }) => id === name);
    if (found) return found.source;
    throw unknownServer(
      name,
      all.map(({ id }) => id),
      `stands in ${files.join(', ')}`,
    );
  };
  const edit = async (change: ServerEdit, options: EditOptions): Promise<EditOutcome> =>
    outcomeOf(await store.edit([change], options), cwd);
  return {
    hub: undefined,
    names: async () => (await servers()).map(({ id }) => id),
    add: async (name, entry, { file = files.at(-1) ?? '', dryRun } = {}) => {
      const known = (await servers()).find(({ id }) => id === name);
      if (!known) return edit({ kind: 'set', name, entry }, { file, dryRun, isNew: true });
      const message = `Server "${name}" is configured already, in ${known.source}. Choose another name, or remove that one first.`;
      throw new HubError('ALREADY_EXISTS', message, { details: { server: name, file: known.source } });
    },
    change: async (name, patch, { dryRun } = {}) => edit({ kind: 'patch', name, patch }, { file: await fileOf(name), dryRun }),
    remove: async (name, { dryRun } = {}) => edit({ kind: 'remove', name }, { file: await fileOf(name), dryRun }),
  };
}

/**
 * Sets entries in the last one of the files, all in one write; those that were there under these names are replaced.
 *
 * @throws HubError CONFIG_ERROR, CONFLICT
 */
export async function setServers(config: ConfigFiles, entries: ReadonlyMap<string, object>, dryRun: boolean): Promise<SetOutcome> {
  const store = storeOf(config);
  await store.apply();
  if (entries.size === 0) return { diff: '', refused: new Map(), diagnostics: [] };
  const file = config.files.at(-1) ?? '';
  const edits = [...entries].map(([name, entry]): ServerEdit => ({ kind: 'set', name, entry: { ...entry } }));
  const refused = new Map<string, string>();
  for (const edit of edits) {
    try {
      await store.edit([edit], { file, dryRun: true });
    } catch (error) {
      if (!isHubError(error, 'VALIDATION_ERROR')) throw error;
      refused.set(edit.name, describeError(error).join('\n'));
    }
  }
  const good = edits.filter(({ name }) => !refused.has(name));
  const result = await store.edit(good, { file, dryRun });
  const { diff } = await outcomeOf(result, config.cwd);
  const own = result.diagnostics.filter(({ serverId }) => good.some(({ name }) => name === serverId));
  return { diff, refused, diagnostics: own };
}

async function outcomeOf({ file, before, after }: EditResult, cwd: string): Promise<EditOutcome> {
  const texts = [before, after].filter((text) => text.trim() !== '');
  const entries = texts.flatMap((text) => Object.values(Object(memberOf(readConfigFile({ file, text }, cwd).document, 'mcpServers'))));
  return { file, diff: await maskedDiff(file, before, after, entries), server: undefined };
}
