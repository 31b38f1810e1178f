import { buildAllView } from './all-view.ts';
import { type DisabledItems, disabledNames, withoutDisabled } from './disabled.ts';
import type { Listing } from './listing.ts';
import { createNaming, type SlugCollision } from './names.ts';
import { type Member, offerOf } from './offer.ts';
import { serverView } from './server-view.ts';
import type { CatalogNote, CatalogView } from './view.ts';

/** The merged offer at one moment. Immutable; replaced as a whole when a listing or the configuration changes. */
export interface Catalog {
  /** Everything, under exposed names. */
  readonly all: CatalogView;
  /** One server under its own names; `undefined` when no server of that id is configured. */
  only(serverId: string): CatalogView | undefined;
  /** What is hidden, renamed after a collision, or may give trouble, in config order for each cause. */
  readonly notes: readonly CatalogNote[];
}

interface ConfiguredServer {
  readonly id: string;
  readonly listing?: Listing | undefined;
  /** What of it is not offered; calls of it are refused. */
  readonly disabled?: DisabledItems | undefined;
}

export interface CatalogOptions {
  /** Every configured server, in config order; without a listing while nothing is known of its offer. */
  readonly servers: readonly ConfiguredServer[];
  /** Most characters in an exposed tool or prompt name; at least 16. */
  readonly maxNameLength: number;
}

/**
 * Merges what the servers offer. Work is done once per listing: building again after one server's change costs little
 * more than putting the tables together, and items that did not change are the same objects as before.
 *
 * @throws HubError CONFIG_ERROR when `maxNameLength` is too small
 */
export function buildCatalog({ servers, maxNameLength }: CatalogOptions): Catalog {
  const naming = createNaming({ serverIds: servers.map(({ id }) => id), maxLength: maxNameLength });
  const members = servers.map(memberOf);
  const notes: CatalogNote[] = naming.collisions.map(collisionNote);
  for (const { serverId, offer } of members) {
    for (const finding of offer?.findings ?? []) notes.push({ serverId, ...finding });
  }
  const all = buildAllView(members, naming, notes);
  const views = new Map(members.map((member) => [member.serverId, serverView(member)]));
  return { all, only: (serverId) => views.get(serverId), notes: Object.freeze(notes) };
}

function memberOf({ id, listing, disabled: items }: ConfiguredServer): Member {
  const disabled = disabledNames(items);
  const whole = listing && offerOf(listing);
  return { serverId: id, offer: whole && disabled ? withoutDisabled(whole, disabled) : whole, disabled };
}

function collisionNote({ serverId, otherId, slug }: SlugCollision): CatalogNote {
  const reason = `its name looks like that of ${otherId} once only letters and digits are left; its tools and prompts begin with ${slug}__`;
  return { serverId, kind: 'server', name: serverId, severity: 'warning', reason };
}
