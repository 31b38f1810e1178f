import { expect, it } from 'vitest';
import { takeConsole } from '../../src/cli/take-console.ts';

it('hears what libraries print, as one text, and prints nothing', () => {
  const printed: unknown[] = [];
  const print = (...words: readonly unknown[]): void => void printed.push(words);
  const target = { debug: print, error: print, info: print, log: print, trace: print, warn: print };
  const heard: string[] = [];
  takeConsole(target, (text) => void heard.push(text));
  target.warn('%s of %d', 'one', 2, { more: true });
  target.log();
  target.error(new TypeError('broken'));
  expect(heard.map((text) => text.split('\n')[0])).toEqual(['one of 2 { more: true }', '', 'TypeError: broken']);
  expect(printed).toEqual([]);
});
