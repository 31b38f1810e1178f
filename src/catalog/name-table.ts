import type { JsonObject } from '../protocol/index.ts';
import type { ListPart } from './era-shape.ts';
import { MAX_HASH_LENGTH, type Naming } from './names.ts';
import { type Member, type Offer, rekeyed } from './offer.ts';
import type { CatalogNote, Target } from './view.ts';

/** A tool or prompt under its exposed name. */
interface Named {
  readonly exposed: string;
  readonly target: Target;
  /** As the server sent it, apart from the name. */
  readonly item: JsonObject;
}

/** The tools or the prompts of all servers. */
export interface NameTable {
  readonly items: readonly JsonObject[];
  /** The same, server by server; the same arrays as long as a server's part is the same. */
  readonly parts: readonly ListPart[];
  readonly byExposed: ReadonlyMap<string, Named>;
}

type NamedKind = 'tools' | 'prompts';

export function buildNameTable(kind: NamedKind, members: readonly Member[], naming: Naming, notes: CatalogNote[]): NameTable {
  const byExposed = new Map<string, Named>();
  const parts: ListPart[] = [];
  for (const { serverId, offer } of members) {
    if (!offer) continue;
    const { entries, items } = namedItems(kind, serverId, offer, naming);
    const given = entries.map((entry) => {
      const named = byExposed.has(entry.exposed) ? renamed(kind, entry, naming, byExposed, notes) : entry;
      byExposed.set(named.exposed, named);
      return named;
    });
    parts.push(given.every((named, at) => named === entries[at]) ? items : given.map(({ item }) => item));
  }
  return { byExposed, parts, items: Object.freeze(parts.flat()) };
}

interface NamedItems {
  readonly entries: readonly Named[];
  readonly items: ListPart;
}

interface NamedOffer {
  readonly fingerprint: string;
  readonly tools: NamedItems;
  readonly prompts: NamedItems;
}
/** A change of one server leaves the others' renamed items as they are: the same objects. */
const known = new WeakMap<Offer, NamedOffer>();

function namedItems(kind: NamedKind, serverId: string, offer: Offer, naming: Naming): NamedItems {
  const fingerprint = naming.fingerprint(serverId);
  let named = known.get(offer);
  if (named?.fingerprint !== fingerprint) {
    const all = (kind: NamedKind): NamedItems => {
      const entries = Array.from(offer.byKey[kind], ([name, item]) =>
        withName(kind, naming.exposed(serverId, name), { serverId, name, item }),
      );
      return { entries, items: entries.map(({ item }) => item) };
    };
    named = { fingerprint, tools: all('tools'), prompts: all('prompts') };
    known.set(offer, named);
  }
  return named[kind];
}

function withName(kind: NamedKind, exposed: string, target: Target): Named {
  const item = rekeyed(kind, target.item, exposed);
  if (kind === 'prompts' || item['execution'] === undefined) return { exposed, target, item };
  // How a tool takes part in tasks means nothing where tasks are not offered, as they are not among several servers.
  const { execution: _execution, ...rest } = item;
  return { exposed, target, item: rest };
}

/** An entry whose name another one has already: an accident of hashes, or the intention of a server. */
function renamed(kind: NamedKind, entry: Named, naming: Naming, taken: ReadonlyMap<string, Named>, notes: CatalogNote[]): Named {
  const { target } = entry;
  let length = 8;
  let exposed = entry.exposed;
  while (taken.has(exposed) && length <= MAX_HASH_LENGTH) {
    exposed = naming.exposed(target.serverId, target.name, length);
    length += 2;
  }
  const { serverId, name } = target;
  const reason = `another ${kind === 'tools' ? 'tool' : 'prompt'} is already called ${entry.exposed}; this one is offered as ${exposed}`;
  notes.push({ serverId, kind, name, severity: 'warning', reason });
  return withName(kind, exposed, target);
}
