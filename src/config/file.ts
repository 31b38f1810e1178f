import type { Diagnostic, HubSettings } from './config.ts';
import { jsonValueOf } from './json-value.ts';
import { Json5SyntaxError, type Member, type Node, parseJson5 } from './json5.ts';
import { keptTopFields, settingFields } from './setting-fields.ts';
import { readServerEntry, type ServerEntry } from './server-entry.ts';
import { serverMapsOf } from './server-map.ts';
import { diagnosticOf, keyPath, type Source } from './source.ts';
import { anything, asObject, describe, type Field, type Issue, membersOf, objectOf, type ValuesOf } from './types.ts';

/** What one config file says. */
export interface ConfigFile {
  readonly servers: readonly ServerEntry[];
  /** Only what the file sets. */
  readonly settings: Partial<HubSettings>;
  /** Of the file as a whole; those of its servers stand with them. An error among them makes the file unusable. */
  readonly diagnostics: readonly Diagnostic[];
  /** Everything in it as it stands there, the servers under `mcpServers`. */
  readonly document: Readonly<Record<string, unknown>>;
}

const serverMap: Field<true> = { type: anything, about: 'The servers, each under its name.' };

const topFields = { mcpServers: serverMap, servers: serverMap, ...settingFields, ...keptTopFields };

/** Where other programs keep their servers, which `mcp-hub import` reads. */
const FOREIGN_MAPS: ReadonlySet<string> = new Set(['context_servers', 'mcp', 'mcp.servers', 'amp.mcpServers']);

const topType = objectOf(topFields, (key, value) => {
  if (value.kind !== 'object') return undefined;
  if (FOREIGN_MAPS.has(key)) return 'It is ignored; "mcp-hub import" takes over the servers of other programs';
  const isServer = value.members.some((member) => member.key === 'command' || member.key === 'url');
  return isServer ? 'It is ignored, and looks like a server: put it under "mcpServers"' : undefined;
});

export function readConfigFile(source: Source, cwd: string): ConfigFile {
  const diagnostics: Diagnostic[] = [];
  const report = (issue: Issue): void => void diagnostics.push(diagnosticOf(source, issue));
  const root = parse(source, report);
  const top = root && topType.read(root, '', report);
  if (root?.kind !== 'object' || !top) return { servers: [], settings: {}, diagnostics, document: {} };
  const members = membersOf(root, '', () => {});
  const { map, other } = serverMapsOf(root);
  if (map && other && !isEmpty(other.value)) {
    const message = `Is left out: the file has "${map.key}" too, and that is what counts`;
    report({ severity: 'warning', at: other.keyAt, keyPath: other.key, message, hint: `Move all servers under "${map.key}"` });
  }
  const servers = map ? readServers(source, map, cwd, report) : [];
  return { servers, settings: settingsOf(top), diagnostics, document: documentOf(members, map) };
}

function isEmpty(given: Node): boolean {
  const value = asObject(given);
  return value.kind === 'object' && value.members.length === 0;
}

function documentOf(members: ReadonlyMap<string, Member>, map: Member | undefined): Readonly<Record<string, unknown>> {
  const rest = [...members.values()].filter((member) => member !== map);
  const top = rest.map(({ key, value }): [string, unknown] => [key, jsonValueOf(value)]);
  return Object.fromEntries(map ? [...top, ['mcpServers', jsonValueOf(map.value)]] : top);
}

function parse(source: Source, report: (issue: Issue) => void): Node | undefined {
  try {
    return parseJson5(source.text);
  } catch (error) {
    if (!(error instanceof Json5SyntaxError)) throw error;
    report({ severity: 'error', at: error.at, keyPath: '', message: error.message });
    return undefined;
  }
}

function readServers(source: Source, map: Member, cwd: string, report: (issue: Issue) => void): ServerEntry[] {
  const { key } = map;
  const value = asObject(map.value);
  if (value.kind !== 'object') {
    const hint = 'Each server stands under its name: { "name": { "command": … } }';
    report({ severity: 'error', at: value.at, keyPath: key, message: `Must be an object, not ${describe(value)}`, hint });
    return [];
  }
  return [...membersOf(value, key, report).values()].map((member) =>
    readServerEntry(source, member.key, member.keyAt, member.value, keyPath(key, member.key), cwd),
  );
}

function settingsOf(values: ValuesOf<typeof settingFields>): Partial<HubSettings> {
  const { maxToolNameLength, startupWait, maxBodySize, sessionIdleTimeout, maxSessions, shutdownTimeout } = values;
  const { allowedHosts, allowedUpstreamHosts, trustedHosts, auth, marketplace } = values;
  return {
    ...(maxToolNameLength !== undefined && { maxToolNameLength }),
    ...(startupWait !== undefined && { startupWaitMs: startupWait }),
    ...(maxBodySize !== undefined && { maxBodyBytes: maxBodySize }),
    ...(sessionIdleTimeout !== undefined && { sessionIdleTimeoutMs: sessionIdleTimeout }),
    ...(maxSessions !== undefined && { maxSessions }),
    ...(shutdownTimeout !== undefined && { shutdownTimeoutMs: shutdownTimeout }),
    ...(allowedHosts !== undefined && { allowedHosts }),
    ...(allowedUpstreamHosts !== undefined && { allowedUpstreamHosts }),
    ...(trustedHosts !== undefined && { trustedHosts }),
    ...(auth !== undefined && { auth }),
    ...(marketplace !== undefined && { marketplace }),
  };
}
