import { expect, it } from 'vitest';
import { printable, printableLine } from '../../src/cli/style.ts';

it('foreign text keeps its lines and tabs, and nothing that moves the cursor, colours or turns the order', () => {
  expect(printable('a\u001B[2Jb\u001B]0;t\u0007\tc\r\nd\u0000\u009B')).toBe('ab\tc\nd');
  expect(printable('\u202Egnp.exe\u2066 \u200F\u061C')).toBe('gnp.exe ');
  expect(printable('a\u2028b\u2029c')).toBe('a\nb\nc');
});

it('a foreign name is one line, whatever breaks are in it', () => {
  expect(printableLine(' image/png\r\nFAKE\u2028LINE\tx ')).toBe('image/png FAKE LINE x');
});
