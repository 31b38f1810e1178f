import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import type { ServerDefinition } from '../../src/config/index.ts';
import { Pool, type StdioLaunch, type UpstreamRequest } from '../../src/upstream/index.ts';
import { commandLaunch, fixtureLaunch } from '../support/fixtures.ts';
import { plainConnect } from '../support/plain-connect.ts';
import { eventually, isRunning, stubbornPids } from '../support/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-hub-pool-'));
const pools: Pool[] = [];
const never = new AbortController().signal;

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stopAll()));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A pool of fixture servers; a launch that is `undefined` is a disabled server. */
function poolOf(launches: Record<string, StdioLaunch | undefined>): Pool {
  const definitions = Object.entries(launches).map(
    ([id, launch]): ServerDefinition => ({
      kind: 'stdio',
      id,
      command: 'x',
      args: [],
      env: {},
      disabled: launch === undefined,
      initTimeoutMs: 5_000,
      requestTimeoutMs: 1_000,
      isolation: 'auto',
      maxConnections: 4,
      source: 'mcp.json',
      errors: [],
    }),
  );
  const pool = new Pool({
    definitions,
    startupWaitMs: () => 1_500,
    clock: systemClock,
    logger: silentLogger,
    random: () => 0.99,
    connect: plainConnect,
    resolveLaunch: async ({ id }) => launches[id] ?? Promise.reject(new Error('disabled')),
  });
  pools.push(pool);
  return pool;
}

const echo = (text: string): UpstreamRequest => ({
  method: 'tools/call',
  params: { name: 'echo', arguments: { text } },
  origin: { principalId: 'local', era: 'legacy' },
  signal: never,
});
const stateOf = (pool: Pool, id: string): string | undefined => pool.get(id)?.state.kind;
const idsOf = (pool: Pool): string[] => pool.all().map((upstream) => upstream.id);

describe('Pool', () => {
  it('starts all at once; one that hangs or dies costs the others nothing', async () => {
    const pool = poolOf({
      hangs: fixtureLaunch('hang'),
      zebra: fixtureLaunch('echo'),
      dies: fixtureLaunch('exit-on-start'),
      missing: commandLaunch('no-such-command'),
      off: undefined,
      alpha: fixtureLaunch('paged', [5, 5]),
    });
    const ready: string[] = [];
    pool.on('state', ({ id, state }) => {
      if (state.kind === 'ready') ready.push(id);
    });
    pool.startAll();
    expect(idsOf(pool)).toEqual(['hangs', 'zebra', 'dies', 'missing', 'off', 'alpha']);
    await pool.settled(['zebra', 'alpha', 'off', 'no such server'], never);
    expect(ready.toSorted()).toEqual(['alpha', 'zebra']);
    expect(stateOf(pool, 'hangs')).toBe('starting');
    const startMs = Date.now();
    await pool.settled(idsOf(pool), never);
    expect(Date.now() - startMs).toBeLessThan(2_000);
    expect(stateOf(pool, 'off')).toBe('disabled');
    expect(pool.get('dies')?.state).toHaveProperty('last.code', 'UPSTREAM_EXITED');
    expect(pool.get('missing')?.state).toHaveProperty('last.code', 'CONNECTION_ERROR');
    expect(
      pool
        .get('hangs')
        ?.stderrTail()
        .map((line) => line.text),
    ).toEqual(['waiting for a database that never comes']);
    expect(pool.get('nobody')).toBeUndefined();
  });

  it('starts a server again that crashed; the next call waits for it and works', async () => {
    const pool = poolOf({ fragile: fixtureLaunch('crash-after', [1]) });
    pool.startAll();
    const upstream = pool.get('fragile');
    await upstream?.request(echo('one'));
    await expect(upstream?.request(echo('two'))).rejects.toMatchObject({ code: 'UPSTREAM_EXITED', details: { exitCode: 7 } });
    expect(stateOf(pool, 'fragile')).toBe('backoff');
    expect(upstream?.listing?.items.tools).toHaveLength(1);
    expect(await upstream?.request(echo('three'))).toMatchObject({ outcome: { result: { content: [{ text: 'three' }] } } });
  });

  it('stops all of them within four seconds, a deaf one with a grandchild too, in every stage', async () => {
    const file = join(folder, 'stubborn.json');
    const pool = poolOf({
      deaf: fixtureLaunch('stubborn', [file]),
      hangs: fixtureLaunch('hang'),
      dies: fixtureLaunch('exit-on-start'),
      good: fixtureLaunch('echo'),
    });
    pool.startAll();
    await pool.settled(['deaf', 'dies', 'good'], never);
    const pids = await stubbornPids(file);
    const startMs = Date.now();
    await Promise.all([pool.stopAll(), pool.stopAll()]);
    expect(Date.now() - startMs).toBeLessThan(4_000);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(pool.all().map((upstream) => upstream.state.kind)).toEqual(['stopped', 'stopped', 'stopped', 'stopped']);
    await expect(pool.get('good')?.request(echo('x'))).rejects.toMatchObject({ code: 'SERVER_NOT_CONNECTED' });
  });

  it('can be stopped in the moment it starts, before it and twice', async () => {
    const pool = poolOf({ a: fixtureLaunch('echo'), b: fixtureLaunch('slow-start', [500]) });
    await pool.stopAll();
    pool.startAll();
    await pool.stopAll();
    expect(stateOf(pool, 'a')).toBe('stopped');
    pool.startAll();
    await eventually('both are ready', () => pool.all().every((upstream) => upstream.state.kind === 'ready'));
  });

  it('tells of every change, and takes a listener that throws', async () => {
    const pool = poolOf({ a: fixtureLaunch('echo') });
    const told: string[] = [];
    const listening = pool.on('state', () => {
      throw new Error('a bad listener');
    });
    pool.on('state', ({ id, state }) => void told.push(`${id} ${state.kind}`));
    pool.on('listing', ({ id, listing }) => void told.push(`${id} offers ${listing?.items.tools.length ?? 'nothing'}`));
    pool.startAll();
    await pool.settled(['a'], never);
    await pool.stopAll();
    listening.dispose();
    expect(told).toEqual(['a starting', 'a offers 3', 'a ready', 'a stopping', 'a offers nothing', 'a stopped']);
  });
});
