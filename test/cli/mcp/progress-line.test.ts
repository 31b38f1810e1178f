import { describe, expect, it } from 'vitest';
import { ProgressLine, progressText } from '../../../src/cli/mcp/progress-line.ts';

describe('progressText', () => {
  it.each([
    [{ progress: 2, total: 5, message: 'two' }, 80, '40%  2/5  two'],
    [{ progress: 7, total: 5 }, 80, '100%  7/5'],
    [{ progress: 3 }, 80, '3'],
    [{ progress: 1, total: 0 }, 80, '1'],
    [{ progress: 1, message: 'a\nb\u001B[31m\tc' }, 80, '1  a b c'],
    [{ progress: 1, message: 'long text' }, 7, '1  lon…'],
    [{}, 80, ''],
  ])('%j in %d columns', (params, width, text) => {
    expect(progressText(params, width)).toBe(text);
  });
});

describe('ProgressLine', () => {
  const written: string[] = [];
  const terminal = (isTTY: boolean) => ({ isTTY, columns: 40, write: (text: string) => written.push(text) });

  it('is drawn anew in its place, not more often than can be seen, and goes away', () => {
    let now = 0;
    written.length = 0;
    const line = new ProgressLine(terminal(true), () => now);
    for (let progress = 1; progress <= 100; progress += 1) {
      line.show({ progress, total: 100 });
      now += 5;
    }
    line.clear();
    line.clear();
    expect(written.map((text) => text.replace('\r\u001B[2K', '^'))).toEqual([
      '^1%  1/100',
      '^21%  21/100',
      '^41%  41/100',
      '^61%  61/100',
      '^81%  81/100',
      '^',
    ]);
  });

  it('is nothing where there is no terminal', () => {
    written.length = 0;
    const line = new ProgressLine(terminal(false));
    line.show({ progress: 1 });
    line.clear();
    expect(written).toEqual([]);
  });
});
