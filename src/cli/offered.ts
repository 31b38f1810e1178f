import { closest, HubError, jsonText } from '../base/index.ts';
import { type JsonObject, memberOf, textOf, textsOf } from './json.ts';
import type { HubLink } from './mcp/connect.ts';
import { allServers, type ServerInfo, withoutName as reasonOf } from './servers.ts';

export type OfferedKind = 'tools' | 'prompts';

/** A tool or prompt as clients of the hub see it, with the server that it comes from, where that can be told. */
export interface Offered {
  /** Its name on `/mcp`. */
  readonly exposed: string;
  readonly server: string | undefined;
  /** The server's own name for it. */
  readonly original: string | undefined;
  /** As it stands in the list of `/mcp`. */
  readonly object: JsonObject;
}

/** Where a call goes: to `/mcp`, or to the endpoint of one server. */
export interface Target {
  readonly server?: string;
  readonly name: string;
  readonly object: JsonObject;
}

/** What one server offers, under its own names. */
export interface ServerOffer {
  readonly server: string;
  readonly items: readonly JsonObject[];
}

/** All tools or prompts with where they come from. */
export async function allOffered({ api, mcp }: HubLink, kind: OfferedKind): Promise<readonly Offered[]> {
  const listsOf = (servers: readonly ServerInfo[]): Promise<readonly ServerOffer[]> =>
    Promise.all(
      servers.map(async ({ name: server, status, offer }) => {
        // Expected: SERVER_NOT_CONNECTED and the like. Such a server may still have on /mcp what it had; one that starts would be waited for.
        const items = status === 'connected' ? await mcp.list(kind, server).catch(() => offer[kind]) : offer[kind];
        return { server, items };
      }),
    );
  const [exposed, offers] = await Promise.all([mcp.list(kind), allServers(api).then(listsOf)]);
  return withSources(exposed, offers);
}

/**
 * Finds out where each item of `/mcp` comes from. Its list has those of the servers one after the other, in the order of the
 * config, each item as it is but for its name.
 */
export function withSources(exposed: readonly JsonObject[], offers: readonly ServerOffer[]): readonly Offered[] {
  const originals = offers.flatMap(({ server, items }) => items.map((object) => ({ server, original: textOf(object, 'name'), object })));
  const found: Offered[] = [];
  let at = 0;
  for (const object of exposed) {
    const text = withoutName(object);
    const source = originals.findIndex((one, index) => index >= at && withoutName(one.object) === text);
    const { server, original } = originals[source] ?? {};
    found.push({ exposed: textOf(object, 'name'), server, original, object });
    if (source >= 0) at = source + 1;
  }
  return found;
}

function withoutName({ name: _name, ...rest }: JsonObject): string {
  return jsonText(rest);
}

/**
 * What a person means by a name: the one that clients see, `server/name`, or the name alone where one server only has it.
 *
 * @throws HubError TOOL_NOT_FOUND or PROMPT_NOT_FOUND with the closest names, or why the named server cannot tell
 */
export async function locate(hub: HubLink, kind: OfferedKind, name: string): Promise<Target> {
  const exposed = (await hub.mcp.list(kind)).find((object) => textOf(object, 'name') === name);
  if (exposed) return { name, object: exposed };
  const servers = await allServers(hub.api);
  // A slash may stand in the name of a server, and in that of a tool.
  for (const { name: server } of servers.filter((one) => name.startsWith(`${one.name}/`))) {
    const own = name.slice(server.length + 1);
    const object = (await hub.mcp.list(kind, server)).find((one) => textOf(one, 'name') === own);
    if (object) return { server, name: own, object };
  }
  await refuseAbsent(hub, kind, name, servers);
  const { server, original, exposed: ownName, object } = findOffered(await allOffered(hub, kind), name, kind);
  return server === undefined || original === undefined ? { name: ownName, object } : { server, name: original, object };
}

/** What a config switches off is in no list, nor is what a server has that never ran. @throws HubError that says so, when `name` is such a tool or prompt */
async function refuseAbsent(hub: HubLink, kind: OfferedKind, name: string, servers: readonly ServerInfo[]): Promise<void> {
  for (const info of servers) {
    const server = info.name;
    const start = [`${server}/`, `${server.replace(/[^a-zA-Z0-9]/g, '_')}__`].find((text) => name.startsWith(text));
    if (start === undefined) continue;
    const own = name.slice(start.length);
    if (await isDisabled(hub, { kind, server, name: own })) throw disabled({ kind, server, name: own });
    if (info.status !== 'connected' && info.offer[kind].length === 0) throw notThere(info, WORDS[kind].word, own);
  }
}

function notThere(info: ServerInfo, word: string, own: string): HubError {
  const why =
    info.status === 'disabled'
      ? `it is disabled; "mcp-hub enable ${info.name}" changes that.`
      : info.rest || reasonOf(info) || `it is ${info.status}.`;
  const message = `Nobody knows whether server "${info.name}" has a ${word} "${own}", since it has not run: ${why}`;
  return new HubError('SERVER_NOT_CONNECTED', message, { details: { server: info.name, [word]: own } });
}

interface Named {
  readonly kind: OfferedKind;
  readonly server: string;
  readonly name: string;
}

async function isDisabled({ api }: HubLink, { kind, server, name }: Named): Promise<boolean> {
  // Expected: an entry that somebody has just removed.
  const answer = await api.get(`/api/servers/${encodeURIComponent(server)}/config`).catch(() => undefined);
  return textsOf(memberOf(memberOf(answer, 'config'), `disabled_${kind}`)).includes(name);
}

function disabled({ kind, server, name }: Named): HubError {
  const { word, code } = WORDS[kind];
  const message = `The ${word} "${name}" is disabled in the config: "disabled_${kind}" of server "${server}" names it.`;
  return new HubError(code, message, { details: { [word]: name, server, disabledBy: `disabled_${kind}` } });
}

const WORDS = {
  tools: { word: 'tool', code: 'TOOL_NOT_FOUND' },
  prompts: { word: 'prompt', code: 'PROMPT_NOT_FOUND' },
} as const;

/** The one of `offered` that a name means, as for {@link locate}. @throws HubError TOOL_NOT_FOUND or PROMPT_NOT_FOUND */
export function findOffered(offered: readonly Offered[], name: string, kind: OfferedKind): Offered {
  const exact = offered.find(({ exposed, server, original }) => name === exposed || name === `${server}/${original}`);
  if (exact) return exact;
  const alike = offered.filter(({ original }) => original === name);
  if (alike.length === 1 && alike[0]) return alike[0];
  const { word, code } = WORDS[kind];
  if (alike.length > 1) {
    const choice = alike.map(({ exposed }) => exposed).join(', ');
    throw new HubError(code, `Several servers offer a ${word} "${name}". Say which: ${choice}.`, { details: { [word]: name } });
  }
  const guess = guessFor(name, offered);
  const list = kind === 'tools' ? ' "mcp-hub tools" lists them all.' : ' "mcp-hub servers <name>" lists what a server has.';
  throw new HubError(code, `No ${word} "${name}" is offered.${guess === undefined ? list : ` Did you mean ${guess}?`}`, {
    details: { [word]: name },
  });
}

function guessFor(name: string, offered: readonly Offered[]): string | undefined {
  const near = closest(name, [...offered.map(({ exposed }) => exposed), ...offered.map(({ server, original }) => `${server}/${original}`)]);
  if (near !== undefined) return near;
  const own = closest(
    name,
    offered.flatMap(({ original }) => original ?? []),
  );
  return offered.find(({ original }) => own !== undefined && original === own)?.exposed;
}
