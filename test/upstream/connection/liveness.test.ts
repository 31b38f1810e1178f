import { describe, expect, it } from 'vitest';
import { createLogger, HubError } from '../../../src/base/index.ts';
import { Liveness } from '../../../src/upstream/connection/liveness.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function scene() {
  const clock = new FakeClock();
  const now = { heard: 0, busy: false, pings: 0, answer: 'yes' as 'yes' | 'no' | 'login', lost: [] as string[], warnings: [] as string[] };
  const told: (string | undefined)[] = [];
  const errors = { no: new HubError('TIMEOUT', 'No answer.'), login: new HubError('UNAUTHORIZED', 'Log in.') };
  const liveness = new Liveness({
    id: 'far',
    clock,
    logger: createLogger([({ type, message }) => void (type === 'warn' && now.warnings.push(message))]),
    everyMs: 1_000,
    heard: () => now.heard,
    isBusy: () => now.busy,
    ping: async () => {
      now.pings += 1;
      if (now.answer !== 'yes') throw errors[now.answer];
      now.heard += 1;
    },
    onDegraded: () => void told.push(liveness.degraded),
    onLost: ({ message }) => {
      now.lost.push(message);
      liveness.dispose();
    },
  });
  liveness.start();
  return { clock, now, liveness, told };
}

describe('the liveness of a server', () => {
  it('is asked after a silence, and neither while messages come nor while a request is in flight', async () => {
    const { clock, now, liveness } = scene();
    now.heard = 1;
    await clock.advance(1_000);
    now.busy = true;
    await clock.advance(1_000);
    expect(now.pings).toBe(0);
    now.busy = false;
    await clock.advance(1_000);
    expect(now.pings).toBe(1);
    liveness.dispose();
    expect(clock.pending).toBe(0);
  });

  it('is in doubt after three misses in a row and not before, and given up after one more', async () => {
    const { clock, now, liveness } = scene();
    now.answer = 'no';
    await clock.advance(2_000);
    expect([now.pings, liveness.degraded]).toEqual([2, undefined]);
    await clock.advance(1_000);
    expect(liveness.degraded).toBe('Server "far" did not answer the last 3 pings: No answer.');
    expect([now.warnings, now.lost]).toEqual([[liveness.degraded], []]);
    await clock.advance(1_000);
    expect(now.lost).toEqual([expect.stringContaining('The connection is made anew.')]);
    expect(clock.pending).toBe(0);
  });

  it('is told once when it is in doubt, and once when it is not any more', async () => {
    const { clock, now, liveness, told } = scene();
    now.answer = 'no';
    await clock.advance(2_000);
    expect(told).toEqual([]);
    await clock.advance(1_000);
    expect(told).toEqual([liveness.degraded]);
    now.answer = 'yes';
    await clock.advance(3_000);
    expect(told).toEqual([expect.stringContaining('3 pings'), undefined]);
    liveness.dispose();
  });

  it('is beyond doubt again with the first message', async () => {
    const { clock, now, liveness } = scene();
    now.answer = 'no';
    await clock.advance(3_000);
    expect(liveness.degraded).toBeDefined();
    now.heard += 1;
    expect(liveness.degraded).toBeUndefined();
    await clock.advance(3_000);
    expect([liveness.degraded, now.lost]).toEqual([undefined, []]);
    liveness.dispose();
  });

  it('is proved by an answer that is of no use', async () => {
    const { clock, now, liveness } = scene();
    now.answer = 'login';
    await clock.advance(6_000);
    expect([now.pings, liveness.degraded, now.lost]).toEqual([6, undefined, []]);
    liveness.dispose();
  });
});
