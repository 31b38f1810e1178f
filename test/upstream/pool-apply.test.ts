import { afterEach, describe, expect, it } from 'vitest';
import { HubError, silentLogger } from '../../src/base/index.ts';
import type { ServerDefinition } from '../../src/config/index.ts';
import { type MembersChange, Pool, type UpstreamRequest } from '../../src/upstream/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { definitionOf } from '../support/fake-upstream.ts';
import { fixtureLaunch } from '../support/fixtures.ts';
import { type ConnectCall, listingOf, ScriptedConnection, scriptedConnect } from '../support/scripted-connect.ts';

const pools: Pool[] = [];
const never = new AbortController().signal;
const NONE: ReadonlySet<string> = new Set();
const call: UpstreamRequest = { method: 'tools/call', origin: { principalId: 'local', era: 'legacy' }, signal: never };
const session = (sessionId: string): UpstreamRequest => ({ ...call, origin: { principalId: 'local', era: 'legacy', sessionId } });

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stopAll()));
});

function poolOf(...definitions: ServerDefinition[]) {
  const clock = new FakeClock();
  const { calls, connect } = scriptedConnect();
  const members: MembersChange[] = [];
  const events: string[] = [];
  let startupWaitMs = 5_000;
  const pool = new Pool({
    definitions,
    startupWaitMs: () => startupWaitMs,
    clock,
    connect,
    logger: silentLogger,
    random: () => 0,
    resolveLaunch: async () => fixtureLaunch('echo'),
  });
  pool.on('members', (change) => members.push(change));
  pool.on('state', ({ id, state }) => events.push(`${id} ${state.kind}`));
  pool.on('listing', ({ id, listing }) =>
    events.push(`${id} lists ${listing ? listing.items.tools.map(({ name }) => name).join(' ') : 'nothing'}`),
  );
  pools.push(pool);
  const callsOf = (id: string): ConnectCall[] => calls.filter(({ options }) => options.id === id);
  /** Answers the newest start of a server. */
  const connectTo = async (id: string, connection = new ScriptedConnection(listingOf(`${id} tool`))): Promise<ScriptedConnection> => {
    callsOf(id).at(-1)?.outcome.resolve(connection);
    await settle();
    return connection;
  };
  const wait = (ms: number): void => void (startupWaitMs = ms);
  return { clock, pool, members, events, callsOf, connectTo, wait };
}

async function running(...definitions: ServerDefinition[]) {
  const all = poolOf(...definitions);
  all.pool.startAll();
  await settle();
  for (const { id } of definitions) await all.connectTo(id);
  all.events.splice(0);
  return all;
}

const idsOf = (pool: Pool): string[] => pool.all().map(({ id }) => id);
const toolsOf = (pool: Pool, id: string): unknown => pool.get(id)?.listing?.items.tools.map(({ name }) => name);
const [a, b, c] = ['a', 'b', 'c'].map((id) => definitionOf(id));
if (!a || !b || !c) throw new Error('unreachable');

describe('apply', () => {
  it('adds and starts what is new, in the order of the definitions, and touches nobody else', async () => {
    const { pool, members, events, callsOf, connectTo } = await running(a, b);
    const kept = pool.get('b');
    const applied = pool.apply([c, b, a], NONE);
    expect(idsOf(pool)).toEqual(['c', 'b', 'a']);
    expect(members).toEqual([{ added: ['c'], removed: [], changed: [] }]);
    await settle();
    await connectTo('c');
    await applied;
    expect(events).toEqual(['c starting', 'c lists c tool', 'c ready']);
    expect(pool.get('b')).toBe(kept);
    expect([callsOf('a'), callsOf('b')].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('says nothing when nothing changed', async () => {
    const { pool, members, events } = await running(a, b);
    await pool.apply([definitionOf('a'), definitionOf('b')], NONE);
    expect([members, events]).toEqual([[], []]);
  });

  it('stops and drops what is missing, with a clear error for its calls, and is silent about its end', async () => {
    const { pool, members, events, callsOf, connectTo } = await running(a, b);
    const gone = pool.get('a');
    await pool.apply([b], NONE);
    expect(members).toEqual([{ added: [], removed: ['a'], changed: [] }]);
    expect(pool.get('a')).toBeUndefined();
    expect(events).toEqual([]);
    expect(gone?.state.kind).toBe('stopped');
    await expect(gone?.request(call)).rejects.toMatchObject({ code: 'SERVER_NOT_CONNECTED' });
    // Whoever still holds it starts nothing that nobody would stop.
    gone?.start();
    await gone?.restart();
    expect([gone?.state.kind, callsOf('a').length]).toEqual(['stopped', 1]);
    expect((await connectTo('b')).log).toEqual([]);
  });

  it('starts a server of the same name only when the one before is gone', async () => {
    const { pool, callsOf, connectTo, clock } = poolOf(a);
    pool.startAll();
    await settle();
    const old = new ScriptedConnection();
    let close: () => void = () => {};
    old.closing = new Promise((resolve) => (close = resolve));
    await connectTo('a', old);
    const dropped = pool.apply([], NONE);
    const added = pool.apply([a], NONE);
    await settle();
    expect(pool.get('a')?.state.kind).toBe('starting');
    expect(callsOf('a')).toHaveLength(1);
    close();
    await settle();
    expect(callsOf('a')).toHaveLength(2);
    await connectTo('a');
    await Promise.all([dropped, added]);
    expect(pool.get('a')?.state.kind).toBe('ready');
    expect(clock.pending).toBe(0);
  });

  it('starts those of `restart` anew, with the old listing until the new one replaces it', async () => {
    const { pool, events, callsOf, connectTo } = await running(a, b);
    const changed = definitionOf('a', { args: ['other'] });
    const applied = pool.apply([changed, b], new Set(['a']));
    await settle();
    expect(toolsOf(pool, 'a')).toEqual(['a tool']);
    expect(callsOf('a')).toHaveLength(2);
    const pending = pool.get('a')?.request(call);
    await connectTo('a', new ScriptedConnection(listingOf('new tool')));
    await applied;
    // It went to the one before, which ended after it.
    expect(await pending).toMatchObject({ outcome: { result: { method: 'tools/call' } } });
    expect(events).toEqual(['a lists new tool', 'a ready']);
    expect(pool.get('a')?.definition).toBe(changed);
    expect(callsOf('b')).toHaveLength(1);
  });

  it('keeps the old listing also when the new start fails at first, and disturbs nobody', async () => {
    const { pool, clock, callsOf, connectTo } = await running(a, b);
    const applied = pool.apply([definitionOf('a', { args: ['other'], restart: 'stop-first' }), b], new Set(['a']));
    await settle();
    callsOf('a').at(-1)?.outcome.reject(new HubError('UPSTREAM_EXITED', 'It exited.'));
    await applied;
    expect(pool.get('a')?.state.kind).toBe('backoff');
    expect(toolsOf(pool, 'a')).toEqual(['a tool']);
    expect(pool.get('b')?.state.kind).toBe('ready');
    await clock.advance(60_000);
    await connectTo('a', new ScriptedConnection(listingOf('new tool')));
    expect(toolsOf(pool, 'a')).toEqual(['new tool']);
  });

  it.each<[string, ServerDefinition, string]>([
    ['disabled', { ...a, disabled: true }, 'disabled'],
    ['broken', { ...a, kind: 'invalid' }, 'failed'],
  ])('takes the offer of one that becomes %s back at once, also when it is not in `restart`', async (_, definition, state) => {
    const { pool, events, connectTo } = poolOf(a);
    pool.startAll();
    await settle();
    const connection = await connectTo('a');
    let close: () => void = () => {};
    connection.closing = new Promise((resolve) => (close = resolve));
    events.splice(0);
    let isDone = false;
    const applied = pool.apply([definition], NONE).then(() => (isDone = true));
    expect(events).toEqual(['a lists nothing', `a ${state}`]);
    await settle();
    expect(isDone).toBe(false);
    close();
    await applied;
    expect(connection.log).toEqual(['close']);
    // … and starts one that is enabled, or mended, again.
    const again = pool.apply([a], NONE);
    await settle();
    await connectTo('a');
    await again;
    expect(pool.get('a')?.state.kind).toBe('ready');
  });

  it('tells a broken one what is wrong now', async () => {
    const { pool } = poolOf({ ...a, kind: 'invalid' });
    pool.startAll();
    const at = { severity: 'error', file: 'mcp.json', line: 3, column: 1, keyPath: 'mcpServers.a', message: 'Is wrong otherwise' } as const;
    await pool.apply([{ ...a, kind: 'invalid', errors: [at] }], NONE);
    expect(pool.get('a')?.unavailable()?.message).toContain('Is wrong otherwise');
  });

  it('gives the others their new definition in place: the next request and the next connection go by it', async () => {
    const { pool, clock, members, callsOf, events } = await running(a);
    const changed = definitionOf('a', {
      description: 'other',
      requestTimeoutMs: 77,
      isolation: 'session',
      maxConnections: 1,
      disabledItems: { tools: ['x'] },
    });
    await pool.apply([changed], NONE);
    expect(members).toEqual([{ added: [], removed: [], changed: ['a'] }]);
    expect(pool.get('a')?.definition).toBe(changed);
    expect(callsOf('a')[0]?.options.requestTimeoutMs()).toBe(77);
    expect([callsOf('a').length, events]).toEqual([1, []]);
    const own = pool.get('a')?.request(session('s'));
    await settle();
    // A connection of its own, as `session` says, and of that one at most.
    expect(callsOf('a')).toHaveLength(2);
    const waits = pool.get('a')?.request({ ...session('t'), timeoutMs: 1 });
    const refused = expect(waits).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('all 1 connections') });
    await clock.advance(1);
    await refused;
    callsOf('a').at(-1)?.outcome.resolve(new ScriptedConnection());
    await own;
    await pool.apply([definitionOf('a', { isolation: 'shared' })], NONE);
    await expect(pool.get('a')?.request(session('u'))).resolves.toMatchObject({ outcome: { result: {} } });
    expect(callsOf('a')).toHaveLength(2);
  });

  it('reads startupWait anew for every wait', async () => {
    const { pool, wait } = poolOf(a);
    pool.startAll();
    wait(0);
    await expect(pool.get('a')?.request(call)).rejects.toMatchObject({ code: 'SERVER_NOT_CONNECTED' });
  });

  it('lets the newest of several calls win', async () => {
    const { pool, callsOf, connectTo } = await running(a);
    const first = pool.apply([definitionOf('a', { args: ['1'] }), b], new Set(['a']));
    const second = pool.apply([definitionOf('a', { args: ['2'] })], new Set(['a']));
    await settle();
    // The second came while the old process was still ending: one start serves both.
    expect(callsOf('a')).toHaveLength(2);
    expect(callsOf('b')).toHaveLength(0);
    const third = pool.apply([definitionOf('a', { args: ['3'] })], new Set(['a']));
    await settle();
    expect(callsOf('a')).toHaveLength(3);
    await connectTo('a');
    await Promise.all([first, second, third]);
    expect(pool.get('a')).toMatchObject({ definition: { args: ['3'] }, state: { kind: 'ready' } });
    expect(idsOf(pool)).toEqual(['a']);
  });

  it('does nothing once all are being stopped', async () => {
    const { pool, callsOf } = await running(a);
    const stopped = pool.stopAll();
    await pool.apply([a, b], new Set(['a']));
    await stopped;
    expect(idsOf(pool)).toEqual(['a']);
    expect(pool.get('a')?.state.kind).toBe('stopped');
    expect(callsOf('a')).toHaveLength(1);
  });
});
