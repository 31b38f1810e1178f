import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from '../../../src/upstream/replicas/circuit-breaker.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function breaker() {
  const clock = new FakeClock();
  const told: string[] = [];
  const opened = (forMs: number, failures: number): void => void told.push(`open ${forMs} ${failures}`);
  const it = new CircuitBreaker({ clock, opened, closed: () => told.push('closed') });
  const fail = (times = 1): void => {
    for (let n = 0; n < times; n += 1) it.failed(it.begin());
  };
  return { clock, told, it, fail };
}

describe('a circuit breaker', () => {
  it('opens after five failures in a row, and not before', () => {
    const { it: one, fail, told } = breaker();
    fail(4);
    one.succeeded(one.begin());
    fail(4);
    expect([one.circuit, one.admits]).toEqual(['closed', true]);
    fail();
    expect([one.circuit, one.admits, told]).toEqual(['open', false, ['open 10000 5']]);
  });

  it('lets a single call find out when its time is over, and closes when that succeeds', async () => {
    const { it: one, fail, told, clock } = breaker();
    fail(5);
    await clock.advance(9_999);
    expect(one.admits).toBe(false);
    await clock.advance(1);
    expect([one.circuit, one.admits]).toEqual(['half-open', true]);
    const isProbe = one.begin();
    expect([isProbe, one.admits, one.begin()]).toEqual([true, false, false]);
    one.succeeded(isProbe);
    expect([one.circuit, one.admits, told]).toEqual(['closed', true, ['open 10000 5', 'closed']]);
  });

  it('stays open for twice as long after every failed attempt, five minutes at most', async () => {
    const { fail, told, clock } = breaker();
    fail(5);
    for (let n = 0; n < 6; n += 1) {
      await clock.advance(300_000);
      fail();
    }
    expect(told.map((line) => line.split(' ')[1])).toEqual(['10000', '20000', '40000', '80000', '160000', '300000', '300000']);
  });

  it('is not kept open by failures of calls that were sent before', async () => {
    const { it: one, fail, told, clock } = breaker();
    fail(8);
    expect(told).toHaveLength(1);
    await clock.advance(10_000);
    const isProbe = one.begin();
    one.failed(false);
    expect(told).toHaveLength(1);
    one.forget(isProbe);
    expect(one.admits).toBe(true);
  });

  it('begins from the beginning when the replica was started anew', () => {
    const { it: one, fail } = breaker();
    fail(5);
    one.reset();
    fail(4);
    expect(one.circuit).toBe('closed');
  });
});
