import { afterEach, describe, expect, it } from 'vitest';
import { type Deferred, deferred, HubError } from '../../src/base/index.ts';
import type { StdioDefinition } from '../../src/config/index.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../../src/upstream/index.ts';
import { settle } from '../support/fake-clock.ts';
import { fixtureLaunch, scriptLaunch } from '../support/fixtures.ts';
import { eventually } from '../support/processes.ts';
import { listingOf, ScriptedConnection } from '../support/scripted-connect.ts';
import { anyCall, type ScriptedPool, scriptedPool } from '../support/scripted-pool.ts';

const pools: ScriptedPool[] = [];
const exit = new HubError('UPSTREAM_EXITED', 'Server "a" exited with code 1.');
const taken = new HubError('UPSTREAM_EXITED', 'Server "a" exited with code 1. Its last output was: Error: listen EADDRINUSE :::3000');

afterEach(async () => {
  await Promise.all(pools.splice(0).map(({ pool }) => pool.stopAll()));
});

/** A connection whose requests are answered by the test. */
class Slow extends ScriptedConnection {
  readonly waiting: Deferred<UpstreamAnswer>[] = [];

  override request = (): Promise<UpstreamAnswer> => {
    const answer = deferred<UpstreamAnswer>();
    this.waiting.push(answer);
    return answer.promise;
  };

  answer(): void {
    this.waiting.shift()?.resolve({ era: 'legacy', outcome: { result: {} } });
  }
}

async function ready(more: Partial<StdioDefinition> = {}, connection = new Slow()) {
  const all = scriptedPool(more);
  pools.push(all);
  all.upstream.start();
  await all.connectNext(connection);
  all.kinds.splice(0);
  all.lists.splice(0);
  return { ...all, connection };
}

const ofSession = (sessionId: string): UpstreamRequest => ({ ...anyCall, origin: { principalId: 'p', era: 'legacy', sessionId } });

describe('a restart that overlaps', () => {
  it('starts the successor first, moves new calls over when it is ready, and lets the old one finish', async () => {
    const { upstream, connection, connectNext, kinds, lists, clock } = await ready();
    const before = upstream.request(anyCall);
    const restarted = upstream.restart();
    await settle();
    const during = upstream.request(anyCall);
    expect([connection.waiting.length, connection.log, upstream.state.kind]).toEqual([2, [], 'ready']);
    const next = await connectNext(new ScriptedConnection(listingOf('b')));
    await restarted;
    expect([kinds, lists]).toEqual([['ready'], ['b']]);
    await upstream.request(anyCall);
    expect([next.log, connection.log]).toEqual([['tools/call'], []]);
    connection.answer();
    await before;
    expect(connection.log).toEqual([]);
    connection.answer();
    await during;
    await settle();
    expect(connection.log).toEqual(['close']);
    expect(upstream.supervision).toMatchObject({ restarts: 1, lastError: undefined });
    expect(clock.pending).toBe(0);
  });

  it('ends the old one at once when it has nothing to finish, and after 30 s when it does not come to an end', async () => {
    const idle = await ready();
    const first = idle.upstream.restart();
    await idle.connectNext();
    await first;
    await settle();
    expect(idle.connection.log).toEqual(['close']);

    const busy = await ready();
    const hanging = busy.upstream.request(anyCall);
    const second = busy.upstream.restart();
    await busy.connectNext();
    await second;
    await busy.clock.advance(29_999);
    expect(busy.connection.log).toEqual([]);
    await busy.clock.advance(1);
    expect(busy.connection.log).toEqual(['close']);
    busy.connection.answer();
    await hanging;
  });

  it('keeps the old one when the successor does not become ready, and says why', async () => {
    const { upstream, connection, calls, kinds, records, clock } = await ready();
    const restarted = upstream.restart();
    await settle();
    calls[1]?.outcome.reject(exit);
    await restarted;
    expect([upstream.state.kind, kinds, connection.log]).toEqual(['ready', [], []]);
    expect(upstream.supervision.lastError).toEqual({ message: exit.message, atMs: clock.now() });
    expect(records.filter(({ type }) => type === 'warn').map(({ message }) => message)).toEqual([
      expect.stringContaining('"a" was not restarted and goes on as it was: Server "a" exited with code 1.'),
    ]);
    const pending = upstream.request(anyCall);
    connection.answer();
    await expect(pending).resolves.toMatchObject({ era: 'legacy' });
    // … and the next restart is a new attempt.
    const again = upstream.restart();
    await settle();
    expect(calls).toHaveLength(3);
    calls[2]?.outcome.resolve(new ScriptedConnection());
    await again;
    expect(connection.log).toEqual(['close']);
  });

  it('keeps what the successor said that did not become ready, until another life begins', async () => {
    const { upstream, calls, connectNext } = await ready();
    const restarted = upstream.restart();
    await settle();
    const { signal } = new AbortController();
    const process = calls[1]?.options.createStdioTransport(fixtureLaunch('exit-on-start'));
    process?.on('closed', (error) => calls[1]?.outcome.reject(error));
    await process?.open(signal);
    await restarted;
    expect([upstream.state.kind, upstream.stderrTail().map(({ text }) => text)]).toEqual([
      'ready',
      expect.arrayContaining(['Error: the database is not reachable']),
    ]);
    const again = upstream.restart();
    await settle();
    const next = calls[2]?.options.createStdioTransport(scriptLaunch("console.error('here')"));
    await next?.open(signal);
    await connectNext();
    await again;
    await eventually('its own lines', () => upstream.stderrTail().length === 1);
    expect(upstream.stderrTail()).toEqual([{ atMs: expect.any(Number), text: 'here' }]);
  });

  it('stops first, from then on, a server that says that it cannot run twice', async () => {
    const { upstream, connection, calls, connectNext, kinds, records } = await ready();
    const restarted = upstream.restart();
    await settle();
    calls[1]?.outcome.reject(taken);
    await settle();
    expect([connection.log, upstream.state.kind]).toEqual([['close'], 'starting']);
    const next = await connectNext();
    await restarted;
    expect(kinds).toEqual(['starting', 'ready']);
    const again = upstream.restart();
    expect(next.log).toEqual(['close']);
    await connectNext();
    await again;
    expect(records.filter(({ message }) => message.includes('cannot run twice'))).toHaveLength(1);
    expect(calls).toHaveLength(4);
  });

  it('tries it anew once the server is another one', async () => {
    const { upstream, calls, connectNext, edit } = await ready();
    const restarted = upstream.restart();
    await settle();
    calls[1]?.outcome.reject(taken);
    await settle();
    const next = await connectNext();
    await restarted;
    const edited = edit({ args: ['other'] });
    await settle();
    expect([next.log, upstream.state.kind]).toEqual([[], 'ready']);
    await connectNext();
    await edited;
    expect(next.log).toEqual(['close']);
  });

  it('is replaced by a later one, and all who asked wait for the last', async () => {
    const { upstream, calls, connectNext, connection } = await ready();
    const together = [upstream.restart(), upstream.restart()];
    await settle();
    expect(calls).toHaveLength(2);
    const later = upstream.restart();
    await settle();
    expect(calls).toHaveLength(3);
    expect(calls[1]?.options.signal.aborted).toBe(true);
    expect(connection.log).toEqual([]);
    await connectNext();
    await Promise.all([...together, later]);
    expect(upstream.state.kind).toBe('ready');
    expect(upstream.supervision.restarts).toBe(1);
  });

  it('is outranked by a stop, which ends the old one, its successor and what finishes its calls', async () => {
    const { upstream, calls, connectNext, connection } = await ready();
    void upstream.request(anyCall);
    const first = upstream.restart();
    const current = await connectNext();
    await first;
    const second = upstream.restart();
    await settle();
    await upstream.stop();
    await second;
    expect([connection.log, current.log]).toEqual([['close'], ['close']]);
    expect(calls[2]?.options.signal.aborted).toBe(true);
    expect([upstream.state.kind, upstream.listing]).toEqual(['stopped', undefined]);
    const late = await connectNext();
    expect([late.log, upstream.state.kind]).toEqual([['close'], 'stopped']);
  });

  it('is what calls wait for when the old one dies meanwhile', async () => {
    const { upstream, calls, connectNext, kinds, clock } = await ready();
    const restarted = upstream.restart();
    await settle();
    calls[0]?.options.on.closed(exit);
    expect(upstream.state).toMatchObject({ kind: 'starting', last: exit });
    const pending = upstream.request(anyCall);
    await connectNext();
    await Promise.all([restarted, pending]);
    expect(kinds).toEqual(['starting', 'ready']);
    expect(clock.pending).toBe(0);
  });

  it('goes on as any failed start when the old one dies and the successor does not become ready', async () => {
    const { upstream, calls, connectNext, clock } = await ready();
    const restarted = upstream.restart();
    await settle();
    calls[0]?.options.on.closed(exit);
    calls[1]?.outcome.reject(exit);
    await restarted;
    expect(upstream.state).toMatchObject({ kind: 'backoff', attempt: 1 });
    await clock.advance(1_000);
    await connectNext();
    expect(upstream.state.kind).toBe('ready');
  });

  it('does not take over with a connection that is lost in the moment it is made', async () => {
    const { upstream, calls, connection } = await ready();
    const restarted = upstream.restart();
    await settle();
    calls[1]?.outcome.resolve(new ScriptedConnection());
    calls[1]?.options.on.closed(exit);
    await restarted;
    expect([upstream.state.kind, connection.log]).toEqual(['ready', []]);
    expect(upstream.supervision.lastError?.message).toBe(exit.message);
  });

  it('hears of the old one only what belongs to its calls', async () => {
    const { pool, upstream, calls, connectNext, connection, lists } = await ready();
    const heard: string[] = [];
    pool.on('forSession', ({ notification }) => heard.push(notification.method));
    pool.on('resourceUpdated', ({ uri }) => heard.push(uri));
    const pending = upstream.request(anyCall);
    const restarted = upstream.restart();
    await connectNext();
    await restarted;
    const old = calls[0]?.options.on;
    old?.listing(listingOf('old'));
    old?.resourceUpdated({ uri: 'x://old', notification: { jsonrpc: '2.0', method: 'x' } });
    old?.forSession({ sessionId: 's', notification: { jsonrpc: '2.0', method: 'elicitation' } });
    connection.answer();
    await pending;
    await settle();
    old?.forSession({ sessionId: 's', notification: { jsonrpc: '2.0', method: 'late' } });
    old?.closed(exit);
    expect([heard, lists, upstream.state.kind]).toEqual([['elicitation'], ['a'], 'ready']);
  });

  it('gives the new one the subscriptions of the old one', async () => {
    const { upstream, connectNext } = await ready();
    await upstream.setSubscribedResources(new Set(['x://1']));
    const restarted = upstream.restart();
    const next = await connectNext();
    await restarted;
    expect(next.log).toEqual(['subscribe x://1']);
  });

  it('moves sessions with connections of their own: calls in flight stay, new ones get a new connection', async () => {
    const { upstream, calls, connectNext } = await ready({ isolation: 'session' });
    const inFlight = upstream.request(ofSession('s'));
    const own = await connectNext(new Slow());
    const unused = upstream.request(ofSession('t'));
    const idle = await connectNext();
    await unused;
    const restarted = upstream.restart();
    await connectNext();
    await restarted;
    await settle();
    expect([own.log, idle.log]).toEqual([[], ['tools/call', 'close']]);
    const moved = upstream.request(ofSession('s'));
    const next = await connectNext();
    await moved;
    expect(next.log).toEqual(['tools/call']);
    expect(calls).toHaveLength(5);
    if (own instanceof Slow) own.answer();
    await inFlight;
    await settle();
    expect(own.log).toEqual(['close']);
  });

  it('keeps at most three that finish their calls', async () => {
    const { upstream, connection, connectNext } = await ready();
    void upstream.request(anyCall);
    const others: Slow[] = [];
    for (let round = 0; round < 3; round += 1) {
      const restarted = upstream.restart();
      const next = new Slow();
      others.push(next);
      await connectNext(next);
      await restarted;
      void upstream.request(anyCall);
    }
    expect(connection.log).toEqual([]);
    const restarted = upstream.restart();
    await connectNext();
    await restarted;
    expect([connection, ...others].map(({ log }) => log)).toEqual([['close'], [], [], []]);
  });
});
