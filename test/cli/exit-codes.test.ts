import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';

describe('exitCodeOf', () => {
  it.each([
    ['CONFIG_ERROR', 1],
    ['USAGE', 1],
    ['PORT_IN_USE', 2],
    ['CANCELLED', 130],
    ['SHUTTING_DOWN', 0],
    ['UNHANDLED_ERROR', 3],
  ] as const)('gives %s the code %d', (code, exitCode) => {
    expect(exitCodeOf(new HubError(code, 'x'))).toBe(exitCode);
  });

  it('gives any other error 3', () => {
    expect(exitCodeOf(new Error('x'))).toBe(3);
    expect(exitCodeOf('x')).toBe(3);
  });
});
