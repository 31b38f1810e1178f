import { HubError } from '../base/index.ts';
import {
  ConfigStore,
  type EditOptions,
  type EditResult,
  loadConfig,
  maskedDiff,
  readConfigFile,
  type ServerEdit,
} from '../config/index.ts';
import type { ConfigEdits, EditOutcome } from './config-edits.ts';
import { memberOf } from './json.ts';
import { unknownServer } from './servers.ts';

export interface ConfigFiles {
  /** In order, as a hub gets them with `--config`; at least one. */
  readonly files: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** Changes in the files themselves, on the hub's own road for them, where no hub runs that could make them. */
export function fileEdits({ files, env, cwd }: ConfigFiles): ConfigEdits {
  const load = (texts?: ReadonlyMap<string, string>): ReturnType<typeof loadConfig> =>
    loadConfig({ files, env, cwd, defaultFile: files[0] ?? '', ...(texts && { texts }) });
  const store = new ConfigStore({ load, cwd, follow: () => Promise.resolve() });
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

async function outcomeOf({ file, before, after }: EditResult, cwd: string): Promise<EditOutcome> {
  const texts = [before, after].filter((text) => text.trim() !== '');
  const entries = texts.flatMap((text) => Object.values(Object(memberOf(readConfigFile({ file, text }, cwd).document, 'mcpServers'))));
  return { file, diff: await maskedDiff(file, before, after, entries), server: undefined };
}
