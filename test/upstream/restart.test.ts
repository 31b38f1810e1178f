import { afterEach, describe, expect, it } from 'vitest';
import { HubError, silentLogger, systemClock } from '../../src/base/index.ts';
import type { StdioDefinition } from '../../src/config/index.ts';
import { Pool, type Upstream, type UpstreamRequest } from '../../src/upstream/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { definitionOf } from '../support/fake-upstream.ts';
import { fixtureLaunch, scriptLaunch } from '../support/fixtures.ts';
import { plainConnect } from '../support/plain-connect.ts';
import { eventually } from '../support/eventually.ts';
import { listingOf, ScriptedConnection, scriptedConnect } from '../support/scripted-connect.ts';

const pools: Pool[] = [];
const never = new AbortController().signal;
const call: UpstreamRequest = { method: 'tools/call', origin: { principalId: 'local', era: 'legacy' }, signal: never };

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stopAll()));
});

function scripted(more: Partial<StdioDefinition> = {}) {
  const clock = new FakeClock();
  const { calls, connect } = scriptedConnect();
  const pool = new Pool({
    definitions: [definitionOf('a', { requestTimeoutMs: 1_000, restart: 'stop-first', ...more })],
    startupWaitMs: () => 5_000,
    clock,
    connect,
    logger: silentLogger,
    random: () => 0,
    resolveLaunch: async () => fixtureLaunch('echo'),
  });
  pools.push(pool);
  const kinds: string[] = [];
  pool.on('state', ({ state }) => kinds.push(state.kind));
  const upstream = upstreamOf(pool);
  const connectNext = async (connection = new ScriptedConnection()): Promise<ScriptedConnection> => {
    calls.at(-1)?.outcome.resolve(connection);
    await settle();
    return connection;
  };
  return { clock, calls, kinds, upstream, connectNext };
}

async function ready(more: Partial<StdioDefinition> = {}) {
  const all = scripted(more);
  all.upstream.start();
  await settle();
  const connection = await all.connectNext();
  all.kinds.splice(0);
  return { ...all, connection };
}

function upstreamOf(pool: Pool): Upstream {
  const upstream = pool.get('a');
  if (!upstream) throw new Error('no upstream');
  return upstream;
}

describe('a restart that stops first', () => {
  it('is waited for by calls, keeps the offer, and resolves when the first attempt has ended', async () => {
    const { upstream, kinds, calls, connectNext, connection } = await ready();
    const restarted = upstream.restart();
    expect(connection.log).toEqual(['close']);
    await settle();
    expect(upstream.listing?.items.tools).toEqual([{ name: 'a' }]);
    const pending = upstream.request(call);
    const settled = upstream.settled(never);
    await connectNext(new ScriptedConnection(listingOf('b')));
    await Promise.all([restarted, settled, pending]);
    expect(kinds).toEqual(['starting', 'ready']);
    expect(upstream.listing?.items.tools).toEqual([{ name: 'b' }]);
    expect(calls).toHaveLength(2);
  });

  it('resolves as well when the attempt fails', async () => {
    const { upstream, calls } = await ready();
    const restarted = upstream.restart();
    await settle();
    calls[1]?.outcome.reject(new HubError('UPSTREAM_EXITED', 'It exited.'));
    await restarted;
    expect(upstream.state.kind).toBe('backoff');
  });

  it('waits for the old process, and all who ask meanwhile are served by one start', async () => {
    const { upstream, connection, calls, connectNext } = await ready();
    let close: () => void = () => {};
    connection.closing = new Promise((resolve) => (close = resolve));
    const all = [upstream.restart(), upstream.restart(), upstream.restart()];
    await settle();
    expect(calls).toHaveLength(1);
    close();
    await settle();
    expect(calls).toHaveLength(2);
    await connectNext();
    await Promise.all(all);
    expect(calls).toHaveLength(2);
  });

  it('begins again when something is being started already: that may be of yesterday', async () => {
    const { upstream, calls, connectNext } = await ready();
    const first = upstream.restart();
    await settle();
    const second = upstream.restart();
    await settle();
    expect(calls).toHaveLength(3);
    expect(calls[1]?.options.signal.aborted).toBe(true);
    await connectNext();
    await Promise.all([first, second]);
    expect(upstream.state.kind).toBe('ready');
  });

  it.each(['stopped', 'waiting for its next attempt'])('starts one that is %s', async (what) => {
    const { upstream, calls, connectNext, clock } = scripted();
    if (what !== 'stopped') {
      upstream.start();
      await settle();
      calls[0]?.outcome.reject(new HubError('UPSTREAM_EXITED', 'It exited.'));
      await settle();
    }
    const restarted = upstream.restart();
    await settle();
    await connectNext();
    await restarted;
    expect(upstream.state.kind).toBe('ready');
    expect(clock.pending).toBe(0);
  });

  it('is outranked by a stop, before it and after it', async () => {
    const { upstream, calls } = await ready();
    const stopped = upstream.stop();
    await upstream.restart();
    await stopped;
    expect([upstream.state.kind, calls.length]).toEqual(['stopped', 1]);
    const restarted = upstream.restart();
    await upstream.stop();
    await restarted;
    expect([upstream.state.kind, upstream.listing]).toEqual(['stopped', undefined]);
    upstream.start();
    await settle();
    expect(upstream.state.kind).toBe('starting');
  });

  it('starts after its stop for who starts it meanwhile, unless it is stopped again', async () => {
    const { upstream, calls, kinds } = await ready();
    const stopped = upstream.stop();
    upstream.start();
    await stopped;
    await settle();
    expect([upstream.state.kind, calls.length]).toEqual(['starting', 2]);
    expect(kinds).toEqual(['stopping', 'starting']);
    const again = upstream.stop();
    upstream.start();
    await Promise.all([again, upstream.stop()]);
    await settle();
    expect([upstream.state.kind, calls.length]).toEqual(['stopped', 2]);
  });

  it('tells the new connection what was wanted of the old one', async () => {
    const { upstream, connectNext } = await ready();
    await upstream.setSubscribedResources(new Set(['x://1']));
    await upstream.setLogLevel('debug');
    const restarted = upstream.restart();
    await settle();
    expect((await connectNext()).log).toEqual(['subscribe x://1', 'level debug']);
    await restarted;
  });
});

describe('refresh', () => {
  it('asks for every list anew', async () => {
    const { upstream, connection } = await ready();
    await upstream.refresh();
    expect(connection.log).toEqual(['refresh']);
  });

  it('is refused when the server is down, and told when it goes down or hangs', async () => {
    const { upstream, connection, clock } = await ready();
    connection.refresh = () => new Promise(() => {});
    const hangs = expect(upstream.refresh()).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('"a"') });
    await clock.advance(1_000);
    await hangs;
    connection.refresh = async () => {};
    const lost = expect(upstream.refresh()).rejects.toMatchObject({ code: 'SERVER_NOT_CONNECTED' });
    await Promise.all([upstream.stop(), lost]);
    await expect(upstream.refresh()).rejects.toMatchObject({
      code: 'SERVER_NOT_CONNECTED',
      message: expect.stringContaining('is stopped'),
    });
  });
});

describe('with real processes', () => {
  it('the last words of a process outlive it, until the next one says something', async () => {
    let script = 'process.stderr.write("no database\\n"); process.exit(3)';
    const pool = new Pool({
      definitions: [definitionOf('a')],
      startupWaitMs: () => 5_000,
      clock: systemClock,
      connect: plainConnect,
      logger: silentLogger,
      random: () => 0.99,
      resolveLaunch: async () => (script === '' ? Promise.reject(new HubError('PLACEHOLDER_ERROR', 'No TOKEN.')) : scriptLaunch(script)),
    });
    pools.push(pool);
    const upstream = upstreamOf(pool);
    const tail = (): string[] => upstream.stderrTail().map(({ text }) => text);
    await upstream.restart();
    expect([upstream.state.kind, tail()]).toEqual(['backoff', ['no database']]);
    await upstream.stop();
    expect(tail()).toEqual(['no database']);
    script = '';
    await upstream.restart();
    expect([upstream.state.kind, tail()]).toEqual(['failed', ['no database']]);
    script = 'process.stderr.write("hello\\n"); setTimeout(() => {}, 60_000)';
    void upstream.restart();
    await eventually(() => expect(tail()).toEqual(['hello']));
  });
});
