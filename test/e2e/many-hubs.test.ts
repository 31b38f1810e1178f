import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Workspace } from '../../src/hub/index.ts';
import { endHubs, freePort, healthOf, type HubProcess, makeFolder, settled, spawnHub } from '../support/hub-process.ts';
import { eventually, isRunning } from '../support/processes.ts';

const HUBS = 10;
const CYCLES = 100;
const EMPTY = { mcpServers: {} };

afterEach(() => endHubs());

/** The environment of several hubs of one person. */
async function oneHome(): Promise<{ readonly env: Record<string, string>; readonly file: string; readonly home: string }> {
  const home = join(await makeFolder(), 'home');
  return { env: { HOME: home, XDG_STATE_HOME: join(home, 'state') }, file: join(home, 'state/mcp-hub/workspaces.json'), home };
}

/** The list of running hubs. It is replaced as a whole, so that it can be read at every moment. */
async function entriesOf(file: string): Promise<Record<string, Workspace>> {
  return existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : {};
}

/** Waits until the hub's entry stands in the file, and gives all of them. */
async function entered(file: string, hub: HubProcess): Promise<Record<string, Workspace>> {
  const end = Date.now() + 15_000;
  for (;;) {
    const entries = await entriesOf(file);
    if (entries[hub.port]?.pid === hub.pid) return entries;
    if (Date.now() > end || hub.process.exitCode !== null) throw new Error(`The hub has no entry:\n${hub.output()}`);
    await delay(5);
  }
}

/** How long this machine takes for as many Node processes that do nothing: no hub can end sooner. */
async function bareMs(count: number): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: count }, () => once(spawn(process.execPath, ['-e', '0']), 'close')));
  return performance.now() - start;
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => socket.destroy());
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(true));
  });

describe('ten hubs that start at the same instant on one port', () => {
  it('end with one that serves; the others say EADDRINUSE and end with exit code 2 within a second', async () => {
    const { env, file } = await oneHome();
    const port = await freePort();
    const nodeMs = await bareMs(HUBS);
    const runs = await Promise.all(
      Array.from({ length: HUBS }, async () => {
        const hub = await spawnHub({ config: EMPTY, port, env });
        const start = performance.now();
        return { hub, end: hub.exit.then((exit) => ({ ...exit, tookMs: performance.now() - start })) };
      }),
    );
    const winner = await Promise.any(runs.map(({ hub }) => entered(file, hub).then(() => hub)));
    const losers = runs.filter(({ hub }) => hub !== winner);
    expect(losers).toHaveLength(HUBS - 1);
    for (const { hub, end } of losers) {
      const { code, tookMs } = await end;
      expect(code).toBe(2);
      // Whose it is, is told when it can be found out in the time that a loser has.
      expect(hub.stderr()).toMatch(
        new RegExp(`^error: EADDRINUSE: port ${port} is in use by (?:another process\\.|.*pid ${winner.pid}\\), an mcp-hub)`),
      );
      expect(tookMs).toBeLessThan(1_000 + nodeMs);
    }
    await settled(winner);
    expect(await entriesOf(file)).toEqual({ [port]: expect.objectContaining({ pid: winner.pid, port, state: 'active' }) });
    expect(await winner.stop()).toEqual({ code: 0, signal: null });
    expect(await entriesOf(file)).toEqual({});
  });

  it('all have their entry when each has a port of its own, and take it away again', async () => {
    const { env, file } = await oneHome();
    const hubs = await Promise.all(Array.from({ length: HUBS }, () => spawnHub({ config: EMPTY, env })));
    for (const hub of hubs) await entered(file, hub);
    const entries = await entriesOf(file);
    expect(Object.fromEntries(Object.entries(entries).map(([port, { pid }]) => [port, pid]))).toEqual(
      Object.fromEntries(hubs.map(({ port, pid }) => [port, pid])),
    );
    await Promise.all(hubs.map((hub) => hub.stop()));
    expect(await entriesOf(file)).toEqual({});
  });
});

describe('the list of running hubs', () => {
  it('holds no dead entry once the next hub is up, however the last ones were killed', async () => {
    const { env, file } = await oneHome();
    const ports = [await freePort(), await freePort(), await freePort()];
    const seen: { readonly cycle: number; readonly ports: readonly string[]; readonly dead: number }[] = [];
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      const hub = await spawnHub({ config: EMPTY, port: ports[cycle % ports.length] ?? 0, env });
      if (cycle % 5 === 4) {
        // This one is killed somewhere on its way.
        await delay(Math.random() * 300);
      } else {
        const entries = await entered(file, hub);
        const dead = Object.values(entries).filter(({ pid }) => !isRunning(pid)).length;
        if (dead > 0 || Object.keys(entries).length !== 1) seen.push({ cycle, ports: Object.keys(entries), dead });
      }
      await hub.stop('SIGKILL');
    }
    expect(seen).toEqual([]);
    expect(Object.keys(await entriesOf(file)).length).toBeLessThanOrEqual(1);
  }, 300_000);

  it("is the one in the old product's folder where there is such a folder", async () => {
    const { env, file, home } = await oneHome();
    await mkdir(join(home, '.mcp-hub/logs'), { recursive: true });
    const hub = await spawnHub({ config: EMPTY, env });
    await entered(join(home, '.mcp-hub/workspaces.json'), hub);
    expect(existsSync(file)).toBe(false);
    await eventually('the log is where the old one was', () => existsSync(join(home, '.mcp-hub/logs/mcp-hub.log')));
    await hub.stop();
  });
});

describe('the port of a hub', () => {
  it('is free within a second of the wish to stop, also with clients that hold on', async () => {
    const hub = await spawnHub({ config: EMPTY });
    await settled(hub);
    const response = await fetch(`${hub.origin}/sse`, { headers: { accept: 'text/event-stream' } });
    const reader = response.body?.getReader();
    await reader?.read();
    const start = performance.now();
    hub.process.kill('SIGTERM');
    while (await isOpen(hub.port)) await delay(5);
    expect(performance.now() - start).toBeLessThan(1_000);
    expect((await hub.exit).code).toBe(0);
    await reader?.cancel().catch(() => {});
  });

  it('is free within a second of a hard restart, and the next hub on it is not disturbed by the end of the last', async () => {
    const { env, file } = await oneHome();
    const hub = await spawnHub({ config: EMPTY, env });
    await settled(hub);
    const events = await fetch(`${hub.origin}/api/events`);
    const told = events.text();
    const start = performance.now();
    const answer = await fetch(`${hub.origin}/api/hard-restart`, { method: 'POST' });
    expect(answer.status).toBe(200);
    while (await isOpen(hub.port)) await delay(5);
    expect(performance.now() - start).toBeLessThan(1_000);
    const next = await spawnHub({ config: EMPTY, env, port: hub.port });
    await entered(file, next);
    expect((await hub.exit).code).toBe(0);
    // The stream ends in order, after the news that the plugin of an editor waits for.
    expect(await told).toMatch(/"state":"restarting"[^]*"state":"stopping"/);
    expect((await entriesOf(file))[hub.port]).toMatchObject({ pid: next.pid, state: 'active' });
  });

  it('answers whoever connects while the hub still loads', async () => {
    const port = await freePort();
    const hub = await spawnHub({ config: EMPTY, port });
    while (!(await isOpen(port))) await delay(1);
    const { status } = await fetch(`http://127.0.0.1:${port}/api/health`);
    expect(status).toBe(200);
    expect((await hub.stop()).code).toBe(0);
  });
});

describe('a hub whose parent has gone', () => {
  it('goes on without anybody who reads what it says, and takes new connections', async () => {
    const hub = await spawnHub({ config: EMPTY, args: ['--verbose'] });
    await settled(hub);
    hub.process.stdout?.destroy();
    hub.process.stderr?.destroy();
    for (let count = 0; count < 20; count += 1) {
      // Each makes the hub write a line for nobody.
      await fetch(hub.url, { method: 'POST', body: 'no JSON', headers: { 'content-type': 'application/json' } });
    }
    expect((await healthOf(hub)).state).toBe('ready');
    expect(await hub.stop()).toEqual({ code: 0, signal: null });
  });
});
