import { closest, HubError } from '../base/index.ts';
import { type JsonObject, textOf } from './json.ts';
import { type ServerInfo, serverNamed } from './servers.ts';

/** A tool or prompt with the server that offers it. */
export interface Offered {
  /** As clients of the hub see it: `server__name`; `server/name` where that is not known here. */
  readonly exposed: string;
  readonly server: string;
  /** The server's own name for it. */
  readonly original: string;
  readonly object: JsonObject;
}

/** Tools or prompts of all servers, or of one. @throws HubError SERVER_NOT_FOUND */
export function offeredBy(servers: readonly ServerInfo[], kind: 'tools' | 'prompts', server?: string): readonly Offered[] {
  const names = servers.map(({ name }) => name);
  const from = server === undefined ? servers : [serverNamed(servers, server)];
  return from.flatMap(({ name, offer }) =>
    offer[kind].map((object) => {
      const original = textOf(object, 'name');
      return { exposed: textOf(object, 'exposedName') || exposedName(name, original, names), server: name, original, object };
    }),
  );
}

/**
 * What a person means by a name: `server__name` as clients see it, `server/name`, or the name alone where one server only has it.
 *
 * @throws HubError TOOL_NOT_FOUND or PROMPT_NOT_FOUND, with the closest names
 */
export function findOffered(offered: readonly Offered[], name: string, kind: 'tools' | 'prompts'): Offered {
  const exact = offered.find(({ exposed, server, original }) => name === exposed || name === `${server}/${original}`);
  if (exact) return exact;
  const alike = offered.filter(({ original }) => original === name);
  if (alike.length === 1 && alike[0]) return alike[0];
  const word = kind === 'tools' ? 'tool' : 'prompt';
  const code = kind === 'tools' ? 'TOOL_NOT_FOUND' : 'PROMPT_NOT_FOUND';
  if (alike.length > 1) {
    const choice = alike.map(({ exposed }) => exposed).join(', ');
    throw new HubError(code, `Several servers offer a ${word} "${name}". Say which: ${choice}.`, { details: { [word]: name } });
  }
  const guess =
    closest(
      name,
      offered.map(({ exposed }) => exposed),
    ) ??
    offered.find(
      ({ original }) =>
        original ===
        closest(
          name,
          offered.map((one) => one.original),
        ),
    )?.exposed;
  const list = kind === 'tools' ? ' "mcp-hub tools" lists them all.' : ' "mcp-hub servers <name>" lists what a server has.';
  throw new HubError(code, `No ${word} "${name}" is offered.${guess === undefined ? list : ` Did you mean ${guess}?`}`, {
    details: { [word]: name },
  });
}

/** The length up to which no hub shortens a name unless its config says less. */
const MAX_PLAIN_LENGTH = 54;

/**
 * As the hub makes it, where that is the plain form. Names that clash, are too long or hold other characters have a hash in
 * them, which only the hub knows; such a one is shown as `server/name`, which every command takes as well.
 */
function exposedName(server: string, original: string, servers: readonly string[]): string {
  const own = slugOf(server);
  const plain = `${own}__${original}`;
  const rivals = servers.filter((other) => other !== server).map(slugOf);
  const isClear = rivals.every((slug) => slug !== own && (slug.length < own.length || !plain.startsWith(`${slug}__`)));
  return isClear && plain.length <= MAX_PLAIN_LENGTH && /^[\w-]+$/.test(original) ? plain : `${server}/${original}`;
}

function slugOf(server: string): string {
  return server.replace(/[^a-zA-Z0-9]/g, '_');
}
