import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closest } from '../../src/cli/closest.ts';

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
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 12 }), { minLength: 1 }), (words) =>
        words.every((word) => closest(word, words) === word),
      ),
    );
  });
});
