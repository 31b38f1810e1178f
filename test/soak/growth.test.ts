import { describe, expect, it } from 'vitest';
import { growthOf, median } from './growth.ts';

it('the median is the middle one, or between the two', () => {
  expect([median([]), median([3]), median([9, 1, 5]), median([1, 9, 3, 5])]).toEqual([0, 3, 5, 4]);
});

describe('growth', () => {
  /** Sixty values: each fifth has its own. */
  const run = (...fifths: readonly number[]): number[] => fifths.flatMap((value) => Array.from({ length: 12 }, () => value));

  it('compares the last fifth with the second', () => {
    expect(growthOf(run(10, 100, 200, 300, 129))).toEqual({ early: 100, late: 129, limit: expect.closeTo(128), isFlat: false });
    expect(growthOf(run(10, 100, 200, 300, 128 - 1e-6)).isFlat).toBe(true);
    expect(growthOf(run(300, 100, 100, 100, 60)).isFlat).toBe(true);
  });

  it('is not misled by single values', () => {
    const values = run(100, 100, 100, 100, 100);
    for (const at of [50, 53, 59]) values[at] = 400;
    expect(growthOf(values)).toMatchObject({ late: 100, isFlat: true });
  });
});
