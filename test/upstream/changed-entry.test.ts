import { afterEach, describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import type { StdioDefinition } from '../../src/config/index.ts';
import { refusal } from '../../src/upstream/exclusive.ts';
import { settle } from '../support/fake-clock.ts';
import { remoteDefinitionOf } from '../support/fake-upstream.ts';
import { ScriptedConnection } from '../support/scripted-connect.ts';
import { type ScriptedPool, scriptedPool } from '../support/scripted-pool.ts';

const pools: ScriptedPool[] = [];
const exit = (text = 'exited with code 1.'): HubError => new HubError('UPSTREAM_EXITED', `Server "a" ${text}`);

afterEach(async () => {
  await Promise.all(pools.splice(0).map(({ pool }) => pool.stopAll()));
});

/** A server that is ready, with what fails or answers its newest start. */
async function ready(more: Partial<StdioDefinition> = {}) {
  const all = scriptedPool(more);
  pools.push(all);
  all.upstream.start();
  await settle();
  const connections = all.calls.map(() => new ScriptedConnection());
  for (const [index, { outcome }] of all.calls.entries()) outcome.resolve(connections[index] ?? new ScriptedConnection());
  await settle();
  const fail = async (error = exit()): Promise<void> => {
    await settle();
    all.calls.at(-1)?.outcome.reject(error);
    await settle();
  };
  const starts = (): number => all.calls.length;
  const warnings = (): readonly string[] => all.records.filter(({ type }) => type === 'warn').map(({ message }) => message);
  return { ...all, connections, fail, starts, warnings };
}

describe('a changed entry that does not become ready', () => {
  it('is tried with growing pauses while the entry as it was before runs on, and takes over when it is ready', async () => {
    const { upstream, edit, fail, starts, clock, connections, connectNext, warnings, kinds } = await ready();
    const edited = edit({ args: ['later'] });
    await fail();
    await edited;
    const sinceMs = clock.now();
    const reason = 'Server "a" exited with code 1.';
    expect([upstream.state.kind, starts()]).toEqual(['ready', 2]);
    expect(upstream.supervision.outdated).toEqual({ reason, sinceMs, nextMs: sinceMs + 1_000 });
    for (const pauseMs of [1_000, 2_000, 4_000]) {
      const before = starts();
      await clock.advance(pauseMs - 1);
      expect(starts()).toBe(before);
      await clock.advance(1);
      expect([starts(), upstream.supervision.outdated?.nextMs]).toEqual([before + 1, undefined]);
      await fail();
    }
    expect([upstream.supervision.outdated?.sinceMs, upstream.supervision.crashLoop, connections[0]?.log]).toEqual([sinceMs, undefined, []]);
    expect(warnings()).toEqual([
      'Server "a" was not restarted and goes on as it was before its entry changed: Server "a" exited with code 1.',
    ]);
    await clock.advance(8_000);
    kinds.splice(0);
    await connectNext();
    expect([kinds, connections[0]?.log, upstream.supervision.outdated]).toEqual([['ready'], ['close'], undefined]);
    expect([upstream.supervision.restarts, clock.pending]).toEqual([1, 0]);
  });

  it('is told of again when it fails in other words, and begins from the beginning when it is another one', async () => {
    const { upstream, edit, fail, clock, warnings } = await ready();
    void edit({ args: ['one'] });
    await fail();
    await clock.advance(1_000);
    await fail(exit('was ended by the signal SIGSEGV.'));
    expect([warnings().length, upstream.supervision.outdated?.nextMs]).toEqual([2, clock.now() + 2_000]);
    void edit({ args: ['two'] });
    expect(upstream.supervision.outdated).toBeUndefined();
    await fail(exit('was ended by the signal SIGSEGV.'));
    expect([warnings().length, upstream.supervision.outdated?.nextMs]).toEqual([3, clock.now() + 1_000]);
  });

  it('is tried at once when somebody asks, also where no attempt comes by itself', async () => {
    const { pool, upstream, edit, fail, starts, clock, connectNext } = await ready();
    void edit({ env: { TOKEN: '${NOPE}' } });
    await fail(new HubError('PLACEHOLDER_ERROR', 'There is no NOPE.'));
    expect(upstream.supervision.outdated).toEqual({ reason: 'There is no NOPE.', sinceMs: clock.now(), nextMs: undefined });
    expect(clock.pending).toBe(0);
    void pool.catchUp();
    await fail();
    expect([starts(), upstream.supervision.outdated?.nextMs]).toEqual([3, clock.now() + 1_000]);
    upstream.start();
    const caughtUp = pool.catchUp();
    await connectNext();
    await caughtUp;
    expect([upstream.state.kind, upstream.supervision.outdated, clock.pending]).toEqual(['ready', undefined, 0]);
    const before = starts();
    await pool.catchUp();
    expect(starts()).toBe(before);
  });

  it('is an ordinary failure once what ran before is gone', async () => {
    const { upstream, edit, fail, calls, clock, connectNext } = await ready();
    void edit({ args: ['later'] });
    await fail();
    calls[0]?.options.on.closed(exit());
    expect([upstream.state.kind, upstream.supervision.outdated]).toEqual(['backoff', undefined]);
    await clock.advance(1_000);
    await connectNext();
    expect([upstream.state.kind, clock.pending]).toEqual(['ready', 0]);
  });

  it('is not tried any more once the server is stopped', async () => {
    const { upstream, edit, fail, starts, clock } = await ready();
    void edit({ args: ['later'] });
    await fail();
    await upstream.stop();
    expect([clock.pending, upstream.supervision.outdated]).toEqual([0, undefined]);
    await clock.advance(60_000);
    expect(starts()).toBe(2);
  });

  it('of several replicas is tried with one, and reaches all of them when that one is ready', async () => {
    const { upstream, edit, fail, starts, clock, connections, connectNext } = await ready({ replicas: 3 });
    const edited = edit({ args: ['later'] });
    await fail();
    await edited;
    expect([starts(), upstream.supervision.outdated?.nextMs]).toEqual([4, clock.now() + 1_000]);
    await clock.advance(1_000);
    for (const count of [5, 6, 7]) {
      expect(starts()).toBe(count);
      await connectNext();
    }
    expect(connections.map(({ log }) => log)).toEqual([['close'], ['close'], ['close']]);
    expect([upstream.supervision.outdated, upstream.supervision.restarts, clock.pending]).toEqual([undefined, 3, 0]);
  });

  it('of several replicas that are stopped first leaves the rest until the first one is ready, and says so', async () => {
    const { upstream, edit, fail, starts, clock, connections, connectNext } = await ready({ replicas: 3, restart: 'stop-first' });
    const edited = edit({ args: ['later'] });
    await fail();
    await edited;
    const sinceMs = clock.now();
    const reason = 'Server "a" exited with code 1.';
    expect([starts(), upstream.replicas?.map(({ state }) => state.kind)]).toEqual([4, ['backoff', 'ready', 'ready']]);
    expect(upstream.supervision.outdated).toEqual({ reason, sinceMs, nextMs: sinceMs + 1_000 });
    await clock.advance(1_000);
    expect(upstream.supervision.outdated).toEqual({ reason, sinceMs, nextMs: undefined });
    await fail();
    expect([starts(), upstream.supervision.outdated?.nextMs]).toEqual([5, sinceMs + 3_000]);
    expect(connections.map(({ log }) => log)).toEqual([['close'], [], []]);
    await clock.advance(2_000);
    for (const count of [6, 7, 8]) {
      expect(starts()).toBe(count);
      await connectNext();
    }
    expect(connections.map(({ log }) => log)).toEqual([['close'], ['close'], ['close']]);
    expect([upstream.supervision.outdated, clock.pending]).toEqual([undefined, 0]);
  });

  it('of several replicas reaches the rest also when the one that refused it has failed and is started with it', async () => {
    const { upstream, edit, fail, starts, clock, calls, connections, connectNext } = await ready({ replicas: 3 });
    const edited = edit({ args: ['later'] });
    await fail();
    await edited;
    calls[0]?.options.on.closed(exit('was ended by the signal SIGSEGV.'));
    await settle();
    expect(upstream.supervision.outdated).toMatchObject({
      reason: 'Server "a" was ended by the signal SIGSEGV.',
      nextMs: clock.now() + 1_000,
    });
    await clock.advance(1_000);
    for (const count of [5, 6, 7]) {
      expect(starts()).toBe(count);
      await connectNext();
    }
    expect(connections.map(({ log }) => log)).toEqual([['close'], ['close'], ['close']]);
    expect([upstream.supervision.outdated, clock.pending]).toEqual([undefined, 0]);
  });
});

it('another address of one replica that is out of reach is tried again by itself', async () => {
  const { pool, calls, fail, starts, clock, connectNext } = await ready();
  const at = (...urls: readonly [string, ...string[]]): Promise<void> =>
    pool.apply([remoteDefinitionOf('b', { url: urls[0], urls })], new Set());
  void at('https://one.example/', 'https://two.example/');
  await settle();
  for (const { outcome } of calls.slice(-2)) outcome.resolve(new ScriptedConnection());
  await settle();
  void at('https://one.example/', 'https://three.example/');
  const before = starts();
  await fail();
  const facts = (): readonly unknown[] => [starts() - before, pool.get('b')?.supervision.outdated?.nextMs];
  expect(facts()).toEqual([1, clock.now() + 1_000]);
  await clock.advance(1_000);
  await connectNext();
  expect([...facts(), clock.pending]).toEqual([2, undefined, 0]);
});

it('a restart of the same entry that fails is not tried again by itself', async () => {
  const { upstream, fail, clock } = await ready();
  const restarted = upstream.restart();
  await fail();
  await restarted;
  expect([upstream.supervision.outdated, clock.pending]).toEqual([undefined, 0]);
});

describe('the advice to stop a server first', () => {
  const ended = (exitCode: number, ...stderr: string[]): HubError =>
    new HubError('UPSTREAM_EXITED', `Server "a" exited with code ${exitCode}.`, { details: { exitCode, stderr } });
  const told = (error: HubError): string => refusal('a', error, { isTaken: false, isBehind: true });

  it.each([ended(1), ended(0), ended(1, 'Files server 2.0', 'started')])('is given for an exit without a reason: %s', (error) => {
    expect(told(error)).toContain('if it cannot run twice at once, set "restart": "stop-first"');
  });

  it.each([
    ended(1, "Error: Cannot find module '/srv/nope.js'", '    at a (b:1:2)'),
    ended(127, 'sh: 1: nope'),
    new HubError('PLACEHOLDER_ERROR', 'There is no NOPE.'),
    new HubError('CONNECTION_ERROR', 'The command was not found.'),
    new HubError('CONNECTION_ERROR', 'connect ECONNREFUSED 127.0.0.1:1'),
    new HubError('TIMEOUT', 'It was not ready within 6 s.'),
  ])('is not given for another failure: %s', (error) => {
    expect(told(error)).not.toContain('stop-first');
  });
});
