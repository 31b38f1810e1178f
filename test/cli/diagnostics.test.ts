import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import type { Diagnostic } from '../../src/config/index.ts';
import { describeError } from '../../src/cli/diagnostics.ts';

const place: Diagnostic = {
  severity: 'error',
  file: 'a.json',
  line: 2,
  column: 7,
  keyPath: 'mcpServers.a.args[0]',
  message: 'Not a string.',
  hint: 'Quote it.',
};

describe('describeError', () => {
  it('tells every place of a wrong configuration', () => {
    const whole: Diagnostic = { severity: 'error', file: 'b.json', line: 1, column: 1, keyPath: '', message: 'Not JSON5.' };
    expect(describeError(new HubError('CONFIG_ERROR', 'x', { details: { diagnostics: [place, whole] } }))).toEqual([
      'error: a.json:2:7: mcpServers.a.args[0]: Not a string. Quote it.',
      'error: b.json:1:1: Not JSON5.',
    ]);
  });

  it.each([[undefined], ['x'], [[]], [[null, 1, {}]]])('falls back on the message for details %j', (diagnostics) => {
    expect(describeError(new HubError('CONFIG_ERROR', 'two\nlines', { details: { diagnostics } }))).toEqual(['error: two', 'lines']);
  });

  it.each(['EACCES', 'EPERM', 'EROFS', 'ENOSPC'])('says what to look at when the system says %s', (code) => {
    const [said, advice, ...more] = describeError(Object.assign(new Error(`${code}: no, mkdir '/x'`), { code }));
    expect([said, more]).toEqual([`error: ${code}: no, mkdir '/x'`, []]);
    expect(advice).toMatch(/^(?:Look at|What is there|The disk)/);
  });

  it('takes any thrown value', () => {
    expect(describeError(new Error('x'))).toEqual(['error: x']);
    expect(describeError('y')).toEqual(['error: y']);
  });
});
