import { describe, expect, it } from 'vitest';
import { EventBudget, type EventOwner, EventStore, type StoredEvent } from '../../src/downstream/event-store.ts';

class Owner implements EventOwner {
  drops = 0;
  readonly #has: boolean;
  constructor(has = false) {
    this.#has = has;
  }
  isSettled(): boolean {
    return this.#has;
  }
  dropped(): void {
    this.drops += 1;
  }
}

const MIB = 1024 * 1024;
const event = (owner: EventOwner, seq: number, { chars = 10, isAwaited = false } = {}): StoredEvent => ({
  owner,
  seq,
  text: 'x'.repeat(chars),
  isAwaited,
  key: undefined,
  atMs: 0,
});
const seqs = (store: EventStore, owner: EventOwner, after = 0): number[] => store.after(owner, after).map(({ seq }) => seq);

describe('EventStore', () => {
  it('gives the events of one stream after a place on it', () => {
    const [store, one, two] = [new EventStore(new EventBudget()), new Owner(), new Owner()];
    for (const seq of [1, 2, 3]) for (const owner of [one, two]) store.add(event(owner, seq));
    expect([seqs(store, one), seqs(store, two, 2), seqs(store, one, 3), seqs(store, new Owner())]).toEqual([[1, 2, 3], [3], [], []]);
  });

  it('gives up old notifications before what somebody waits for', () => {
    const [budget, owner] = [new EventBudget(), new Owner()];
    const store = new EventStore(budget);
    store.add(event(owner, 1, { isAwaited: true }));
    for (let seq = 2; seq <= 257; seq += 1) store.add(event(owner, seq));
    expect(seqs(store, owner).slice(0, 2)).toEqual([1, 3]);
    store.add(event(owner, 258, { chars: 4 * MIB - 10, isAwaited: true }));
    expect(seqs(store, owner)).toEqual([1, 258]);
    store.add(event(owner, 259, { isAwaited: true }));
    expect(seqs(store, owner)).toEqual([258, 259]);
    expect([owner.drops, store.chars, budget.used]).toEqual([257, 4 * MIB, 4 * MIB]);
  });

  it('gives up what its client has before what it has not', () => {
    const [store, has, lacks] = [new EventStore(new EventBudget()), new Owner(true), new Owner()];
    store.add(event(lacks, 1));
    for (let seq = 1; seq <= 255; seq += 1) store.add(event(has, seq, { isAwaited: seq !== 2 }));
    for (const seq of [2, 3]) store.add(event(lacks, seq));
    expect([seqs(store, lacks), seqs(store, has).slice(0, 2)]).toEqual([
      [1, 2, 3],
      [3, 4],
    ]);
  });

  it('drops what is meant, and then holds nothing', () => {
    const [budget, one, two] = [new EventBudget(), new Owner(), new Owner()];
    const store = new EventStore(budget);
    for (const owner of [one, two]) store.add(event(owner, 1));
    store.drop(({ owner }) => owner === one);
    expect([seqs(store, one), seqs(store, two), one.drops, two.drops, budget.used]).toEqual([[], [1], 1, 0, 10]);
    store.drop(() => true);
    expect([store.chars, budget.used, store.dropOne()]).toEqual([0, 0, false]);
  });
});

describe('EventBudget', () => {
  it('takes from the fullest session when all together keep too much', () => {
    const [budget, owner] = [new EventBudget(100), new Owner()];
    const [full, small] = [new EventStore(budget), new EventStore(budget)];
    for (let seq = 1; seq <= 8; seq += 1) full.add(event(owner, seq));
    for (let seq = 1; seq <= 5; seq += 1) small.add(event(owner, seq));
    expect([full.chars, small.chars, budget.used]).toEqual([50, 50, 100]);
    small.add(event(owner, 6, { chars: 40 }));
    expect(budget.used).toBeLessThanOrEqual(100);
    small.add(event(owner, 7, { chars: 500 }));
    expect([budget.used, full.chars + small.chars]).toEqual([budget.used, budget.used]);
    expect(budget.used).toBeLessThanOrEqual(100);
  });
});
