import picomatch from 'picomatch';
import { expect, it } from 'vitest';
import { patternProblem } from '../../src/config/dev-patterns.ts';
import { DEFAULT_DEV_WATCH } from '../../src/config/schema.ts';

it.each([
  ...DEFAULT_DEV_WATCH,
  'src',
  'src/**/*.{js,ts}',
  '!**/*.test.js',
  '../shared/**/*.js',
  '**/*-*.*',
  '@(a|b)/?(x).js',
  'a+b.js',
  '[(].js',
  String.raw`\(a\).js`,
  '+(ab).js',
  '*([a-z]).js',
  '!(*.min).js',
])('takes %s, which no name makes slow', (glob) => {
  expect(patternProblem(glob)).toBeUndefined();
  const startMs = performance.now();
  picomatch(glob)(`${'a'.repeat(200)}/${'a-'.repeat(100)}`);
  expect(performance.now() - startMs).toBeLessThan(2_000);
});

it.each([
  ['(a+)+.ts', 'parentheses'],
  ['src/(a|b).ts', 'parentheses'],
  ['+(a*)b', 'Repeats'],
  ['+(!(b))b', 'Repeats'],
  ['*(+(a))', 'Repeats'],
  ['+(a|[a-z])b', 'Repeats'],
  ['{+({a,aa}),x}b', 'Repeats'],
  ['*a*a*a*a*b', 'more than 3'],
  ['{*a,*b}{*c,*d}', 'more than 3'],
  ['**/a/**/a/**/a/**/a/**/b', 'more than 4'],
])('refuses %s', (glob, words) => {
  expect(patternProblem(glob)?.message).toContain(words);
});
