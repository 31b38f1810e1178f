import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HubError, isHubError, messageOf } from '../base/index.ts';
import type { Diagnostic, HubConfig, HubSettings } from './config.ts';
import { type ConfigFile, readConfigFile } from './file.ts';
import { readHubEnvironment } from './hub-environment.ts';
import { looseModeWarning } from './literal-secrets.ts';
import { settingFields } from './setting-fields.ts';
import { withinHosts } from './upstream-hosts.ts';
import { etagOf } from './etag.ts';
import type { ServerEntry } from './server-entry.ts';
import { formatDiagnostic } from './source.ts';

export interface LoadOptions {
  /** The `--config` strings, in order, verbatim; empty means {@link LoadOptions.defaultFile}. */
  readonly files: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The workspace folder: where relative paths start. */
  readonly cwd: string;
  readonly defaultFile: string;
  /** Texts to take instead of what stands in the files of these names: for looking at a change before it is made. */
  readonly texts?: ReadonlyMap<string, string> | undefined;
  /** What a file said that goes on to count, with a warning, when there is no file of that name any more. Otherwise it is skipped. */
  readonly whenGone?: HubConfig['texts'] | undefined;
}

interface ReadFile extends ConfigFile {
  readonly text: string;
}

const defaults: HubSettings = {
  maxToolNameLength: settingFields.maxToolNameLength.default,
  startupWaitMs: settingFields.startupWait.default,
  maxBodyBytes: settingFields.maxBodySize.default,
  sessionIdleTimeoutMs: settingFields.sessionIdleTimeout.default,
  maxSessions: settingFields.maxSessions.default,
  shutdownTimeoutMs: settingFields.shutdownTimeout.default,
  allowedHosts: settingFields.allowedHosts.default,
  allowedUpstreamHosts: settingFields.allowedUpstreamHosts.default,
  trustedHosts: settingFields.trustedHosts.default,
  auth: settingFields.auth.default,
  marketplace: {},
};

/**
 * Reads and merges the config files: later ones win per server and per setting, each as a whole; missing ones are
 * skipped. A broken server entry is an `invalid` definition; its errors are among `diagnostics` too.
 *
 * @throws HubError CONFIG_ERROR when a file as a whole or `MCP_HUB_ENV` cannot be used; `details.diagnostics` has all
 * errors and warnings of all files
 */
export async function loadConfig({ files, env, cwd, defaultFile, texts, whenGone }: LoadOptions): Promise<HubConfig> {
  const names = files.length > 0 ? files : [defaultFile];
  const read = await Promise.all(
    names.map(async (file) => (await readOne(file, cwd, texts?.get(file))) ?? goneFile(file, whenGone?.get(file), cwd)),
  );
  const found = read.filter((file) => file !== undefined);
  const { servers, settings } = merge(found);
  const diagnostics = [
    ...checkEnvironment(env),
    ...found.flatMap((file) => file.diagnostics),
    ...servers.flatMap((entry) => entry.diagnostics),
    ...(found.length === 0 ? [nothingFound(names)] : []),
  ];
  const fatal = diagnostics.filter(({ severity, serverId }) => severity === 'error' && serverId === undefined);
  if (fatal.length > 0) {
    const message = `The configuration cannot be used:\n${fatal.map(formatDiagnostic).join('\n')}`;
    throw new HubError('CONFIG_ERROR', message, { details: { diagnostics } });
  }
  return deepFreeze({
    servers: servers.map(({ definition }) => definition),
    settings,
    files: [...names],
    diagnostics,
    document: mergeDocuments(found),
    texts: new Map(names.flatMap((name, index) => (read[index] ? [[name, read[index].text] as const] : []))),
    digest: etagOf(JSON.stringify(read.map((file) => file?.text ?? null))),
  });
}

/** `undefined` when there is no such file. */
async function readOne(file: string, cwd: string, given: string | undefined): Promise<ReadFile | undefined> {
  try {
    const text = given ?? (await readFile(resolve(cwd, file), 'utf8'));
    const read = readConfigFile({ file, text }, cwd);
    const warning = given === undefined ? looseModeWarning(file, await stat(resolve(cwd, file)), read.document) : undefined;
    return { ...read, diagnostics: [...read.diagnostics, ...(warning ? [warning] : [])], text };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (typeof code !== 'string') throw error;
    const hint = code === 'EISDIR' ? 'Name the file in it' : undefined;
    const message = `The file cannot be read (${code})`;
    const diagnostic: Diagnostic = { severity: 'error', file, line: 1, column: 1, keyPath: '', message, ...(hint && { hint }) };
    return { servers: [], settings: {}, diagnostics: [diagnostic], document: {}, text: '' };
  }
}

function goneFile(file: string, text: string | undefined, cwd: string): ReadFile | undefined {
  if (text === undefined) return undefined;
  const read = readConfigFile({ file, text }, cwd);
  const message = 'The file is gone; the hub goes on with what it said';
  const hint = 'Put it back, or reload the hub ("mcp-hub reload") to do without it';
  const warning: Diagnostic = { severity: 'warning', file, line: 1, column: 1, keyPath: '', message, hint };
  return { ...read, diagnostics: [...read.diagnostics, warning], text };
}

function merge(files: readonly ConfigFile[]): { servers: ServerEntry[]; settings: HubSettings } {
  const servers = new Map<string, ServerEntry>();
  for (const entry of files.flatMap((file) => file.servers)) servers.set(entry.definition.id, entry);
  const settings: HubSettings = Object.assign({ ...defaults }, ...files.map((file) => file.settings));
  return { servers: [...servers.values()].map((entry) => withinHosts(entry, settings.allowedUpstreamHosts)), settings };
}

function mergeDocuments(files: readonly ConfigFile[]): Readonly<Record<string, unknown>> {
  const top = files.flatMap(({ document }) => Object.entries(document));
  const servers = files.flatMap(({ document }) => Object.entries(document['mcpServers'] ?? {}));
  return Object.fromEntries([...top, ['mcpServers', Object.fromEntries(servers)]]);
}

function checkEnvironment(env: NodeJS.ProcessEnv): Diagnostic[] {
  try {
    readHubEnvironment(env);
    return [];
  } catch (error) {
    if (!isHubError(error, 'CONFIG_ERROR')) throw error;
    return [{ severity: 'error', file: 'MCP_HUB_ENV', line: 1, column: 1, keyPath: '', message: messageOf(error) }];
  }
}

function nothingFound(names: readonly string[]): Diagnostic {
  const [file = ''] = names;
  const message = names.length === 1 ? 'There is no such file, so no server is configured' : 'None of the config files exists';
  const hint = 'Create it, or name another one with --config';
  return { severity: 'warning', file, line: 1, column: 1, keyPath: '', message, hint };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
