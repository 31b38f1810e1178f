import { isObject, type JsonObject, type ListKind, metaOf } from '../protocol/index.ts';
import { lintItem } from './lint.ts';
import type { DisabledNames } from './disabled.ts';
import type { Finding } from './lint-schema.ts';
import type { Listing } from './listing.ts';

/** A finding and the item that it is about. */
interface ItemFinding extends Finding {
  readonly kind: ListKind;
  readonly name: string;
}

/** The fit part of one listing, under the server's own names. */
export interface Offer {
  readonly listing: Listing;
  /** Items as they came, without the hidden ones; the listing's own array when nothing is hidden. */
  readonly items: Readonly<Record<ListKind, readonly JsonObject[]>>;
  /** By name, URI or template: whatever a call says to mean the item. */
  readonly byKey: Readonly<Record<ListKind, ReadonlyMap<string, JsonObject>>>;
  /** `ui://` resources that the tools name; they need not be listed (MCP Apps). */
  readonly uiUris: ReadonlySet<string>;
  readonly findings: readonly ItemFinding[];
}

/** One configured server, and what it offers if that is known yet. */
export interface Member {
  readonly serverId: string;
  /** Without what is disabled. */
  readonly offer: Offer | undefined;
  readonly disabled: DisabledNames | undefined;
}

/** The field that a call says to mean an item. */
const keyField: Readonly<Record<ListKind, 'name' | 'uri' | 'uriTemplate'>> = {
  tools: 'name',
  prompts: 'name',
  resources: 'uri',
  resourceTemplates: 'uriTemplate',
};

const NO_FINDINGS: readonly Finding[] = Object.freeze([]);
const known = new WeakMap<Listing, Offer>();

/** The offer in a listing; worked out once per listing. */
export function offerOf(listing: Listing): Offer {
  let offer = known.get(listing);
  if (!offer) {
    offer = makeOffer(listing);
    known.set(listing, offer);
  }
  return offer;
}

/** Whether there is nothing to say of any item of a listing. */
export function isFit(listing: Listing): boolean {
  return offerOf(listing).findings.length === 0;
}

/** What a call says to mean this item. Only for items that an {@link Offer} kept: there the field is a string. */
function keyOf(kind: ListKind, item: JsonObject): string {
  const key = item[keyField[kind]];
  return typeof key === 'string' ? key : '';
}

/** The item under another name or URI, otherwise as it came. */
export function rekeyed(kind: ListKind, item: JsonObject, key: string): JsonObject {
  return { ...item, [keyField[kind]]: key };
}

function makeOffer(listing: Listing): Offer {
  const findings: ItemFinding[] = [];
  const byKey = {
    tools: sift('tools', listing, findings),
    prompts: sift('prompts', listing, findings),
    resources: sift('resources', listing, findings),
    resourceTemplates: sift('resourceTemplates', listing, findings),
  };
  const all = (kind: ListKind): readonly JsonObject[] =>
    byKey[kind].size === listing.items[kind].length ? listing.items[kind] : [...byKey[kind].values()];
  return {
    listing,
    byKey,
    items: { tools: all('tools'), prompts: all('prompts'), resources: all('resources'), resourceTemplates: all('resourceTemplates') },
    uiUris: new Set([...byKey.tools.values()].map(uiUriOf).filter((uri) => uri !== undefined)),
    findings,
  };
}

/** The items that may be listed, by key; of items with the same key the first. */
function sift(kind: ListKind, listing: Listing, findings: ItemFinding[]): ReadonlyMap<string, JsonObject> {
  const kept = new Map<string, JsonObject>();
  for (const [index, item] of listing.items[kind].entries()) {
    const found = listing.isFit ? NO_FINDINGS : lintItem(kind, item);
    const key = isObject(item) ? keyOf(kind, item) : '';
    const name = key === '' ? `#${index + 1}` : key;
    findings.push(...found.map((finding) => ({ ...finding, kind, name })));
    if (found.some(({ severity }) => severity === 'hidden')) continue;
    if (kept.has(key)) findings.push({ severity: 'hidden', reason: 'the server lists it twice; the first one counts', kind, name });
    else kept.set(key, item);
  }
  return kept;
}

/** The `ui://` resource that shows a tool's results, in the present spelling or the older flat one. */
function uiUriOf(tool: JsonObject): string | undefined {
  const meta = metaOf(tool);
  const ui = meta?.['ui'];
  const uri = (isObject(ui) ? ui['resourceUri'] : undefined) ?? meta?.['ui/resourceUri'];
  return typeof uri === 'string' ? uri : undefined;
}
