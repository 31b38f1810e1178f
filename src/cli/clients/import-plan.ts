import { isDeepStrictEqual } from 'node:util';
import { REDACTED } from '../../base/index.ts';
import { type Client, isRecord, type Machine, type Place, placesOf, type Scope, type Values, valueAt } from './client.ts';
import { readClientFile } from './client-file.ts';
import { convertEntry } from './convert.ts';
import { readDocument } from './document.ts';
import { isHubEntry } from './own-entry.ts';

/** A server as a client has it. */
export interface FoundServer {
  readonly client: Client;
  readonly name: string;
  readonly raw: unknown;
  readonly file: string;
  readonly scope: Scope;
}

/** What becomes of one server. */
export interface ImportStep {
  /** In the client. */
  readonly name: string;
  readonly file: string;
  readonly outcome: 'added' | 'renamed' | 'overwritten' | 'same' | 'clash' | 'hub' | 'unusable' | 'hidden';
  /** In the hub's config, where it is written. */
  readonly as?: string;
  readonly entry?: Values;
  /** What is not as it was, or why it is skipped. */
  readonly notes: readonly string[];
}

export interface ImportWish {
  readonly found: readonly FoundServer[];
  /** The servers of the hub's config by name. */
  readonly present: Values;
  /** Only these; empty: all. */
  readonly servers: readonly string[];
  readonly onClash: 'skip' | 'rename' | 'overwrite';
  readonly machine: Machine;
  readonly ports: readonly number[];
}

/**
 * The servers in the config files of a client, those first that the client itself prefers.
 *
 * @throws HubError CONFIG_ERROR for a file that cannot be read
 */
export async function findServers(
  client: Client,
  machine: Machine,
  places: readonly Place[] = placesOf(client, machine),
): Promise<readonly FoundServer[]> {
  const ranked: { readonly rank: number; readonly server: FoundServer }[] = [];
  for (const { path, scope } of places) {
    const { bytes, text } = await readClientFile(path);
    if (!bytes) continue;
    const values = readDocument({ file: path, format: client.format, text });
    for (const [index, keys] of client.serverMaps(values, machine).entries()) {
      const map = valueAt(values, keys);
      if (!isRecord(map)) continue;
      const rank = index > 0 ? 0 : scope === 'project' ? 1 : 2;
      for (const [name, raw] of Object.entries(map)) ranked.push({ rank, server: { client, name, raw, file: path, scope } });
    }
  }
  return ranked.sort((one, other) => one.rank - other.rank).map(({ server }) => server);
}

/** What is to become of each server; pure. */
export function planImport(wish: ImportWish): readonly ImportStep[] {
  const taken: Record<string, unknown> = { ...wish.present };
  const seen = new Set<string>();
  const steps: ImportStep[] = [];
  for (const server of wish.found) {
    if (wish.servers.length > 0 && !wish.servers.includes(server.name)) continue;
    const step = seen.has(server.name) ? hidden(server) : planServer(server, wish, taken);
    seen.add(server.name);
    if (step.as !== undefined) taken[step.as] = step.entry;
    steps.push(step);
  }
  return steps;
}

function planServer(server: FoundServer, wish: ImportWish, taken: Values): ImportStep {
  const { name, raw, file, client } = server;
  const step = { name, file };
  if (isHubEntry(name, raw, wish.ports)) return { ...step, outcome: 'hub', notes: ['it is the hub itself'] };
  const { machine } = wish;
  const projectDir = server.scope === 'project' ? machine.cwd : undefined;
  const conversion = convertEntry(raw, client.dialect, { file, projectDir, platform: machine.platform, home: machine.home });
  if (conversion.kind === 'unusable') return { ...step, outcome: 'unusable', notes: [conversion.why] };
  const { entry } = conversion;
  const notes = [...conversion.notes, ...aboutSecrets(entry), ...aboutInputs(entry), ...aboutVariables(entry, machine)];
  if (!Object.hasOwn(taken, name)) return { ...step, outcome: 'added', as: name, entry, notes };
  if (isDeepStrictEqual(taken[name], entry)) return { ...step, outcome: 'same', notes: ['it is there already'] };
  if (wish.onClash === 'overwrite') return { ...step, outcome: 'overwritten', as: name, entry, notes };
  if (wish.onClash === 'skip') {
    return { ...step, outcome: 'clash', notes: ['another server has this name; --rename or --overwrite takes it nevertheless'] };
  }
  return renamed(step, freeName(name, client.id, entry, taken), entry, notes, taken);
}

function renamed(step: Pick<ImportStep, 'name' | 'file'>, as: string, entry: Values, notes: readonly string[], taken: Values): ImportStep {
  if (Object.hasOwn(taken, as)) return { ...step, outcome: 'same', notes: [`it is there already, as "${as}"`] };
  return { ...step, outcome: 'renamed', as, entry, notes: [`its name was taken, so it became "${as}"`, ...notes] };
}

/** `github-cursor`, `github-cursor-2`, …; one under which this very entry stands already is as good as a free one. */
function freeName(name: string, client: string, entry: Values, taken: Values): string {
  const isFree = (candidate: string): boolean => !Object.hasOwn(taken, candidate) || isDeepStrictEqual(taken[candidate], entry);
  let candidate = `${name}-${client}`;
  for (let number = 2; !isFree(candidate); number += 1) candidate = `${name}-${client}-${number}`;
  return candidate;
}

function hidden({ name, file }: FoundServer): ImportStep {
  return { name, file, outcome: 'hidden', notes: ['the client has another one of this name that it prefers'] };
}

/** Values that look like keys are copied as they stand; only their names are told. */
function aboutSecrets({ env, headers }: Values): string[] {
  const names = [env, headers].flatMap((map) =>
    isRecord(map)
      ? Object.entries(map)
          .filter(isSecret)
          .map(([name]) => name)
      : [],
  );
  if (names.length === 0) return [];
  return [`${names.join(', ')}: the value stays where it was and is copied; \${env:…} keeps it out of the file`];
}

function isSecret([name, value]: readonly [string, unknown]): boolean {
  const looksSecret = /token|key|secret|passw|auth|credential|cookie/i.test(name);
  return looksSecret && typeof value === 'string' && value !== '' && value !== REDACTED && !/\$\{|\$</.test(value);
}

function aboutInputs(entry: Values): string[] {
  const ids = [...new Set([...JSON.stringify(entry).matchAll(/\$\{input:([^}]+)\}/g)].map(([, id]) => id))];
  if (ids.length === 0) return [];
  return [
    `it asks for ${ids.map((id) => `\${input:${id}}`).join(', ')}: the answer comes from MCP_HUB_ENV, under the key "input:${ids[0]}"`,
  ];
}

/** Some clients take a variable that is not set for an empty one; the hub does not start a server without it. */
function aboutVariables(entry: Values, { env }: Machine): string[] {
  const names = [...JSON.stringify(entry).matchAll(/\$\{env:(\w+)\}/g)]
    .map(([, name = '']) => name)
    .filter((name) => env[name] === undefined);
  const missing = [...new Set(names)];
  if (missing.length === 0) return [];
  return [`${missing.join(', ')}: not set here; the hub starts the server once it is, in its environment or MCP_HUB_ENV`];
}
