import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failuresInARow, restartDelayMs } from '../../src/upstream/restart-policy.ts';

describe('restartDelayMs', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [6, 32_000],
    [7, 60_000],
    [50, 60_000],
    [100_000, 60_000],
  ])('after failure %i waits %i ms, without jitter', (failures, delayMs) => {
    expect(restartDelayMs(failures, 0)).toBe(delayMs);
  });

  it('takes off at most a fifth, and always gives a time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.double({ min: 0, max: 0.999999, noNaN: true }), (failures, random) => {
        const delayMs = restartDelayMs(failures, random);
        const full = restartDelayMs(failures, 0);
        expect(delayMs).toBeGreaterThanOrEqual(full * 0.8);
        expect(delayMs).toBeLessThanOrEqual(full);
      }),
    );
  });
});

describe('failuresInARow', () => {
  it.each([
    ['a first failure to start', 0, 0, 1],
    ['another one', 4, 0, 5],
    ['a crash soon after it was ready', 4, 59_999, 5],
    ['a crash after a healthy minute', 4, 60_000, 1],
  ])('counts %s', (_what, before, readyForMs, expected) => {
    expect(failuresInARow(before, readyForMs)).toBe(expected);
  });
});
