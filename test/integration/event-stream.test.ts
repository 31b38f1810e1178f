import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { hubPaths, systemClock } from '../../src/base/index.ts';
import { createHub } from '../../src/hub/hub.ts';
import { WorkspaceFile } from '../../src/hub/index.ts';
import { modern, send } from '../downstream/harness.ts';
import { documentedEvents, undocumented } from '../support/documented-events.ts';
import { type Block, type EventsReader, readEvents } from '../support/event-readers.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';

const hubs: RunningHub[] = [];
const readers: EventsReader[] = [];
const documented = documentedEvents();
afterEach(async () => {
  const all = readers.splice(0);
  for (const reader of all) reader.cut();
  for (const hub of hubs.splice(0)) await hub.stop();
  // Whatever a test was after: all that came is as docs/events.md says.
  expect(all.flatMap(({ blocks }) => blocks.flatMap((block) => undocumented(documented, block)))).toEqual([]);
});

async function run(servers: object, env: NodeJS.ProcessEnv = {}): Promise<RunningHub> {
  const hub = await runHub({ mcpServers: servers }, env);
  hubs.push(hub);
  return hub;
}

async function read(hub: RunningHub, lastId?: string): Promise<EventsReader> {
  const reader = await readEvents(hub.origin, lastId === undefined ? {} : { lastId });
  readers.push(reader);
  return reader;
}

const health = async (hub: RunningHub): Promise<Record<string, unknown>> =>
  JSON.parse((await send(`${hub.origin}/api/health`, { method: 'GET' })).text);

/** A hub all of whose servers have settled. */
async function ready(hub: RunningHub): Promise<RunningHub> {
  await eventually(async () => expect((await health(hub))['state']).toBe('ready'));
  return hub;
}

const call = (hub: RunningHub, server: string, name: string, args: object = {}): Promise<unknown> =>
  send(`${hub.url}/${server}`, modern('tools/call', { name, arguments: { ...args } }));

const of = (reader: EventsReader, type: string): Block[] => reader.blocks.filter(({ data }) => data['type'] === type);
const states = (reader: EventsReader): unknown[] =>
  reader.blocks.flatMap(({ event, data }) => (event === 'hub_state' ? [data['state']] : []));

describe('the stream', () => {
  it('is there before any server is, begins with the state, and ends in an orderly way', async () => {
    const hub = await run({ slow: fixture('slow-start.mjs', '500') });
    const reader = await read(hub);
    await eventually(() => expect(states(reader)).toEqual(['starting', 'ready']));
    expect(of(reader, 'info').map(({ data }) => data['message'])).toContain('Server "slow" is ready');
    expect(reader.blocks[0]).toMatchObject({ event: 'hub_state', data: { server_id: 'mcp-hub', version: '4.2.1', pid: process.pid } });
    expect(reader.blocks[0]?.data['port']).toBe(Number(new URL(hub.origin).port));
    expect(of(reader, 'servers_updated')).toEqual([]);
    expect(await health(hub)).toMatchObject({ activeClients: 1, connections: { totalConnections: 1 } });
    await hub.hub.stop();
    expect(await reader.ended).toBe(true);
    expect(states(reader)).toEqual(['starting', 'ready', 'stopping']);
  });

  it('lets the editors’ curl end with 0', async () => {
    const hub = await run({});
    const flags = '--no-buffer --tcp-nodelay --retry 5 --retry-delay 1 --retry-connrefused --keepalive-time 60';
    const curl = spawn('curl', [...flags.split(' '), `${hub.origin.replace('127.0.0.1', 'localhost')}/api/events`]);
    let text = '';
    curl.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await eventually(() => expect(text).toMatch(/^event: hub_state\n(?:.|\n)*\n\n$/));
    const ended = once(curl, 'close');
    await hub.hub.stop();
    expect(await ended).toEqual([0, null]);
    expect(text).toMatch(/"state":"stopping"[^\n]*\n\n$/);
  });

  it('tells of whole lists, by content, and of nothing else then', async () => {
    const hub = await ready(await run({ a: fixture('changes-list.mjs') }));
    const reader = await read(hub);
    await call(hub, 'a', 'grow');
    await eventually(() => expect(of(reader, 'tool_list_changed')).toHaveLength(1));
    const [{ data } = { data: {} as Block['data'] }] = of(reader, 'tool_list_changed');
    const object = expect.objectContaining({ inputSchema: expect.objectContaining({ type: 'object' }) });
    expect(data).toMatchObject({ server: 'a', tools: [object, object, object, { name: 'grown-1', description: 'A new one.' }] });
    expect(of(reader, 'resource_list_changed')).toEqual([]);
    expect(of(reader, 'info')).toEqual([]);
  });

  it('tells of a crash and of the recovery', async () => {
    const hub = await ready(await run({ a: fixture('crash-after.mjs', '1'), b: fixture('echo.mjs') }));
    const reader = await read(hub);
    await call(hub, 'a', 'echo', { text: 'x' });
    expect(of(reader, 'servers_updated')).toEqual([]);
    await call(hub, 'a', 'echo', { text: 'y' });
    await eventually(() => expect(of(reader, 'servers_updated').length).toBeGreaterThan(0));
    await eventually(async () => expect((await health(hub))['servers']).toMatchObject([{ status: 'connected' }, { status: 'connected' }]));
    const changes = { added: [], removed: [], modified: ['a'], unchanged: ['b'] };
    for (const { data } of of(reader, 'servers_updated')) expect(data['changes']).toEqual(changes);
  });

  it('tells of other hubs, that come and that go', async () => {
    const hub = await ready(await run({}));
    const reader = await read(hub);
    const { stateDir } = hubPaths({ HOME: join(hub.folder, 'home') });
    const file = new WorkspaceFile({ stateDir, clock: systemClock });
    const port = Number(new URL(hub.origin).port);
    const own = (await file.read())[port];
    if (!own) throw new Error('The hub has no entry of its own');
    const lastSeen = (): unknown => Object.keys(Object(of(reader, 'workspaces_updated').at(-1)?.data['workspaces']));
    await file.set({ ...own, port: port + 1 });
    await eventually(() => expect(lastSeen()).toEqual([String(port), String(port + 1)]));
    await file.remove(port + 1, own.pid);
    await eventually(() => expect(lastSeen()).toEqual([String(port)]));
  });
});

describe('a reader that comes back', () => {
  it('misses nothing and gets nothing twice, wherever it was cut', async () => {
    const names = ['a', 'b', 'c'];
    const hub = await ready(await run(Object.fromEntries(names.map((name) => [name, fixture('changes-list.mjs')]))));
    const steady = await read(hub);
    let isOver = false;
    const ids = (blocks: readonly Block[]): string[] => blocks.slice(1).flatMap(({ id }) => id ?? []);
    const restless = async (): Promise<string[]> => {
      const got: string[] = [];
      let lastId = steady.blocks[0]?.id ?? '';
      for (let isLast = false; !isLast; ) {
        isLast = isOver;
        const reader = await read(hub, lastId);
        await delay(isLast ? 300 : Math.random() * 60);
        reader.cut();
        await reader.ended;
        expect(reader.blocks[0]?.data['resumed'] ?? true).toBe(true);
        got.push(...ids(reader.blocks));
        lastId = got.at(-1) ?? lastId;
      }
      return got;
    };
    await eventually(() => expect(steady.blocks.length).toBeGreaterThan(0));
    const all = Promise.all(Array.from({ length: 10 }, restless));
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(names.map((name) => call(hub, name, 'redescribe', { length: 50_000 })));
      await delay(120);
    }
    await delay(300);
    isOver = true;
    const everything = await all;
    const expected = ids(steady.blocks);
    expect(expected.length).toBeGreaterThan(40);
    for (const got of everything) expect(got).toEqual(expected.slice(0, got.length));
    for (const got of everything) expect(expected.length - got.length).toBeLessThan(5);
  });

  it('hears by the state alone that it is another hub', async () => {
    const first = await ready(await run({}));
    const [{ id } = { id: '' }] = await eventually(async () => {
      const { blocks } = await read(first);
      await eventually(() => expect(blocks).toHaveLength(1));
      return blocks;
    });
    const second = await ready(await run({}));
    const reader = await read(second, id);
    await eventually(() => expect(reader.blocks).toHaveLength(1));
    expect(reader.blocks[0]?.data['resumed']).toBeUndefined();
    expect(reader.blocks[0]?.id).not.toBe(id);
  });
});

describe('200 readers, of which 50 never read', () => {
  const SERVERS = ['a', 'b', 'c', 'd', 'e'];
  interface Seen {
    readonly connected: number;
    readonly events: Readonly<Record<string, { readonly firstMs: number; readonly lastMs: number; readonly count: number }>>;
  }

  // Again where something else on the machine took its time; who waits for a deaf reader waits every time.
  it('others get every event within 100 ms of each other, and the memory stays bounded', { retry: 2 }, async () => {
    const hub = await ready(await run(Object.fromEntries(SERVERS.map((name) => [name, fixture('changes-list.mjs')]))));
    const port = new URL(hub.origin).port;
    const script = join(import.meta.dirname, '../fixtures/readers/many.mjs');
    const child = spawn(process.execPath, [script, port, '150', '50'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const said = async (): Promise<string> => {
      let text = '';
      while (!text.endsWith('\n')) text += String((await once(child.stdout, 'data'))[0]);
      return text;
    };
    const look = async (): Promise<Seen> => {
      const answer = said();
      child.stdin.write('\n');
      return JSON.parse(await answer);
    };
    try {
      await said();
      await eventually(async () => expect(await health(hub)).toMatchObject({ activeClients: 200 }));
      const steady = await read(hub);
      await eventually(() => expect(steady.blocks).toHaveLength(1));
      const before = process.memoryUsage();
      let mostBytes = 0;
      const change = async (rounds: number, length: number): Promise<void> => {
        for (let round = 0; round < rounds; round += 1) {
          await Promise.all(SERVERS.map((name) => call(hub, name, 'redescribe', { length })));
          await delay(110);
          mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - before.arrayBuffers);
        }
      };
      await change(20, 2_000);
      expect((await health(hub))['activeClients']).toBe(201);
      await change(60, 20_000);
      await eventually(async () => expect((await health(hub))['activeClients']).toBe(151));
      const expected = steady.blocks.slice(1).flatMap(({ id }) => id ?? []);
      const seen = await eventually(async () => {
        const now = await look();
        expect(Object.keys(now.events).length).toBeGreaterThanOrEqual(expected.length);
        for (const id of expected) expect(now.events[id]?.count).toBe(150);
        return now;
      });
      expect(seen.connected).toBe(150);
      expect(expected.length).toBeGreaterThan(150);
      const spreads = expected.map((id) => (seen.events[id]?.lastMs ?? Infinity) - (seen.events[id]?.firstMs ?? 0));
      expect(Math.max(...spreads)).toBeLessThan(100);
      expect(mostBytes).toBeLessThan(32 * 1024 * 1024);
    } finally {
      child.stdin.end();
      await once(child, 'close');
    }
  });
});

it('holds the hub back from ending, which comes when the last reader is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-hub-test-'));
  const paths = hubPaths({ HOME: folder });
  const file = new WorkspaceFile({ stateDir: paths.stateDir, clock: systemClock });
  const place = { configFiles: [], host: '127.0.0.1', port: 0, env: {}, cwd: folder, paths };
  const hub = createHub({ ...place, sinks: [], version: '0.0.0-test', shutdownDelayMs: 1_500 });
  let isIdle = false;
  hub.on('idle', () => {
    isIdle = true;
  });
  const entry = async (): Promise<object> => Object.values(await file.read())[0] ?? {};
  try {
    const { port } = await hub.start();
    const origin = `http://127.0.0.1:${port}`;
    const first = await readEvents(origin);
    await eventually(async () => expect(await entry()).toMatchObject({ state: 'active', activeConnections: 1 }));
    await delay(2_500);
    first.cut();
    const leaving = { state: 'shutting_down', activeConnections: 0, shutdownStartedAt: expect.any(String), shutdownDelay: 1_500 };
    await eventually(async () => expect(await entry()).toMatchObject(leaving));
    const second = await readEvents(origin);
    await eventually(async () => expect(await entry()).toMatchObject({ state: 'active', activeConnections: 1, shutdownStartedAt: null }));
    await delay(2_500);
    expect(isIdle).toBe(false);
    second.cut();
    await eventually(() => expect(isIdle).toBe(true));
  } finally {
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

it('tells no secret', async () => {
  const secret = 'sk-4f9d0c7a1e55b3';
  const last = 'process.stderr.write(`the key is ${process.env.KEY}\\n`); process.exit(3)';
  const hub = await run(
    {
      says: { command: process.execPath, args: ['-e', last], env: { KEY: '${THE_KEY}' } },
      remote: { url: 'http://127.0.0.1:9/mcp?key=${THE_KEY}', headers: { Authorization: 'Bearer ${THE_KEY}' } },
      literal: { url: `http://127.0.0.1:9/mcp?key=${secret}`, headers: { Authorization: `Bearer ${secret}` } },
      peeks: { ...fixture('echo.mjs'), env: { KEY: '${THE_KEY}' } },
    },
    { THE_KEY: secret },
  );
  const reader = await read(hub);
  await ready(hub);
  await call(hub, 'peeks', 'env-peek', { name: 'KEY' });
  await call(hub, 'says', 'x');
  await eventually(() => expect(states(reader)).toContain('ready'));
  await hub.hub.stop();
  await reader.ended;
  expect(reader.text()).toContain('"type":"info"');
  expect(reader.text()).not.toContain(secret);
  expect(JSON.stringify(hub.records)).not.toContain(secret);
});
