import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { sleep, systemClock, waitAtMost } from '../../src/base/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

const never = new Promise<void>(() => {});

describe('a wait with patience', () => {
  it('is over with the work, and leaves no timer and no listener', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    for (let turn = 0; turn < 20; turn += 1) await waitAtMost(Promise.resolve(), { clock, atMostMs: 60_000, signal });
    expect(clock.pending).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('throws what the work fails with', async () => {
    const clock = new FakeClock();
    await expect(waitAtMost(Promise.reject(new Error('broken')), { clock, atMostMs: 10 })).rejects.toThrow('broken');
    expect(clock.pending).toBe(0);
  });

  it('is over after its time', async () => {
    const clock = new FakeClock();
    let isOver = false;
    const waiting = waitAtMost(never, { clock, atMostMs: 100 }).then(() => (isOver = true));
    await clock.advance(99);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await waiting;
    expect(isOver).toBe(true);
  });

  it('is over when the signal aborts, also when it has before', async () => {
    const clock = new FakeClock();
    const over = new AbortController();
    const waiting = waitAtMost(never, { clock, atMostMs: 100, signal: over.signal });
    over.abort();
    await waiting;
    await waitAtMost(never, { clock, atMostMs: 100, signal: over.signal });
    expect(clock.pending).toBe(0);
  });
});

describe('waits at a signal that many share', () => {
  it('warn of no leak, and leave nothing behind', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const shared = new AbortController();
    const { signal } = shared;
    const patient = Array.from({ length: 20 }, () => waitAtMost(never, { clock: systemClock, atMostMs: 60_000, signal }));
    const asleep = Array.from({ length: 20 }, () => sleep(systemClock, 60_000, signal));
    shared.abort();
    await Promise.all([...patient, ...asleep]);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
