/** What can be in a {@link LiveSet}; in one at a time. */
export interface Placed {
  /** Where it stands in the set; the set's alone. */
  place?: number | undefined;
}

/**
 * Things that come and go with every call, in no order. A Set would do, but for this: the table that a Set or a Map outgrows points to
 * the next one, and so V8's young collections keep what was in each of them, until the next full one; as good as every call was.
 */
export class LiveSet<T extends Placed> implements Iterable<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    if (item.place !== undefined) return;
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** False when it is not in. */
  delete(item: T): boolean {
    const { place } = item;
    if (place === undefined || this.#items[place] !== item) return false;
    item.place = undefined;
    const last = this.#items.pop();
    if (last && last !== item) {
      this.#items[place] = last;
      last.place = place;
    }
    return true;
  }

  /** Those that are in now, whatever becomes of them meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#items].values();
  }
}
