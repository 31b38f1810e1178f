import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdMap, LiveSet, type Placed } from '../../src/base/index.ts';

describe('IdMap', () => {
  it('holds what a Map holds, whatever comes and goes', () => {
    const id = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom('a', 'b', -1, 0, 1.5, 2 ** 40));
    const step = fc.record({ id, isGone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const map = new IdMap<object>();
        const model = new Map<string | number, object>();
        for (const { id: key, isGone } of steps) {
          expect(map.get(key)).toBe(model.get(key));
          expect(map.has(key)).toBe(model.has(key));
          const value = isGone ? undefined : (model.get(key) ?? {});
          const gone = isGone ? map.delete(key) : model.get(key);
          expect(gone).toBe(model.get(key));
          if (value && !model.has(key)) map.set(key, value);
          if (value) model.set(key, value);
          else model.delete(key);
          expect(map.size).toBe(model.size);
        }
        expect(new Map(map.entries())).toEqual(model);
        expect(map.values()).toHaveLength(model.size);
        map.clear();
        expect([map.size, map.entries()]).toEqual([0, []]);
      }),
    );
  });

  it('keeps what waits for long while others pass by, and tells in the order of the ids', () => {
    const map = new IdMap<string>();
    map.set(3, 'long');
    for (let id = 4; id < 10_000; id += 1) {
      map.set(id, `short ${id}`);
      if (id > 5) map.delete(id - 2);
    }
    expect(map.entries()).toEqual([
      [3, 'long'],
      [9_998, 'short 9998'],
      [9_999, 'short 9999'],
    ]);
  });
});

describe('LiveSet', () => {
  it('holds what a Set holds', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 9 }), fc.boolean()), { maxLength: 60 }), (steps) => {
        const items: Placed[] = Array.from({ length: 10 }, () => ({}));
        const set = new LiveSet<Placed>();
        const model = new Set<Placed>();
        for (const [at, isGone] of steps) {
          const item = items[at] ?? {};
          const isIn = model.has(item);
          const wasIn = isGone ? set.delete(item) : isIn;
          expect(wasIn).toBe(isIn);
          if (isGone) model.delete(item);
          else {
            set.add(item);
            model.add(item);
          }
          expect(set.size).toBe(model.size);
        }
        expect(new Set(set)).toEqual(model);
      }),
    );
  });

  it('is gone through as it was when that began', () => {
    const set = new LiveSet<Placed>();
    const items: Placed[] = [{}, {}, {}];
    for (const item of items) set.add(item);
    let seen = 0;
    for (const item of set) {
      set.delete(item);
      seen += 1;
    }
    expect([seen, set.size]).toEqual([3, 0]);
  });
});
