import type { ExactNumber } from './json-text.ts';

/** One that is an {@link ExactNumber} is found by that very object alone: nobody here counts so far. */
type Id = string | number | ExactNumber;

const FIRST_SIZE = 64;
/** No id: they are counted from 1. */
const NONE = 0;

/**
 * What waits under ids that are counted up, for a short time each: found by the last bits of the id. What waits for long, so that its place
 * is wanted by another, and what has another kind of id, is kept in a Map. For why not everything is, see {@link LiveSet}.
 */
export class IdMap<T> {
  #ids = idsOf(FIRST_SIZE);
  #values: (T | undefined)[] = valuesOf(FIRST_SIZE);
  #placed = 0;
  readonly #rest = new Map<Id, T>();

  get size(): number {
    return this.#placed + this.#rest.size;
  }

  get(id: Id): T | undefined {
    const place = this.#placeOf(id);
    return place < 0 ? this.#rest.get(id) : this.#values[place];
  }

  has(id: Id): boolean {
    return this.#placeOf(id) >= 0 || this.#rest.has(id);
  }

  /** Each id is set once. */
  set(id: Id, value: T): void {
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id <= NONE) return void this.#rest.set(id, value);
    if (this.#placed * 2 >= this.#ids.length) this.#grow();
    this.#put(id, value);
  }

  /** What was there. */
  delete(id: Id): T | undefined {
    const place = this.#placeOf(id);
    if (place < 0) {
      const value = this.#rest.get(id);
      this.#rest.delete(id);
      return value;
    }
    const value = this.#values[place];
    this.#ids[place] = NONE;
    this.#values[place] = undefined;
    this.#placed -= 1;
    return value;
  }

  clear(): void {
    this.#ids.fill(NONE);
    this.#values.fill(undefined);
    this.#placed = 0;
    this.#rest.clear();
  }

  /** In the order of the ids; those of another kind last. */
  entries(): readonly (readonly [Id, T])[] {
    const all: (readonly [Id, T])[] = [...this.#rest];
    for (const [place, id] of this.#ids.entries()) {
      const value = this.#values[place];
      if (id !== NONE && value !== undefined) all.push([id, value]);
    }
    return all.toSorted(([one], [other]) => orderOf(one) - orderOf(other));
  }

  /** In the order of {@link entries}. */
  values(): readonly T[] {
    return this.entries().map(([, value]) => value);
  }

  #placeOf(id: Id): number {
    if (typeof id !== 'number') return -1;
    const place = id & (this.#ids.length - 1);
    return id !== NONE && this.#ids[place] === id ? place : -1;
  }

  #put(id: number, value: T): void {
    const place = id & (this.#ids.length - 1);
    const before = this.#ids[place] ?? NONE;
    const longer = this.#values[place];
    if (before === NONE) this.#placed += 1;
    else if (longer !== undefined) this.#rest.set(before, longer);
    this.#ids[place] = id;
    this.#values[place] = value;
  }

  #grow(): void {
    const [ids, values] = [this.#ids, this.#values];
    this.#ids = idsOf(ids.length * 2);
    this.#values = valuesOf(ids.length * 2);
    this.#placed = 0;
    for (const [place, id] of ids.entries()) {
      const value = values[place];
      if (id !== NONE && value !== undefined) this.#put(id, value);
    }
  }
}

const idsOf = (length: number): number[] => Array.from({ length }, () => NONE);
const valuesOf = <T>(length: number): (T | undefined)[] => Array.from({ length }, () => undefined);
const orderOf = (id: Id): number => (typeof id === 'number' ? id : Number.POSITIVE_INFINITY);
