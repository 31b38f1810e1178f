import { describe, expect, it } from 'vitest';
import { isTooDeep, MAX_NESTING } from '../../src/protocol/index.ts';

const nested = (open: string, inner: string, close: string, levels: number): unknown =>
  JSON.parse(open.repeat(levels) + inner + close.repeat(levels));

describe('isTooDeep', () => {
  it.each([
    ['lists', '[', '1', ']'],
    ['objects', '{"a":', '1', '}'],
    ['both, not in the first place', '[0,{"a":1,"b":', '1', '}]'],
  ])('counts %s', (_, open, inner, close) => {
    const perStep = open.replace(/[^[{]/g, '').length;
    expect(isTooDeep(nested(open, inner, close, MAX_NESTING / perStep))).toBe(false);
    expect(isTooDeep(nested(open, inner, close, MAX_NESTING / perStep + 1))).toBe(true);
    expect(isTooDeep(nested(open, inner, close, 20_000))).toBe(true);
  });

  it('takes what has no depth', () => {
    expect([null, 'a', 1, true, [], {}].map(isTooDeep)).toEqual([false, false, false, false, false, false]);
  });
});
