import type { JsonObject } from '../protocol/index.ts';
import type { ListPart } from './era-shape.ts';
import { type Naming, SEPARATOR } from './names.ts';
import { type Member, rekeyed } from './offer.ts';
import type { CatalogNote, UriTarget } from './view.ts';

/** The resources or the resource templates of all servers. */
export interface UriTable {
  readonly items: readonly JsonObject[];
  /** The same, server by server; the same arrays as long as a server's part is the same. */
  readonly parts: readonly ListPart[];
  /** The server that a URI certainly means: it is listed under it, or the URI begins with the server's slug. */
  exact(uri: string): UriTarget | undefined;
}

type UriKind = 'resources' | 'resourceTemplates';

/**
 * URIs stay as they are; one that an earlier server lists too becomes `<slug>__<uri>`. So does one that begins with
 * some server's `<slug>__` on its own account: that form belongs to its server.
 */
export function buildUriTable(kind: UriKind, members: readonly Member[], naming: Naming, notes: CatalogNote[]): UriTable {
  const byExposed = new Map<string, UriTarget>();
  const parts: ListPart[] = [];
  const prefixes = prefixesOf(members, naming);
  const prefixed = (serverId: string, uri: string): string => naming.slug(serverId) + SEPARATOR + uri;
  const isReserved = (uri: string): boolean => prefixes.some(({ prefix }) => uri.startsWith(prefix));

  function add(serverId: string, uri: string, item: JsonObject): JsonObject {
    let exposed = isReserved(uri) ? prefixed(serverId, uri) : uri;
    const holder = byExposed.get(exposed);
    while (byExposed.has(exposed)) exposed = prefixed(serverId, exposed);
    byExposed.set(exposed, { serverId, uri, exact: true });
    if (holder)
      notes.push({
        serverId,
        kind,
        name: uri,
        severity: 'warning',
        reason: `${holder.serverId} lists it too; this one is listed as ${exposed}`,
      });
    return exposed === uri ? item : rekeyed(kind, item, exposed);
  }
  for (const { serverId, offer } of members) {
    if (!offer) continue;
    const own = offer.items[kind];
    const items = Array.from(offer.byKey[kind], ([uri, item]) => add(serverId, uri, item));
    parts.push(items.length === own.length && items.every((item, at) => item === own[at]) ? own : items);
  }

  return {
    parts,
    items: Object.freeze(parts.flat()),
    exact: (uri) => byExposed.get(uri) ?? byPrefix(uri, prefixes),
  };
}

interface Prefix {
  readonly serverId: string;
  readonly prefix: string;
}

/** Longest first: with slugs `a` and `a__b`, what begins with `a__b__` means the second. */
function prefixesOf(members: readonly Member[], naming: Naming): readonly Prefix[] {
  return members
    .map(({ serverId }) => ({ serverId, prefix: naming.slug(serverId) + SEPARATOR }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
}

function byPrefix(uri: string, prefixes: readonly Prefix[]): UriTarget | undefined {
  const found = prefixes.find(({ prefix }) => uri.startsWith(prefix));
  return found && { serverId: found.serverId, uri: uri.slice(found.prefix.length), exact: true };
}
