import { closest, HubError } from '../base/index.ts';
import type { ApiClient } from './api-client.ts';
import { type JsonObject, isObject, listOf, memberOf, numberOf, textOf } from './json.ts';
import { plural } from './render.ts';

/** What a server offers, by kind. */
export const KINDS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const;
type Kind = (typeof KINDS)[number];

/** One server, as the management API tells of it. */
export interface ServerInfo {
  readonly name: string;
  readonly status: string;
  /** Why it does not run although nothing is wrong with it; empty when it does, or something is. */
  readonly rest: string;
  readonly error: string;
  /** Why what runs is its entry as it was before its last change; empty when it is not. */
  readonly outdated: string;
  /** The calls that it has at the moment, as `2 calls run, 1 waits`; empty when it has none, or the hub does not tell. */
  readonly load: string;
  /** Seconds. */
  readonly uptime: number;
  readonly offer: Readonly<Record<Kind, readonly JsonObject[]>>;
  /** The object itself, for whoever asked for JSON. */
  readonly object: JsonObject;
}

const RESTS: ReadonlyMap<string, string> = new Map([
  ['idle', 'asleep until its next call'],
  ['lazy', 'asleep until its first call'],
  ['manual', 'waits for "mcp-hub start"'],
]);

/** All servers, in the order of the config. */
export async function allServers(client: ApiClient): Promise<readonly ServerInfo[]> {
  return listOf(await client.get('/api/servers'), 'servers')
    .filter(isObject)
    .map(serverInfo);
}

export function serverInfo(object: JsonObject): ServerInfo {
  const capabilities = memberOf(object, 'capabilities');
  const offered = (kind: Kind): readonly JsonObject[] => listOf(capabilities, kind).filter(isObject);
  return {
    name: textOf(object, 'name'),
    status: textOf(object, 'status'),
    rest: restOf(object),
    error: textOf(object, 'error'),
    outdated: textOf(memberOf(object, 'outdated'), 'reason'),
    load: loadText(memberOf(object, 'load')),
    uptime: numberOf(object, 'uptime') ?? 0,
    offer: {
      tools: offered('tools'),
      prompts: offered('prompts'),
      resources: offered('resources'),
      resourceTemplates: offered('resourceTemplates'),
    },
    object,
  };
}

function loadText(load: unknown): string {
  const running = numberOf(load, 'running') ?? 0;
  const waiting = numberOf(load, 'waiting') ?? 0;
  if (running + waiting === 0) return '';
  return `${plural(running, 'call')} run${running === 1 ? 's' : ''}, ${waiting} wait${waiting === 1 ? 's' : ''}`;
}

function restOf(object: JsonObject): string {
  if (textOf(object, 'status') === 'unauthorized') return `log in with "mcp-hub auth ${textOf(object, 'name')}"`;
  return RESTS.get(textOf(object, 'stopReason')) ?? '';
}

/** The server of that name. @throws HubError SERVER_NOT_FOUND with the closest name */
export function serverNamed(servers: readonly ServerInfo[], name: string): ServerInfo {
  const found = servers.find((server) => server.name === name);
  if (found) return found;
  throw unknownServer(
    name,
    servers.map((server) => server.name),
  );
}

/** SERVER_NOT_FOUND with the closest name. @param where what has no such server */
export function unknownServer(name: string, names: readonly string[], where = 'is configured'): HubError {
  const guess = closest(name, names);
  const advice = guess === undefined ? `Configured are: ${names.join(', ') || 'none'}.` : `Did you mean ${guess}?`;
  return new HubError('SERVER_NOT_FOUND', `No server "${name}" ${where}. ${advice}`, { details: { server: name, servers: names } });
}

/** That its changed entry does not start, for a place where its name stands already; empty when it is not so. */
export function outdatedText({ name, outdated }: Pick<ServerInfo, 'name' | 'outdated'>): string {
  return outdated === '' ? '' : `still the old entry; the new one: ${withoutName({ name, error: outdated })}`;
}

/** What is wrong with a server, for a place where its name stands already. */
export function withoutName({ name, error }: Pick<ServerInfo, 'name' | 'error'>): string {
  const start = `Server "${name}"`;
  return error.startsWith(start) ? error.slice(start.length).replace(/^:?\s*/, '') : error;
}
