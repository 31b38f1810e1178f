import { describe, expect, it } from 'vitest';
import { deferred } from '../../../src/base/index.ts';
import { TotalLimit } from '../../../src/upstream/connection/total-limit.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function limited() {
  const clock = new FakeClock();
  let passed = 0;
  const limit = new TotalLimit(clock, 1_000, () => void (passed += 1));
  return { clock, limit, passed: () => passed };
}

describe('TotalLimit', () => {
  it('passes once, when its time is over', async () => {
    const { clock, limit, passed } = limited();
    limit.start();
    await clock.advance(999);
    expect(passed()).toBe(0);
    await clock.advance(1_001);
    expect(passed()).toBe(1);
  });

  it('stands still until the last wait is over, and goes on with what was left', async () => {
    const { clock, limit, passed } = limited();
    limit.start();
    await clock.advance(400);
    const [one, two] = [deferred<string>(), deferred<string>()];
    const waits = [limit.suspendedFor(one.promise), limit.suspendedFor(two.promise)];
    one.resolve('one');
    await clock.advance(1_000_000);
    expect(passed()).toBe(0);
    two.reject(new Error('two'));
    await expect(Promise.all(waits)).rejects.toThrow('two');
    await clock.advance(300);
    const third = limit.suspendedFor(Promise.resolve());
    await third;
    await clock.advance(299);
    expect(passed()).toBe(0);
    await clock.advance(1);
    expect(passed()).toBe(1);
  });

  it('stays over when a wait ends after it', async () => {
    const { clock, limit } = limited();
    limit.start();
    const wait = deferred<void>();
    const waiting = limit.suspendedFor(wait.promise);
    limit.dispose();
    wait.resolve();
    await waiting;
    await settle();
    expect(clock.pending).toBe(0);
  });
});
