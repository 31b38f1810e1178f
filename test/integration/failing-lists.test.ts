import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubPaths } from '../../src/base/index.ts';
import { isObject } from '../../src/protocol/index.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, runHub, type RunningHub } from '../support/in-process-hub.ts';
import { oneServer } from '../support/one-server.ts';
import { isRunning } from '../support/processes.ts';
import { RawClient } from '../support/raw-client.ts';

let folder: string;
let hub: RunningHub | undefined;
const { shown, restart } = oneServer(() => hub);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-lists-'));
  await lists('good');
});

afterEach(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

const lists = (mode: string): Promise<void> => writeFile(join(folder, 'mode'), mode);

/** A hub whose files outlive it: the next one of the same test finds what it has remembered. */
async function start(more: object = {}, status = 'connected'): Promise<RunningHub> {
  const paths = { ...hubPaths({ HOME: folder }), dataDir: join(folder, 'data') };
  hub = await runHub({ mcpServers: { a: { ...fixture('fails-lists.mjs', join(folder, 'mode')), ...more } } }, {}, 0, { paths });
  await eventually(async () => expect(await shown()).toMatchObject({ status }));
  return hub;
}

async function stop(): Promise<void> {
  await hub?.stop();
  hub = undefined;
}

/** The names of what server a offers, as the API shows them: asking for that fetches nothing. */
async function offered(kind = 'tools'): Promise<readonly unknown[]> {
  const { capabilities } = await shown();
  const items = isObject(capabilities) ? capabilities[kind] : undefined;
  return Array.isArray(items) ? items.map((item) => isObject(item) && item['name']) : [];
}

async function pid(client: RawClient): Promise<number> {
  const { response } = await client.request('tools/call', { name: 'a__a', arguments: {} });
  const result = isObject(response['result']) ? response['result'] : {};
  const [first] = Array.isArray(result['content']) ? result['content'] : [];
  return isObject(first) ? Number(first['text']) : Number.NaN;
}

const ALL = ['a', 'b', 'c'];
const FAILURES = [
  ['an error', 'error', 'db is locked'],
  ['no array', 'null', 'without an array'],
  ['a page that fails', 'page', 'db is locked'],
] as const;

describe.each(FAILURES)('a tools/list that brings %s', (_, mode, reason) => {
  it('refuses an overlapping restart: the old process stays with what it offers', async () => {
    const { url } = await start();
    const client = await RawClient.connect(url, 'legacy');
    const before = await pid(client);
    await lists(mode);
    await restart();
    expect(await offered()).toEqual(ALL);
    expect(await pid(client)).toBe(before);
    expect(await shown()).toMatchObject({ status: 'connected', lastError: { message: expect.stringContaining(reason) } });
    await lists('good');
    await restart();
    expect(await pid(client)).not.toBe(before);
    expect(await shown()).toMatchObject({ notes: [] });
  });

  it('leaves the offer as it was after a crash, tells of it, and asks again by itself', async () => {
    const { url } = await start();
    const client = await RawClient.connect(url, 'legacy');
    const before = await pid(client);
    await lists(mode);
    process.kill(before, 'SIGKILL');
    await eventually(async () => {
      expect(isRunning(before)).toBe(false);
      expect(await shown()).toMatchObject({
        status: 'connected',
        lastError: { message: expect.stringContaining(reason) },
        notes: [expect.stringContaining(reason)],
      });
    });
    expect(await offered()).toEqual(ALL);
    expect(await offered('prompts')).toEqual(['p']);
    await lists('good');
    await eventually(async () => expect(await shown()).toMatchObject({ notes: [] }));
    expect(await offered()).toEqual(ALL);
  });
});

describe('lists that cannot be had', () => {
  it('leave what an earlier hub has remembered, for the hub after this one as well', async () => {
    await start();
    await stop();
    await lists('error');
    for (const _ of [1, 2]) {
      await start();
      expect(await offered()).toEqual(ALL);
      expect(await shown()).toMatchObject({ notes: [expect.stringContaining('tools/list')] });
      await stop();
    }
  });

  it('are not remembered as empty', async () => {
    await lists('error');
    await start();
    await stop();
    await lists('good');
    await start({ start: 'lazy' }, 'disconnected');
    const client = await RawClient.connect(`${hub?.url}`, 'legacy');
    const { response } = await client.request('tools/list');
    expect(response['result']).toMatchObject({ tools: [{ name: 'a__a' }, { name: 'a__b' }, { name: 'a__c' }] });
  });

  it('are had later without anybody who asks, also where nothing was known', async () => {
    await lists('error');
    await start();
    expect(await offered()).toEqual([]);
    expect(await shown()).toMatchObject({
      lastError: { message: expect.stringContaining('db is locked') },
      notes: [expect.stringContaining('db is locked')],
    });
    await lists('good');
    await eventually(async () => expect(await offered()).toEqual(ALL));
    expect(await shown()).toMatchObject({ notes: [] });
  });

  it('are renewed in their turn by a server that is stopped first', async () => {
    const { url } = await start({ restart: 'stop-first' });
    const client = await RawClient.connect(url, 'legacy');
    const before = await pid(client);
    await lists('error');
    await restart();
    expect(await offered()).toEqual(ALL);
    expect(await pid(client)).not.toBe(before);
  });

  it('concern the list that failed only', async () => {
    await lists('prompts');
    const { url } = await start();
    const client = await RawClient.connect(url, 'legacy');
    const before = await pid(client);
    expect([await offered(), await offered('prompts')]).toEqual([ALL, []]);
    expect(await shown()).toMatchObject({ lastError: null, notes: [expect.stringContaining('no prompts today')] });
    // Nothing is lost by a restart, and so it is none that failed.
    await restart();
    expect(await pid(client)).not.toBe(before);
  });

  it.each(['empty', 'unknown'])('are not those of a server that says that it has none (%s)', async (mode) => {
    await start();
    await lists(mode);
    await restart();
    expect(await offered()).toEqual([]);
    expect(await shown()).toMatchObject({ notes: [], lastError: null });
  });

  it('are those of the very same server: another entry of its name begins with nothing', async () => {
    const { origin } = await start();
    await lists('error');
    const patch = { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ env: { ACCOUNT: '2' } }) };
    expect((await fetch(`${origin}/api/servers/a`, patch)).status).toBe(200);
    await eventually(async () => expect(await offered()).toEqual([]));
  });
});
