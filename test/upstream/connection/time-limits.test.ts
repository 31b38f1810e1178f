import { describe, expect, it } from 'vitest';
import { deferred } from '../../../src/base/index.ts';
import { TimeLimits } from '../../../src/upstream/connection/time-limits.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function limited(idleMs = 1_000, totalMs = 5_000) {
  const clock = new FakeClock();
  const passed: string[] = [];
  const limits = new TimeLimits({ clock, idleMs, totalMs, onPassed: (which) => passed.push(which) });
  return { clock, limits, passed };
}

describe('TimeLimits', () => {
  it('pass once, so long after the server was last heard of', async () => {
    const { clock, limits, passed } = limited();
    await clock.advance(999);
    limits.heard();
    await clock.advance(999);
    expect(passed).toEqual([]);
    await clock.advance(1);
    expect(passed).toEqual(['idle']);
    await clock.advance(100_000);
    expect(passed).toEqual(['idle']);
  });

  it('pass in all, however often the server is heard of', async () => {
    const { clock, limits, passed } = limited();
    for (let heard = 0; heard < 9; heard += 1) {
      await clock.advance(550);
      limits.heard();
    }
    expect(passed).toEqual([]);
    await clock.advance(50);
    expect(passed).toEqual(['total']);
  });

  it('pass in all at once where that is the shorter one', async () => {
    const { clock, passed } = limited(1_000, 300);
    await clock.advance(300);
    expect(passed).toEqual(['total']);
  });

  it('stand still until the last wait is over; then silence counts anew, and the whole goes on with what was left', async () => {
    const { clock, limits, passed } = limited(1_000, 2_000);
    await clock.advance(900);
    const [one, two] = [deferred<string>(), deferred<string>()];
    const waits = [limits.suspendedFor(one.promise), limits.suspendedFor(two.promise)];
    limits.heard();
    one.resolve('one');
    await clock.advance(1_000_000);
    expect(passed).toEqual([]);
    two.reject(new Error('two'));
    await expect(Promise.all(waits)).rejects.toThrow('two');
    await clock.advance(999);
    limits.heard();
    expect(passed).toEqual([]);
    await clock.advance(101);
    expect(passed).toEqual(['total']);
  });

  it('stay over when a wait ends after them', async () => {
    const { clock, limits } = limited();
    const wait = deferred<void>();
    const waiting = limits.suspendedFor(wait.promise);
    limits.dispose();
    wait.resolve();
    await waiting;
    await settle();
    expect(clock.pending).toBe(0);
  });
});
