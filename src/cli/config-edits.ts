import { hubPaths } from '../base/index.ts';
import { ApiClient, connectHub, hubChoice, START_WITHIN_MS, surroundings } from './api-client.ts';
import type { CommandIo } from './command.ts';
import { fileEdits } from './config-file-edits.ts';
import { listOf, memberOf, textOf, textsOf } from './json.ts';
import { chooseHubIfAny } from './running-hubs.ts';
import { printable } from './style.ts';

interface EditChoice {
  /** Everything is checked and told as if it were done, and nothing is done. */
  readonly dryRun?: boolean | undefined;
}

/** What a change has done to a config file. */
export interface EditOutcome {
  /** The file that was, or would be, written. */
  readonly file: string;
  /** Unified diff of it. */
  readonly diff: string;
  /** The server object of the management API after the change; `undefined` without a hub, and after a removal. */
  readonly server: unknown;
}

/**
 * The servers in somebody's config, and the way to change them: through the hub that runs on this config, which goes by the
 * change at once, or else in the file itself. Either way an entry is checked before it is written, and comments stay.
 *
 * Every method throws what went wrong as a HubError: ALREADY_EXISTS, SERVER_NOT_FOUND, VALIDATION_ERROR, CONFIG_ERROR.
 */
export interface ConfigEdits {
  /** The hub that makes the changes; `undefined`: none runs, they are made in the file. */
  readonly hub: ApiClient | undefined;
  /** The names of the servers that are configured. */
  names(): Promise<readonly string[]>;
  /** `file`: one of the config's files; left out, the last one. */
  add(
    name: string,
    entry: Readonly<Record<string, unknown>>,
    choice?: EditChoice & { readonly file?: string | undefined },
  ): Promise<EditOutcome>;
  /** JSON Merge Patch (RFC 7396) of the entry: `null` takes a key away. */
  change(name: string, patch: Readonly<Record<string, unknown>>, choice?: EditChoice): Promise<EditOutcome>;
  remove(name: string, choice?: EditChoice): Promise<EditOutcome>;
}

/**
 * The config that the options (`--port`, `--hub`, `--config`) mean: that of the hub which {@link chooseHubIfAny} finds. Where none
 * runs, the files named by `--config`, or the default file; but who names a hub by `--port` or `--hub` means no file.
 *
 * @throws HubError USAGE, and HUB_NOT_FOUND when the hub that was named does not run or several do
 */
export async function openConfig(options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<ConfigEdits> {
  const isNamed = ['port', 'hub', 'socket'].some((name) => options[name] !== undefined);
  if (isNamed) return hubEdits(await connectHub(options, io));
  const hub = await chooseHubIfAny(hubChoice(options), surroundings(io));
  if (hub) return hubEdits(new ApiClient(hub, io.signal));
  const files = textsOf(options['config']);
  const { env } = io.process;
  return fileEdits({
    files: files.length > 0 ? files : [hubPaths(env).defaultConfigFile],
    env,
    cwd: io.process.cwd(),
    warn: (text) => io.tell(`warning: ${printable(text)}`),
  });
}

function hubEdits(hub: ApiClient): ConfigEdits {
  const send = async (
    method: 'POST' | 'PATCH' | 'DELETE',
    name: string | undefined,
    body: object | undefined,
    dryRun = false,
  ): Promise<EditOutcome> => {
    const path = `/api/servers${name === undefined ? '' : `/${encodeURIComponent(name)}`}${dryRun ? '?dryRun=true' : ''}`;
    const answer = await hub.request({ method, path, body, timeoutMs: START_WITHIN_MS });
    return { file: textOf(answer, 'file'), diff: textOf(answer, 'diff'), server: memberOf(answer, 'server') ?? undefined };
  };
  return {
    hub,
    names: async () => textsOf(listOf(await hub.get('/api/servers'), 'servers').map((server) => textOf(server, 'name'))),
    add: (name, entry, { file, dryRun } = {}) =>
      send('POST', undefined, { name, config: entry, ...(file !== undefined && { file }) }, dryRun),
    change: (name, patch, { dryRun } = {}) => send('PATCH', name, patch, dryRun),
    remove: (name, { dryRun } = {}) => send('DELETE', name, undefined, dryRun),
  };
}
