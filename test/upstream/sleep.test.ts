import { afterEach, describe, expect, it } from 'vitest';
import { deferred, HubError } from '../../src/base/index.ts';
import type { Listing } from '../../src/catalog/index.ts';
import type { StdioDefinition } from '../../src/config/index.ts';
import type { Offers, StartableDefinition } from '../../src/upstream/incarnation.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../../src/upstream/index.ts';
import { settle } from '../support/fake-clock.ts';
import { listingOf, ScriptedConnection } from '../support/scripted-connect.ts';
import { anyCall, type ScriptedPool, scriptedPool } from '../support/scripted-pool.ts';

const pools: ScriptedPool[] = [];
const never = new AbortController().signal;
const exit = new HubError('UPSTREAM_EXITED', 'Server "a" exited with code 1.');
const IDLE_MS = 60_000;

afterEach(async () => {
  await Promise.all(pools.splice(0).map(({ pool }) => pool.stopAll()));
});

/** What was offered before, kept in memory. */
class Memory implements Offers {
  readonly remembered: string[] = [];
  offered: Listing | undefined;

  constructor(offered?: Listing) {
    this.offered = offered;
  }

  recall(definition: StartableDefinition): Listing | undefined {
    return commandOf(definition) === 'x' ? this.offered : undefined;
  }

  remember(definition: StartableDefinition, { items }: Listing): void {
    this.remembered.push(`${commandOf(definition)}: ${items.tools.map(({ name }) => name).join(' ')}`);
  }

  async settled(): Promise<void> {}
}

const commandOf = (definition: StartableDefinition): string => (definition.kind === 'stdio' ? definition.command : '');

function started(more: Partial<StdioDefinition>, offers?: Offers): ScriptedPool {
  const all = scriptedPool(more, offers);
  pools.push(all);
  all.pool.startAll();
  return all;
}

const ofSession = (sessionId: string): UpstreamRequest => ({ ...anyCall, origin: { principalId: 'p', era: 'legacy', sessionId } });

describe('a lazy server', () => {
  it('is started by its first calls, once', async () => {
    const { upstream, calls, connectNext, kinds } = started({ start: 'lazy' });
    await settle();
    expect([upstream.state, calls.length]).toEqual([{ kind: 'stopped', reason: 'lazy' }, 0]);
    const all = Array.from({ length: 20 }, () => upstream.request(anyCall));
    const connection = await connectNext();
    await Promise.all(all);
    expect([calls.length, connection.log.length, kinds]).toEqual([1, 20, ['stopped', 'starting', 'ready']]);
    expect(upstream.supervision.restarts).toBe(0);
  });

  it('is not started by a call that was taken back, nor by a wish', async () => {
    const { upstream, calls } = started({ start: 'lazy' });
    await expect(upstream.request({ ...anyCall, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
    await upstream.setSubscribedResources(new Set(['x://1']));
    await upstream.settled(never);
    await settle();
    expect(calls).toHaveLength(0);
    upstream.wake();
    await settle();
    expect(calls).toHaveLength(1);
  });

  it('is plainly stopped by a stop, and woken by nothing but a start then', async () => {
    const { upstream, calls } = started({ start: 'lazy' }, new Memory(listingOf('a')));
    expect(upstream.listing?.items.tools).toHaveLength(1);
    await upstream.stop();
    expect([upstream.state, upstream.listing]).toEqual([{ kind: 'stopped' }, undefined]);
    await expect(upstream.request(anyCall)).rejects.toThrow(/is stopped/);
    upstream.wake();
    await settle();
    expect(calls).toHaveLength(0);
    upstream.start();
    await settle();
    expect(calls).toHaveLength(1);
  });

  it('takes another definition without being started, and starts when it is to be eager', async () => {
    const { upstream, calls, connectNext, edit } = started({ start: 'lazy' }, new Memory(listingOf('a')));
    await edit({ command: 'y' });
    expect([upstream.state.kind, upstream.listing, calls.length]).toEqual(['stopped', undefined, 0]);
    const edited = edit({ start: 'eager' });
    await connectNext();
    await edited;
    expect(upstream.state.kind).toBe('ready');
  });
});

describe('a manual server', () => {
  it('is started by nothing but a start', async () => {
    const { upstream, calls, connectNext } = started({ start: 'manual' }, new Memory(listingOf('a')));
    upstream.wake();
    await expect(upstream.request(anyCall)).rejects.toThrow(/is started by hand only/);
    expect([upstream.state, upstream.listing, calls.length]).toEqual([{ kind: 'stopped', reason: 'manual' }, undefined, 0]);
    upstream.start();
    await connectNext();
    await upstream.request(anyCall);
    expect(upstream.state.kind).toBe('ready');
  });
});

describe('idleTimeout', () => {
  it('puts a server to sleep that nobody uses; it stays listed and wakes on its first calls', async () => {
    const { upstream, calls, connectNext, clock, lists } = started({ idleTimeoutMs: IDLE_MS });
    const first = await connectNext();
    await clock.advance(IDLE_MS - 1);
    await upstream.request(anyCall);
    await clock.advance(IDLE_MS - 1);
    expect(upstream.state.kind).toBe('ready');
    await clock.advance(1);
    expect([upstream.state, first.log]).toEqual([{ kind: 'stopped', reason: 'idle' }, ['tools/call', 'close']]);
    expect([upstream.listing?.items.tools.length, lists, clock.pending]).toEqual([1, ['a'], 0]);
    const woken = [upstream.request(anyCall), upstream.request(anyCall)];
    await connectNext();
    await Promise.all(woken);
    expect([calls.length, upstream.supervision.restarts, upstream.supervision.lastError]).toEqual([2, 0, undefined]);
    await clock.advance(IDLE_MS);
    expect(upstream.state.kind).toBe('stopped');
  });

  it('never ends work in flight', async () => {
    const { upstream, connectNext, clock } = started({ idleTimeoutMs: IDLE_MS });
    const connection = new ScriptedConnection();
    const answer = deferred<UpstreamAnswer>();
    connection.request = () => answer.promise;
    await connectNext(connection);
    const pending = upstream.request(anyCall);
    await clock.advance(10 * IDLE_MS + 1);
    expect([upstream.state.kind, connection.log]).toEqual(['ready', []]);
    answer.resolve({ era: 'legacy', outcome: { result: {} } });
    await pending;
    await clock.advance(IDLE_MS - 2);
    expect(upstream.state.kind).toBe('ready');
    await clock.advance(IDLE_MS);
    expect(upstream.state.kind).toBe('stopped');
  });

  it('never ends work in flight on a connection that has a successor', async () => {
    const { upstream, connectNext, clock } = started({ idleTimeoutMs: 1_000 });
    const connection = new ScriptedConnection();
    const answer = deferred<UpstreamAnswer>();
    connection.request = () => answer.promise;
    await connectNext(connection);
    const pending = upstream.request(anyCall);
    const restarted = upstream.restart();
    await connectNext();
    await restarted;
    await clock.advance(5_000);
    expect([upstream.state.kind, connection.log]).toEqual(['ready', []]);
    answer.resolve({ era: 'legacy', outcome: { result: {} } });
    await pending;
    await clock.advance(2_000);
    expect([upstream.state.kind, connection.log]).toEqual(['stopped', ['close']]);
  });

  it('does not wait for a subscription that it has refused, but for one that it has not', async () => {
    const { upstream, connectNext, clock, calls } = started({ idleTimeoutMs: IDLE_MS });
    const strict = (): ScriptedConnection => {
      const connection = new ScriptedConnection();
      connection.refused.set('x://no', { code: -32602, message: 'no' });
      return connection;
    };
    await connectNext(strict());
    const refused = await upstream.setSubscribedResources(new Set(['x://no']));
    expect([...(refused ?? [])]).toEqual([['x://no', { code: -32602, message: 'no' }]]);
    await clock.advance(3 * IDLE_MS);
    expect(upstream.state).toEqual({ kind: 'stopped', reason: 'idle' });
    expect(await upstream.setSubscribedResources(new Set(['x://no', 'x://yes']))).toBeUndefined();
    upstream.wake();
    await connectNext(strict());
    await clock.advance(3 * IDLE_MS);
    expect([upstream.state.kind, calls.length]).toEqual(['ready', 2]);
    await upstream.setSubscribedResources(new Set(['x://no']));
    await clock.advance(3 * IDLE_MS);
    expect(upstream.state.kind).toBe('stopped');
  });

  it('is woken by who needs it ready', async () => {
    const { upstream, connectNext, calls } = started({ start: 'lazy' });
    const ready = upstream.ready(never);
    await connectNext();
    await ready;
    expect([upstream.state.kind, calls.length]).toEqual(['ready', 1]);
    await upstream.stop();
    await expect(upstream.ready(never)).rejects.toMatchObject({ code: 'SERVER_NOT_CONNECTED' });
  });

  it('waits for subscriptions, watched tasks and connections of sessions to end', async () => {
    const { upstream, connectNext, clock } = started({ idleTimeoutMs: IDLE_MS, isolation: 'session' });
    await connectNext();
    await upstream.setSubscribedResources(new Set(['x://1']));
    await clock.advance(3 * IDLE_MS);
    expect(upstream.state.kind).toBe('ready');
    await upstream.setSubscribedResources(new Set());
    await upstream.setWatchedTasks(new Set(['t']));
    await clock.advance(3 * IDLE_MS);
    expect(upstream.state.kind).toBe('ready');
    await upstream.setWatchedTasks(new Set());
    const own = upstream.request(ofSession('s'));
    await connectNext();
    await own;
    await clock.advance(3 * IDLE_MS);
    expect(upstream.state.kind).toBe('ready');
    upstream.endSession('s');
    await clock.advance(2 * IDLE_MS);
    expect(upstream.state).toEqual({ kind: 'stopped', reason: 'idle' });
  });

  it('starts the next life only when the one before is gone', async () => {
    const { upstream, calls, connectNext, clock } = started({ idleTimeoutMs: IDLE_MS });
    const connection = await connectNext();
    const closing = deferred<void>();
    connection.closing = closing.promise;
    await clock.advance(IDLE_MS);
    const woken = upstream.request(anyCall);
    await settle();
    expect([upstream.state.kind, calls.length]).toEqual(['starting', 1]);
    closing.resolve();
    await connectNext();
    await woken;
  });

  it('can be given, changed and taken away while the server runs', async () => {
    const { pool, upstream, connectNext, clock } = started({});
    await connectNext();
    const { idleTimeoutMs: _, ...without } = { idleTimeoutMs: 0, ...upstream.definition };
    await clock.advance(10 * IDLE_MS);
    await pool.apply([{ ...without, idleTimeoutMs: 5_000 }], new Set());
    await pool.apply([without], new Set());
    await clock.advance(10 * IDLE_MS);
    expect(upstream.state.kind).toBe('ready');
    await pool.apply([{ ...without, idleTimeoutMs: 5_000 }], new Set());
    await clock.advance(5_000);
    expect(upstream.state.kind).toBe('stopped');
  });
});

describe('what was offered before', () => {
  it('is offered until the server says something itself, and remembered anew', async () => {
    const memory = new Memory(listingOf('old'));
    const { calls, connectNext, lists, kinds, upstream, clock } = started({}, memory);
    expect([lists, kinds]).toEqual([['old'], ['starting']]);
    await clock.advance(100);
    await connectNext(new ScriptedConnection(listingOf('new')));
    expect([lists, memory.remembered]).toEqual([['old', 'new'], ['x: new']]);
    calls[0]?.options.on.listing(listingOf('newer'));
    expect([lists.at(-1), memory.remembered.at(-1)]).toEqual(['newer', 'x: newer']);
    expect(upstream.state.kind).toBe('ready');
  });

  it('lets the server take its time to start, until somebody calls it or stops it', async () => {
    const unknown = started({});
    await settle();
    expect(unknown.calls).toHaveLength(1);
    const known = started({}, new Memory(listingOf('old')));
    await known.clock.advance(99);
    expect([known.upstream.state.kind, known.calls.length]).toEqual(['starting', 0]);
    const called = known.upstream.request(anyCall);
    await known.connectNext();
    await called;
    expect(known.clock.pending).toBe(0);
    const stopped = started({}, new Memory(listingOf('old')));
    await stopped.upstream.stop();
    await stopped.clock.advance(1_000);
    expect([stopped.calls.length, stopped.clock.pending]).toEqual([0, 0]);
    const restarted = started({}, new Memory(listingOf('old')));
    const done = restarted.upstream.restart();
    await restarted.clock.advance(100);
    await restarted.connectNext();
    await done;
    expect(restarted.calls).toHaveLength(1);
  });

  it('stays while the start fails, and goes when the server cannot be started', async () => {
    const memory = new Memory(listingOf('old'));
    const { calls, clock, upstream } = started({}, memory);
    await clock.advance(100);
    calls[0]?.outcome.reject(exit);
    await settle();
    expect([upstream.state.kind, upstream.listing?.items.tools.length]).toEqual(['backoff', 1]);
    await clock.advance(1_000);
    calls[1]?.outcome.reject(new HubError('PLACEHOLDER_ERROR', 'No ${env:X}.'));
    await settle();
    expect([upstream.state.kind, upstream.listing, memory.remembered]).toEqual(['failed', undefined, []]);
  });

  it('is remembered under the definition that the process was started from', async () => {
    const memory = new Memory();
    const { pool, calls, connectNext, upstream } = started({}, memory);
    await connectNext();
    const { definition } = upstream;
    if (definition.kind !== 'stdio') throw new Error('unreachable');
    const applied = pool.apply([{ ...definition, command: 'y' }], new Set(['a']));
    await settle();
    calls[0]?.options.on.listing(listingOf('late'));
    await connectNext(new ScriptedConnection(listingOf('other')));
    await applied;
    expect(memory.remembered).toEqual(['x: a', 'x: late', 'y: other']);
  });
});
