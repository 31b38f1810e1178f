import { describe, expect, it } from 'vitest';
import { deferred } from '../../../src/base/index.ts';
import { KeepAlive } from '../../../src/upstream/remote/keep-alive.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('KeepAlive', () => {
  it('pings in even distances, never two at once, until its end', async () => {
    const clock = new FakeClock();
    const pings: (() => void)[] = [];
    const keepAlive = new KeepAlive({
      clock,
      everyMs: 100,
      ping: () => {
        const answer = deferred<void>();
        pings.push(() => answer.resolve());
        return answer.promise;
      },
    });
    keepAlive.start();
    await clock.advance(500);
    expect(pings).toHaveLength(1);
    pings[0]?.();
    await clock.advance(100);
    expect(pings).toHaveLength(2);
    keepAlive.dispose();
    pings[1]?.();
    await clock.advance(500);
    expect([pings.length, clock.pending]).toEqual([2, 0]);
  });
});
