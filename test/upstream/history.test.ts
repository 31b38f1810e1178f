import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { looksTaken } from '../../src/upstream/exclusive.ts';
import { History } from '../../src/upstream/history.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { anyCall, scriptedPool } from '../support/scripted-pool.ts';

const exit = (n: number): HubError => new HubError('UPSTREAM_EXITED', `Exit ${n}.`);

describe('a crash loop', () => {
  it('is five failures within ten minutes, told once, with its reason and its beginning', async () => {
    const clock = new FakeClock(0);
    const history = new History(clock);
    const begins: boolean[] = [];
    for (let n = 1; n <= 6; n += 1) {
      begins.push(history.failed(exit(n)));
      await clock.advance(60_000);
    }
    expect(begins).toEqual([false, false, false, false, true, false]);
    expect(history.facts(undefined).crashLoop).toEqual({ reason: 'Exit 6.', failures: 6, sinceMs: 0 });
    await clock.advance(60_000 * 5);
    expect([history.isLooping, history.facts(undefined).crashLoop]).toEqual([false, undefined]);
    expect(history.facts(undefined).lastError).toEqual({ message: 'Exit 6.', atMs: 300_000 });
  });

  it('is over when somebody has seen to it', () => {
    const history = new History(new FakeClock());
    for (let n = 0; n < 5; n += 1) history.failed(exit(n));
    expect(history.isLooping).toBe(true);
    history.forgive();
    expect(history.isLooping).toBe(false);
  });
});

it('tells when a server last did well', async () => {
  const clock = new FakeClock(500);
  const history = new History(clock);
  expect(history.facts(undefined).lastSuccessMs).toBeUndefined();
  expect(history.facts(400).lastSuccessMs).toBe(400);
  history.ready();
  expect([history.facts(undefined), history.facts(400), history.facts(900)].map(({ lastSuccessMs }) => lastSuccessMs)).toEqual([
    500, 500, 900,
  ]);
});

describe('a server that crashes again and again', () => {
  it('is tried for ever, ever more slowly, although it runs for a minute each time; a start by hand begins anew', async () => {
    const { upstream, pool, calls, clock, connectNext, records } = scriptedPool();
    upstream.start();
    const delays: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      await connectNext();
      await clock.advance(61_000);
      calls.at(-1)?.options.on.closed(exit(n));
      const { state } = upstream;
      const delayMs = state.kind === 'backoff' ? state.untilMs - clock.now() : 0;
      delays.push(delayMs / 1000);
      if (n < 11) await clock.advance(delayMs);
    }
    expect(delays).toEqual([1, 1, 1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    const failures = upstream.supervision.crashLoop?.failures ?? 0;
    expect([failures >= 5, upstream.supervision.crashLoop?.reason, upstream.supervision.restarts]).toEqual([true, 'Exit 11.', 11]);
    expect(records.filter(({ message }) => message.includes('fails again and again'))).toHaveLength(1);
    upstream.start();
    expect(upstream.supervision).toMatchObject({ crashLoop: undefined, lastError: { message: 'Exit 11.' } });
    await connectNext();
    await clock.advance(5);
    await upstream.request(anyCall);
    expect(upstream.supervision.lastSuccessMs).toBe(clock.now());
    await settle();
    await pool.stopAll();
  });
});

describe('a process that says that another one has what it needs', () => {
  it.each([
    'Error: listen EADDRINUSE: address already in use :::3000',
    'OSError: [Errno 98] Address already in use',
    'listen tcp :8080: bind: address already in use',
    'Only one usage of each socket address (protocol/network address/port) is normally permitted.',
    'Port 3000 is already in use',
    'Another instance is already running (pid 17).',
    'database is locked',
    'sqlite3.OperationalError: database is locked',
    'Could not acquire lock on /tmp/x.lock',
    'IO error: lock /data/LOCK: Resource temporarily unavailable; failed to obtain the lock',
    'EBUSY: resource busy or locked, open COM3',
  ])('is known: %s', (words) => {
    expect(looksTaken(new HubError('UPSTREAM_EXITED', `Server "a" exited with code 1. Its last output was: ${words}`))).toBe(true);
  });

  it.each([
    'SyntaxError: Unexpected token',
    'Cannot find module ./package-lock.json',
    'no such file: flock',
    'connect ECONNREFUSED 127.0.0.1:5432',
  ])('is no other: %s', (words) => {
    expect(looksTaken(new HubError('UPSTREAM_EXITED', `Server "a" exited with code 1. Its last output was: ${words}`))).toBe(false);
  });
});
