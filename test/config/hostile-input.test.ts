import { describe, expect, it } from 'vitest';
import { editServers, maskedDiff, maskEntry, parseJson5 } from '../../src/config/index.ts';

const SIZE = 100_000;
/** Texts of one pattern, on which a search that starts over and over would not come to an end. */
const patterns: readonly string[] = [
  'a',
  ' ',
  '"',
  "'",
  '?',
  '&',
  '=',
  '-',
  ':',
  '/',
  '\\',
  '//',
  '/*',
  '${',
  '$<cmd:',
  '{',
  '}',
  ':-',
  'eyJ-',
  'a=',
  'token=',
  '@',
  '://',
  '#',
  '\n',
  '// token: a\n',
];

const long = (pattern: string): string => pattern.repeat(Math.ceil(SIZE / pattern.length));
const quietly = (work: () => unknown): void => {
  try {
    work();
  } catch {
    // Expected: most of it is not JSON5.
  }
};

describe('a text that is made to keep the hub busy', () => {
  it.each(patterns)('%j is masked in time', (pattern) => {
    const text = long(pattern);
    const startedMs = performance.now();
    maskEntry({
      command: text,
      args: [text, `--x=${text}`],
      url: `https://x.org/${text}`,
      env: { A: text, B: `\${A:-${text}}` },
      token: text,
    });
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  it.each(patterns)('%j is read and edited in time', async (pattern) => {
    const text = long(pattern);
    const startedMs = performance.now();
    for (const document of [text, `{"a": ${JSON.stringify(text)}}`, `{ /* ${text}`, `{ // ${text}`, `{ "a": ${text}`, `{ ${text}`]) {
      quietly(() => parseJson5(document));
      quietly(() => editServers('c.json', document, [{ kind: 'set', name: 'x', entry: { command: text } }]));
    }
    await maskedDiff('c.json', '{}', `{ // ${text}\n}`, [{ env: { A: 'short' } }]);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
