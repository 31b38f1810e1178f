/** One client's things, oldest first. */
interface Lane<T> {
  readonly group: string;
  readonly client: string;
  readonly items: Set<T>;
}

/**
 * What waits, of many clients in groups. Groups take turns, in each of them its clients do, and of one client what came
 * first goes first; so nobody waits longer because somebody else asks for much. Everything but {@link takeFromLongest} takes constant time.
 */
export class FairQueue<T> {
  /** Whose turn it is stands first, on both levels. */
  readonly #groups = new Map<string, Map<string, Lane<T>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How much waits of one client. */
  sizeOf(group: string, client: string): number {
    return this.#groups.get(group)?.get(client)?.items.size ?? 0;
  }

  add(group: string, client: string, item: T): void {
    const clients = this.#groups.get(group) ?? new Map<string, Lane<T>>();
    const lane = clients.get(client) ?? { group, client, items: new Set<T>() };
    lane.items.add(item);
    clients.set(client, lane);
    this.#groups.set(group, clients);
    this.#size += 1;
  }

  /** Takes out what has to go next. */
  take(): T | undefined {
    for (const [group, clients] of this.#groups) {
      for (const [client, { items }] of clients) {
        for (const item of items) {
          this.#remove(group, client, item);
          toEnd(clients, client);
          toEnd(this.#groups, group);
          return item;
        }
      }
    }
    return undefined;
  }

  /** Takes out something that does not wait any more. */
  delete(group: string, client: string, item: T): void {
    if (this.#groups.get(group)?.get(client)?.items.has(item)) this.#remove(group, client, item);
  }

  /** Takes out the newest of the client that has the most waiting, if that are at least `least`. */
  takeFromLongest(least: number): T | undefined {
    let longest: Lane<T> | undefined;
    for (const clients of this.#groups.values()) {
      for (const lane of clients.values()) if (lane.items.size > (longest?.items.size ?? 0)) longest = lane;
    }
    if (!longest || longest.items.size < least) return undefined;
    const newest = [...longest.items].at(-1);
    if (newest !== undefined) this.#remove(longest.group, longest.client, newest);
    return newest;
  }

  #remove(group: string, client: string, item: T): void {
    const clients = this.#groups.get(group);
    const items = clients?.get(client)?.items;
    if (!clients || !items?.delete(item)) return;
    this.#size -= 1;
    if (items.size === 0) clients.delete(client);
    if (clients.size === 0) this.#groups.delete(group);
  }
}

function toEnd<V>(map: Map<string, V>, key: string): void {
  const value = map.get(key);
  if (value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
