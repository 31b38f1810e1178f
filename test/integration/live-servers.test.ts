import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubPaths, type LogRecord } from '../../src/base/index.ts';
import { type HubConfig, loadConfig, type ServerDefinition } from '../../src/config/index.ts';
import { buildParts, hubLogger, type HubParts } from '../../src/hub/parts.ts';
import { AnsweringClient } from '../support/answering-client.ts';
import { eventually } from '../support/eventually.ts';
import { fixture } from '../support/in-process-hub.ts';
import { MemoryManagement } from '../support/memory-management.ts';
import { sdk1 } from '../support/mcp-clients.ts';
import { isRunning } from '../support/processes.ts';
import { ToolListChangedNotificationSchema } from 'sdk-v1/types.js';

let folder: string;
let parts: HubParts;
let config: HubConfig;
let port = 0;
const records: LogRecord[] = [];

const CHANGES = 100;
const NONE: ReadonlySet<string> = new Set();
/** `n` makes it another command line. */
const versionOf = (n: number): object => ({
  ...fixture('lists-given.mjs', `v${n}`, JSON.stringify({ tools: [{ name: `tool${n}`, inputSchema: { type: 'object' } }] })),
});
const steady = fixture('asks-back.mjs');

async function read(mcpServers: object, settings: object = {}): Promise<readonly ServerDefinition[]> {
  const file = join(folder, 'mcp-servers.json');
  await writeFile(file, JSON.stringify({ mcpServers, ...settings }));
  config = await loadConfig({ files: [file], env: {}, cwd: folder, defaultFile: file });
  return config.servers;
}

async function apply(mcpServers: object, ...restart: string[]): Promise<void> {
  await parts.pool.apply(await read(mcpServers), new Set(restart));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-live-'));
  await read({ a: versionOf(0), b: steady });
  const env = { PATH: process.env['PATH'], HOME: folder };
  const options = {
    configFiles: [],
    host: 'localhost',
    port: 0,
    env,
    cwd: folder,
    paths: hubPaths(env),
    sinks: [(record: LogRecord) => void records.push(record)],
    version: '0.0.0-test',
  };
  parts = buildParts({
    options,
    config,
    settings: () => config.settings,
    logger: hubLogger(options, () => {}),
    management: () => new MemoryManagement(),
    port: () => port,
  });
  ({ port } = await parts.server.start());
  parts.gateway.start();
  parts.pool.startAll();
  await parts.pool.settled(['a', 'b'], new AbortController().signal);
});

afterEach(async () => {
  await Promise.all([parts.server.close(), parts.pool.stopAll()]);
  parts.gateway.dispose();
  await rm(folder, { recursive: true });
});

const url = (path = '/mcp'): string => `http://127.0.0.1:${port}${path}`;

interface Load {
  readonly pids: Set<unknown>;
  calls: number;
  stop(): Promise<void>;
}

/** Clients of both eras that call server b without a pause; a call that fails makes `stop` reject. */
async function loadOnB(): Promise<Load> {
  const clients = await Promise.all(
    (['legacy', 'modern', 'legacy', 'modern'] as const).map((era) => AnsweringClient.connect(url(), { era, answer: () => ({}) })),
  );
  const over = new AbortController();
  const load: Load = { pids: new Set(), calls: 0, stop: async () => {} };
  const running = clients.map(async (client, index) => {
    for (let n = 1; !over.signal.aborted; n += 1) {
      const nonce = `${index}/${n}`;
      const { facts, response } = await client.call('b__plain', { nonce, pauseMs: 5 }, n);
      if (facts['nonce'] !== nonce) throw new Error(`a call failed: ${JSON.stringify(response)}`);
      load.pids.add(facts['pid']);
      load.calls += 1;
    }
    await client.close();
  });
  const all = Promise.all(running);
  // Until `stop` looks at it.
  all.catch(() => undefined);
  load.stop = async () => {
    over.abort();
    await all;
  };
  return load;
}

describe('server b under load', () => {
  it('notices nothing of what is done to server a: restarts, changes, removals, additions', async () => {
    const load = await loadOnB();
    const early = await sdk1.http(url());
    for (let n = 1; n <= CHANGES; n += 1) {
      const before = load.calls;
      const kind = n % 4;
      if (kind === 0) await apply({ b: steady });
      else if (kind === 1) await apply({ a: versionOf(n), b: { ...steady, description: `change ${n}` } }, 'a');
      else if (kind === 2) await parts.pool.get('a')?.restart();
      else await apply({ b: steady, a: { ...versionOf(n - 2), disabled: n % 8 === 3 } });
      await eventually(() => expect(load.calls).toBeGreaterThan(before));
    }
    await load.stop();
    expect(load.pids.size).toBe(1);
    expect(load.calls).toBeGreaterThan(100);
    // The session that was there before still is.
    const { tools } = await early.listTools();
    expect(tools.map(({ name }) => name)).not.toContainEqual(expect.stringMatching(/^a__/));
    expect(parts.endpoint.clientCount).toBe(1);
    await early.close();
  }, 120_000);
});

describe('a session of a legacy client on /mcp', () => {
  it('survives the restart of a server, hears of its other tools and calls them', async () => {
    const client = await sdk1.http(url());
    let changes = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (changes += 1));
    await eventually(async () => expect((await client.listTools()).tools.map(({ name }) => name)).toContain('a__tool0'));
    const old = parts.pool.get('a');
    const applied = apply({ a: versionOf(1), b: steady }, 'a');
    // The old listing is served until the new one replaces it.
    const seen = new Set<string>();
    const done = new AbortController();
    void applied.finally(() => done.abort());
    while (!done.signal.aborted) {
      const { tools } = await client.listTools();
      seen.add(
        tools
          .filter(({ name }) => name.startsWith('a__'))
          .map(({ name }) => name)
          .join(),
      );
    }
    await applied;
    expect([...seen].filter((names) => names !== 'a__tool0' && names !== 'a__tool1')).toEqual([]);
    await eventually(() => expect(changes).toBe(1));
    expect(await client.callTool({ name: 'a__tool1', arguments: {} })).toMatchObject({ content: [{ text: 'v1 tool1' }] });
    expect(parts.pool.get('a')).toBe(old);
    await client.close();
  });

  it('sees a filter change with no process restarted, and is told by name what it may not call', async () => {
    const client = await sdk1.http(url());
    let changes = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (changes += 1));
    await client.listTools();
    const starts = JSON.stringify(parts.pool.all().map(({ state }) => state));
    await apply({ a: { ...versionOf(0), disabled_tools: ['tool0', 'nothing'] }, b: steady });
    await eventually(() => expect(changes).toBe(1));
    expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain('a__tool0');
    await expect(client.callTool({ name: 'a__tool0', arguments: {} })).rejects.toThrow(/"disabled_tools" of server "a"/);
    const one = await sdk1.http(url('/mcp/a'));
    expect((await one.listTools()).tools).toEqual([]);
    await expect(one.callTool({ name: 'tool0', arguments: {} })).rejects.toThrow(/"disabled_tools" of server "a"/);
    await apply({ a: versionOf(0), b: steady });
    expect(await one.callTool({ name: 'tool0', arguments: {} })).toMatchObject({ content: [{ text: 'v0 tool0' }] });
    expect(JSON.stringify(parts.pool.all().map(({ state }) => state))).toBe(starts);
    expect(records.filter(({ message }) => message.includes('tool nothing'))).toHaveLength(1);
    await Promise.all([client.close(), one.close()]);
  });

  it('on the endpoint of a server that is removed is refused with the reason, and goes on when it is back', async () => {
    const client = await sdk1.http(url('/mcp/a'));
    expect((await client.listTools()).tools).toHaveLength(1);
    await apply({ b: steady });
    await expect(client.listTools()).rejects.toThrow(/"a"/);
    await apply({ a: versionOf(2), b: steady });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['tool2']);
    await client.close();
  });
});

describe('processes', () => {
  it('of servers that are removed or started anew are gone soon after, their own connections too', async () => {
    await apply({ a: { ...steady, isolation: 'session' }, b: steady }, 'a');
    const client = await AnsweringClient.connect(url(), { answer: () => ({}) });
    const pids: number[] = [];
    for (const how of ['restart', 'remove']) {
      const { facts } = await client.call('a__plain', { nonce: how });
      pids.push(Number(facts['pid']));
      expect(isRunning(pids.at(-1) ?? 0)).toBe(true);
      if (how === 'restart') await parts.pool.get('a')?.restart();
      else await apply({ b: steady });
      await eventually(() => expect(pids.filter(isRunning)).toEqual([]));
    }
    expect(new Set(pids).size).toBe(2);
    await client.close();
  });

  it('that are cut off in the middle of a call end it with the reason', async () => {
    await apply({ b: { ...steady, restart: 'stop-first' } });
    const client = await AnsweringClient.connect(url(), { answer: () => ({}) });
    const cut = async (id: number, how: () => Promise<void> | undefined): Promise<string> => {
      const call = client.call('b__plain', { nonce: id, pauseMs: 20_000 }, id);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await how();
      return JSON.stringify((await call).response);
    };
    expect(await cut(1, () => parts.pool.get('b')?.restart())).toMatch(/is being restarted.*It may have run/);
    expect(await cut(2, () => parts.pool.apply([], NONE))).toMatch(/was removed from the config.*It may have run/);
    await client.close();
  });

  it('can be asked for what they were given, without a value of it', async () => {
    await apply({ a: { ...versionOf(0), env: { API_KEY: 'hunter2' } }, b: steady }, 'a');
    const names = parts.pool.get('a')?.environmentNames ?? [];
    expect(names).toContainEqual({ name: 'API_KEY', value: '[redacted]', from: 'env' });
    expect(names).toContainEqual({ name: 'PATH', value: '[redacted]', from: 'inherited' });
    expect(JSON.stringify(names)).not.toContain('hunter2');
  });
});

describe('settings', () => {
  it('are read live: the length of names', async () => {
    const client = await sdk1.http(url());
    await read({ a: versionOf(0), b: steady }, { maxToolNameLength: 16 });
    parts.gateway.rebuild();
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThan(0);
    expect(tools.filter(({ name }) => name.length > 16)).toEqual([]);
    await client.close();
  });
});
