import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ToolListChangedNotificationSchema } from 'sdk-v1/types.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubPaths } from '../../src/base/index.ts';
import { isObject, type JsonObject } from '../../src/protocol/index.ts';
import { startLegacyHttp } from '../fixtures/http/legacy-http.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, runHub, type RunningHub } from '../support/in-process-hub.ts';
import { oneServer } from '../support/one-server.ts';
import { sdk1 } from '../support/mcp-clients.ts';
import { isRunning } from '../support/processes.ts';
import { RawClient } from '../support/raw-client.ts';

let folder: string;
let hub: RunningHub | undefined;
const { api, shown, restart } = oneServer(() => hub);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-life-'));
  await tools('work');
});

afterEach(async () => {
  await hub?.stop();
  hub = undefined;
  await rm(folder, { recursive: true, force: true });
});

const file = (): string => join(folder, 'tools.txt');
const tools = (...names: string[]): Promise<void> => writeFile(file(), names.join('\n'));
const versioned = (...args: string[]): object => fixture('versioned.mjs', file(), ...args);

/** A hub whose files outlive it: the next one of the same test finds what it has remembered. */
async function start(a: object, more: object = {}): Promise<RunningHub> {
  const paths = { ...hubPaths({ HOME: folder }), dataDir: join(folder, 'data') };
  hub = await runHub({ mcpServers: { a }, ...more }, {}, 0, { paths });
  return hub;
}

async function stop(): Promise<void> {
  await hub?.stop();
  hub = undefined;
}
const ready = (): Promise<void> => eventually(async () => expect(await shown()).toMatchObject({ status: 'connected' }));

interface Outcome {
  readonly pid: number;
  readonly failure: unknown;
}

async function call(client: RawClient, args: JsonObject = {}, name = 'a__work'): Promise<Outcome> {
  const { response } = await client.request('tools/call', { name, arguments: args });
  const result = isObject(response['result']) ? response['result'] : {};
  const facts = isObject(result['structuredContent']) ? result['structuredContent'] : {};
  const pid = Number(facts['pid'] ?? 0);
  return { pid, failure: pid > 0 ? undefined : response };
}

async function listed(client: RawClient): Promise<readonly unknown[]> {
  const { response } = await client.request('tools/list');
  const result = isObject(response['result']) ? response['result'] : {};
  return Array.isArray(result['tools']) ? result['tools'].map((tool) => isObject(tool) && tool['name']) : [];
}

/** A hundred calls a second, each of which takes a while, until it is stopped. */
function load(client: RawClient) {
  const over = new AbortController();
  const outcomes: Promise<Outcome>[] = [];
  const running = (async () => {
    while (!over.signal.aborted) {
      outcomes.push(call(client, { pauseMs: 50 }));
      await delay(10);
    }
  })();
  return async (): Promise<readonly Outcome[]> => {
    over.abort();
    await running;
    return Promise.all(outcomes);
  };
}

describe('a restart under 100 calls a second', () => {
  it('fails no call, keeps the session, and tells of the other tools', async () => {
    const { url } = await start(versioned());
    await ready();
    const client = await RawClient.connect(url, 'legacy');
    const watcher = await sdk1.http(url);
    let changes = 0;
    watcher.setNotificationHandler(ToolListChangedNotificationSchema, () => void (changes += 1));
    const first = (await call(client)).pid;
    const stopLoad = load(client);
    await delay(300);
    // What the first start changed has been told by now.
    changes = 0;
    await tools('work', 'more');
    expect(await restart()).toMatchObject({ server: { status: 'connected', restarts: 1, lastError: null } });
    await delay(300);
    await restart();
    await delay(300);
    const outcomes = await stopLoad();
    expect(outcomes.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(50);
    expect(new Set(outcomes.map(({ pid }) => pid)).size).toBe(3);
    expect(await listed(client)).toEqual(['a__work', 'a__more']);
    expect(changes).toBe(1);
    await eventually(() => expect(isRunning(first)).toBe(false));
    await Promise.all([client.close(), watcher.close()]);
  });

  it('changes nothing when the new process does not become ready, and the reason is told', async () => {
    const { url, records } = await start(versioned());
    await ready();
    const client = await RawClient.connect(url, 'modern');
    const { pid } = await call(client);
    const stopLoad = load(client);
    await tools('broken');
    const { server } = await restart();
    expect(server).toMatchObject({ status: 'connected', error: null, restarts: 0, stale: false });
    expect(server).toMatchObject({ lastError: { message: expect.stringContaining('The code is broken.') } });
    const outcomes = await stopLoad();
    expect(outcomes.filter((one) => one.pid !== pid)).toEqual([]);
    expect(records.some(({ message }) => message.startsWith('Server "a" was not restarted'))).toBe(true);
  });

  it('stops first a server that cannot run twice, and goes on with the new one', async () => {
    const { url } = await start(versioned(join(folder, 'lock')));
    await ready();
    const client = await RawClient.connect(url, 'modern');
    const { pid } = await call(client);
    await restart();
    const after = await call(client);
    expect([after.failure, isRunning(pid)]).toEqual([undefined, false]);
    expect(after.pid).not.toBe(pid);
  });
});

describe('a remote server', () => {
  it('gets a new session by a restart while calls go on, and the old session is ended', async () => {
    const remote = await startLegacyHttp({ json: true });
    try {
      const { url } = await start({ url: remote.url });
      await ready();
      const client = await RawClient.connect(url, 'legacy');
      const [old = ''] = remote.sessions.keys();
      const answers: Promise<unknown>[] = [];
      const echo = async (n: number): Promise<unknown> => {
        const { response } = await client.request('tools/call', { name: 'a__echo', arguments: { n } });
        return isObject(response['result']) && response['result']['isError'] !== true ? 'fine' : response;
      };
      for (let n = 0; n < 60; n += 1) {
        if (n === 20 || n === 40) void restart();
        answers.push(echo(n));
        await delay(10);
      }
      expect((await Promise.all(answers)).filter((answer) => answer !== 'fine')).toEqual([]);
      expect(remote.offer.calls).toHaveLength(60);
      await eventually(async () => expect(await shown()).toMatchObject({ restarts: 2, status: 'connected' }));
      await eventually(() => expect(remote.sessions.has(old)).toBe(false));
      await client.close();
      await stop();
    } finally {
      await remote.close();
    }
  });
});

describe('after a restart of the hub', () => {
  it('lists are there at once and marked as stale, and are corrected when the server says something else', async () => {
    await start(versioned());
    await ready();
    await stop();
    expect(await readdir(join(folder, 'data', 'cache', 'offers'))).toHaveLength(1);
    await tools('work', 'slow');
    const again = await start(versioned());
    const openedMs = performance.now();
    const client = await RawClient.connect(again.url, 'modern');
    expect(await listed(client)).toEqual(['a__work']);
    // The server itself takes longer than that.
    expect(performance.now() - openedMs).toBeLessThan(1_000);
    expect(await shown()).toMatchObject({ stale: true });
    await eventually(async () => expect(await listed(client)).toEqual(['a__work', 'a__slow']));
    expect(await shown()).toMatchObject({ stale: false, status: 'connected' });
    expect((await call(client)).failure).toBeUndefined();
  });

  it('a server that does not start any more is listed, and its calls say why', async () => {
    await start(versioned());
    await ready();
    await stop();
    await tools('broken');
    const { url } = await start(versioned());
    const client = await RawClient.connect(url, 'modern');
    await eventually(async () => expect(await shown()).toMatchObject({ status: 'disconnected', stale: true }));
    expect(await listed(client)).toEqual(['a__work']);
    await eventually(async () => expect(JSON.stringify((await call(client)).failure)).toContain('The code is broken.'));
    const facts = await shown();
    expect(Date.parse(String(facts['nextRetryAt']))).toBeGreaterThan(Date.now() - 1_000);
    expect(facts).toMatchObject({ lastSuccessAt: null, lastError: { message: expect.stringContaining('The code is broken.') } });
  });
});

describe('a server that sleeps', () => {
  it('is started by the first list when nothing is known of it, and after that by calls alone, once', async () => {
    const { url } = await start({ ...versioned(), start: 'lazy', idleTimeout: 300 });
    expect(await shown()).toMatchObject({ status: 'disconnected', stopReason: 'lazy', error: null });
    const client = await RawClient.connect(url, 'modern');
    expect(await listed(client)).toEqual(['a__work']);
    const { pid } = await call(client);
    await eventually(async () => expect(await shown()).toMatchObject({ stopReason: 'idle', stale: true, restarts: 0 }));
    await eventually(() => expect(isRunning(pid)).toBe(false));
    expect(await listed(client)).toEqual(['a__work']);
    expect(await shown()).toMatchObject({ stopReason: 'idle' });
    const woken = await Promise.all(Array.from({ length: 10 }, () => call(client, { pauseMs: 600 })));
    expect(woken.map(({ failure }) => failure)).toEqual(Array.from({ length: 10 }));
    expect(new Set(woken.map((one) => one.pid)).size).toBe(1);
    expect(woken[0]?.pid).not.toBe(pid);
  });

  it('is not started by a list when the hub remembers what it offers', async () => {
    await start({ ...versioned(), start: 'lazy' });
    await listed(await RawClient.connect(hub?.url ?? '', 'modern'));
    await stop();
    const { url } = await start({ ...versioned(), start: 'lazy' });
    const client = await RawClient.connect(url, 'modern');
    expect(await listed(client)).toEqual(['a__work']);
    expect(await shown()).toMatchObject({ stopReason: 'lazy', stale: true });
    expect((await call(client)).failure).toBeUndefined();
    expect(await shown()).toMatchObject({ status: 'connected' });
  });

  it('stays asleep when all servers are restarted, and one that is started by hand waits for that', async () => {
    const { url } = await start({ ...versioned(), start: 'manual' });
    const client = await RawClient.connect(url, 'modern');
    await api('/restart', {});
    expect(await listed(client)).toEqual([]);
    expect(await shown()).toMatchObject({ stopReason: 'manual', status: 'disconnected' });
    await api('/servers/start', { server_name: 'a' });
    expect(await listed(client)).toEqual(['a__work']);
  });
});
