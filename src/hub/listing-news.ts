import { isDeepStrictEqual } from 'node:util';
import type { Disposable } from '../base/index.ts';
import type { Listing } from '../catalog/index.ts';
import type { ListKind } from '../protocol/index.ts';
import type { PoolEvents, Upstream } from '../upstream/index.ts';
import type { Publish, SubscriptionEvent } from './news.ts';

/** What {@link ListingNews} needs of the servers. */
export interface ListingSource {
  get(id: string): Upstream | undefined;
  on(name: 'listing', listener: (event: PoolEvents['listing']) => void): Disposable;
}

/**
 * Tells when what a server offers changes, kind by kind and only when the content did. The first offer of a server is no
 * change: that it is ready is told otherwise. Neither is that a stopped one offers nothing; when it comes back, its offer is
 * compared with the last one that was seen.
 */
export class ListingNews implements Disposable {
  readonly #servers: ListingSource;
  readonly #publish: Publish;
  readonly #seen = new WeakMap<Upstream, Listing>();
  #subscription: Disposable | undefined;

  constructor(servers: ListingSource, publish: Publish) {
    this.#servers = servers;
    this.#publish = publish;
  }

  start(): void {
    this.#subscription = this.#servers.on('listing', (event) => this.#compare(event));
  }

  dispose(): void {
    this.#subscription?.dispose();
  }

  #compare({ id, listing }: PoolEvents['listing']): void {
    const upstream = this.#servers.get(id);
    if (!upstream || !listing) return;
    const before = this.#seen.get(upstream);
    this.#seen.set(upstream, listing);
    if (!before) return;
    for (const data of listingChanges(id, before, listing)) this.#publish({ name: 'subscription_event', data });
  }
}

/** The events for what differs between two offers of one server, each with the whole new list. */
function listingChanges(server: string, before: Listing, { items }: Listing): readonly SubscriptionEvent[] {
  const differs = (kind: ListKind): boolean => {
    const old = before.items[kind];
    return old !== items[kind] && !isDeepStrictEqual(old, items[kind]);
  };
  const { tools, resources, resourceTemplates, prompts } = items;
  const events: SubscriptionEvent[] = [];
  if (differs('tools')) events.push({ type: 'tool_list_changed', server, tools });
  if (differs('resources') || differs('resourceTemplates'))
    events.push({ type: 'resource_list_changed', server, resources, resourceTemplates });
  if (differs('prompts')) events.push({ type: 'prompt_list_changed', server, prompts });
  return events;
}
