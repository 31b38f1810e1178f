import { describe, expect, it } from 'vitest';
import { deferred } from '../../../src/base/index.ts';
import { TimeLimit } from '../../../src/upstream/connection/time-limit.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function limited(afterWait: 'anew' | 'what was left') {
  const clock = new FakeClock();
  let passed = 0;
  const limit = new TimeLimit(clock, 1_000, afterWait, () => void (passed += 1));
  return { clock, limit, passed: () => passed };
}

describe.each(['anew', 'what was left'] as const)('a time limit that goes on with %s', (afterWait) => {
  it('passes once, after the last restart', async () => {
    const { clock, limit, passed } = limited(afterWait);
    limit.restart();
    await clock.advance(999);
    limit.restart();
    await clock.advance(999);
    expect(passed()).toBe(0);
    await clock.advance(1_001);
    expect(passed()).toBe(1);
  });

  it('stands still until the last wait is over, whatever restarts it', async () => {
    const { clock, limit, passed } = limited(afterWait);
    limit.restart();
    await clock.advance(400);
    const [one, two] = [deferred<string>(), deferred<string>()];
    const waits = [limit.suspendedFor(one.promise), limit.suspendedFor(two.promise)];
    limit.restart();
    one.resolve('one');
    await clock.advance(1_000_000);
    expect(passed()).toBe(0);
    two.reject(new Error('two'));
    await expect(Promise.all(waits)).rejects.toThrow('two');
    await clock.advance(300);
    await limit.suspendedFor(Promise.resolve());
    await clock.advance(afterWait === 'anew' ? 999 : 299);
    expect(passed()).toBe(0);
    await clock.advance(1);
    expect(passed()).toBe(1);
  });

  it('stays over when a wait ends after it', async () => {
    const { clock, limit } = limited(afterWait);
    limit.restart();
    const wait = deferred<void>();
    const waiting = limit.suspendedFor(wait.promise);
    limit.dispose();
    wait.resolve();
    await waiting;
    await settle();
    expect(clock.pending).toBe(0);
  });
});
