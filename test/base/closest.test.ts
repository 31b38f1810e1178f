import { assert, property, string, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closest } from '../../src/base/index.ts';

describe('closest', () => {
  it.each([
    ['--prot', '--port'],
    ['--confg', '--config'],
    ['--autoshutdown', '--auto-shutdown'],
    ['--wacht', '--watch'],
    ['--nothing-like-it', undefined],
  ])('finds for %s: %s', (word, expected) => {
    expect(closest(word, ['--port', '--config', '--watch', '--auto-shutdown'])).toBe(expected);
  });

  it('finds every word itself', () => {
    const words = uniqueArray(string({ minLength: 1, maxLength: 12 }), { minLength: 1 });
    const findsAll = property(words, (list) => {
      expect(list.map((word) => closest(word, list))).toEqual(list);
    });
    expect(() => assert(findsAll)).not.toThrow();
  });
});
