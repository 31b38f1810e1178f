import { describe, expect, it } from 'vitest';
import { columns, oneLine } from '../../src/cli/columns.ts';
import { sameUntil } from '../../src/cli/commands/logs.ts';

describe('columns', () => {
  it('pads all but the last, and paints what is padded', () => {
    const paint = (text: string): string => `<${text}>`;
    expect(columns([['a', { text: 'b', paint }, 'c'], ['long', 'longer', ''], ['x']])).toBe('a     <b     >  c\nlong  longer\nx');
  });

  it('counts the columns of a terminal: wide characters take two, combining ones none', () => {
    expect(
      columns([
        ['漢字', 'x'],
        ['e\u0301👍', 'y'],
        ['plain', 'z'],
      ]),
    ).toBe('漢字   x\ne\u0301👍    y\nplain  z');
    expect(oneLine('漢字漢字', 6)).toBe('漢字…');
  });

  it('keeps the indentation of the first column', () => {
    expect(
      columns([
        ['  a', 'b'],
        ['  long', 'c'],
      ]),
    ).toBe('  a     b\n  long  c');
  });

  it('shows nothing that turns the direction of the text around', () => {
    expect(oneLine('a\u202Eb\u2066c\u200F')).toBe('abc');
  });

  it('shows the first line of foreign text, without escape sequences', () => {
    expect(oneLine('\n\u001B[31mred\u001B[0m one\ntwo')).toBe('red one');
    expect(oneLine('abcdef', 4)).toBe('abc…');
  });
});

describe('sameUntil', () => {
  it.each([
    [[], ['a'], 0],
    [['a'], ['a'], 1],
    [['a', 'b'], ['a', 'b', 'c'], 2],
    [['a', 'a'], ['a', 'a', 'a'], 3],
    [['a', 'b', 'c'], ['c', 'd'], 1],
    [['a', 'b'], ['x', 'y'], 0],
  ])('knows where %j ends in %j', (before, now, end) => {
    expect(sameUntil(before, now)).toBe(end);
  });
});
