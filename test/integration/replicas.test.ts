import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isObject, type JsonObject } from '../../src/protocol/index.ts';
import { type LegacyHttpFixture, startLegacyHttp } from '../fixtures/http/legacy-http.ts';
import { readEvents } from '../support/event-readers.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, runHub, type RunningHub } from '../support/in-process-hub.ts';
import { isRunning } from '../support/processes.ts';
import { RawClient } from '../support/raw-client.ts';

let folder: string;
let hub: RunningHub | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-replicas-'));
  await writeFile(journal(), '');
});

afterEach(async () => {
  await hub?.stop();
  hub = undefined;
  await rm(folder, { recursive: true, force: true });
});

const journal = (): string => join(folder, 'journal.txt');
const lines = async (): Promise<readonly string[]> => (await readFile(journal(), 'utf8')).split('\n').filter(Boolean);

async function start(a: object): Promise<RunningHub> {
  hub = await runHub({ mcpServers: { a } });
  return hub;
}

const local = (replicas: number, more: object = {}): object => ({ ...fixture('journal.mjs', journal()), replicas, ...more });

/** The replicas of server a, as the API shows them. */
async function replicas(): Promise<readonly JsonObject[]> {
  const response = await fetch(`${hub?.origin}/api/servers/a`);
  const { server }: JsonObject = JSON.parse(await response.text());
  const all = isObject(server) ? server['replicas'] : undefined;
  return Array.isArray(all) ? all.filter(isObject) : [];
}

const connected = (count: number): Promise<void> =>
  eventually(async () => expect((await replicas()).filter(({ status }) => status === 'connected')).toHaveLength(count));

interface Outcome {
  readonly id: number;
  readonly pid: number;
  /** Why there is no answer, in words. */
  readonly failure: string | undefined;
}

async function call(client: RawClient, tool: string, id: number, ms = 0): Promise<Outcome> {
  const { response } = await client.request('tools/call', { name: `a__${tool}`, arguments: { id, ms } });
  const result = isObject(response['result']) ? response['result'] : {};
  const facts = isObject(result['structuredContent']) ? result['structuredContent'] : {};
  const pid = Number(facts['pid'] ?? 0);
  return { id, pid, failure: pid > 0 ? undefined : JSON.stringify(response) };
}

const many = (client: RawClient, tool: string, count: number, ms: number): Promise<readonly Outcome[]> =>
  Promise.all(Array.from({ length: count }, (_, id) => call(client, tool, id, ms)));
const failures = (outcomes: readonly Outcome[]) => outcomes.filter(({ failure }) => failure !== undefined);
const pids = (outcomes: readonly Outcome[]) => new Set(outcomes.flatMap(({ pid }) => (pid > 0 ? [pid] : [])));

describe.each(['legacy', 'modern'] as const)('three processes of one server, called by a %s client', (era) => {
  it('share the calls evenly behind one list of tools', async () => {
    const { url } = await start(local(3));
    await connected(3);
    const client = await RawClient.connect(url, era);
    const outcomes = await many(client, 'write', 60, 50);
    expect(failures(outcomes)).toEqual([]);
    const counts = [...pids(outcomes)].map((pid) => outcomes.filter((one) => one.pid === pid).length);
    expect(counts).toEqual([20, 20, 20]);
    const { response } = await client.request('tools/list');
    expect(response).toMatchObject({ result: { tools: [{ name: 'a__look' }, { name: 'a__write' }] } });
    await client.close();
  });

  it('go on when one of them is killed: what only reads is done by another, what writes is never done twice', async () => {
    const { url } = await start(local(3));
    await connected(3);
    const client = await RawClient.connect(url, era);
    const [victim = 0] = pids(await many(client, 'write', 3, 0));
    await writeFile(journal(), '');
    const looking = many(client, 'look', 30, 400);
    const writing = many(client, 'write', 30, 400);
    await eventually(async () => expect(await lines()).toHaveLength(60));
    process.kill(victim, 'SIGKILL');
    expect(failures(await looking)).toEqual([]);
    const lost = failures(await writing);
    const begun = await lines();
    const lostThere = begun.filter((line) => line.startsWith('write') && line.endsWith(` ${victim}`));
    expect(lost.map(({ id }) => `write ${id} ${victim}`).toSorted()).toEqual(lostThere.toSorted());
    expect(lost.every(({ failure }) => failure?.includes('SIGKILL'))).toBe(true);
    const writes = begun.filter((line) => line.startsWith('write')).map((line) => line.split(' ')[1]);
    expect(new Set(writes).size).toBe(writes.length);
    // While the third one is started again, the others take everything.
    expect(failures(await many(client, 'write', 30, 0))).toEqual([]);
    await connected(3);
    expect(isRunning(victim)).toBe(false);
    await client.close();
  });
});

describe('several processes of one server', () => {
  it('are restarted one after the other, under load without a failed call', async () => {
    const { url, origin } = await start(local(3));
    await connected(3);
    const client = await RawClient.connect(url, 'modern');
    const outcomes: Promise<Outcome>[] = [];
    const over = new AbortController();
    const load = (async () => {
      for (let id = 0; !over.signal.aborted; id += 1) {
        outcomes.push(call(client, 'write', id, 50));
        await delay(10);
      }
    })();
    const before = pids(await many(client, 'look', 3, 50));
    const body = JSON.stringify({ server_name: 'a' });
    await fetch(`${origin}/api/servers/restart`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const after = pids(await many(client, 'look', 3, 50));
    over.abort();
    await load;
    expect(failures(await Promise.all(outcomes))).toEqual([]);
    expect([before.size, after.size, new Set([...before, ...after]).size]).toEqual([3, 3, 6]);
  });

  it('are told of by a restart that one of them refuses', async () => {
    const once = join(folder, 'once');
    // The second successor finds what the first one has left, and ends.
    const program = `if (require('fs').existsSync(process.argv[1])) { console.error('no more'); process.exit(3); }
      if (process.env.RESTARTED && require('fs').existsSync(process.env.RESTARTED)) require('fs').writeFileSync(process.argv[1], '');
      process.argv.splice(1, 1); import(process.env.SERVER);`;
    const {
      args: [server = ''],
    } = fixture('journal.mjs');
    const flag = join(folder, 'restarted');
    const env = { SERVER: pathToFileURL(server).href, RESTARTED: flag };
    const { origin } = await start({ command: process.execPath, args: ['-e', program, once, 'x', journal()], env, replicas: 3 });
    await connected(3);
    await writeFile(flag, '');
    const body = JSON.stringify({ server_name: 'a' });
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const answer: unknown = await (await fetch(`${origin}/api/servers/restart`, post)).json();
    expect(answer).toMatchObject({
      status: 'ok',
      server: { status: 'connected' },
      notRenewed: [
        { replica: 2, status: 'connected', reason: expect.stringContaining('no more') },
        { replica: 3, status: 'connected', reason: 'It was not tried, because another one did not become ready.' },
      ],
    });
    await rm(once);
    await rm(flag);
    expect(await (await fetch(`${origin}/api/servers/restart`, post)).json()).toMatchObject({ status: 'ok', notRenewed: [] });
  });

  it('tell of their changed entry and of all that follows, also when a stop cuts its rollout short', async () => {
    const { origin, folder: at } = await start(local(2));
    await connected(2);
    const { blocks, cut } = await readEvents(origin);
    const told = (): unknown[] => blocks.flatMap(({ data: { type } }) => (String(type).startsWith('servers_') ? [type] : []));
    const post = (path: string): Promise<Response> =>
      fetch(`${origin}/api/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ server_name: 'a' }),
      });
    await writeFile(
      join(at, 'mcp-servers.json'),
      JSON.stringify({ mcpServers: { a: { ...fixture('slow-start.mjs', '3000'), replicas: 2 } } }),
    );
    const reloaded = post('restart');
    await eventually(() => expect(told()).toEqual(['servers_updating']));
    await post('servers/stop');
    await reloaded;
    await eventually(() => expect(told()).toContain('servers_updated'));
    const before = told().length;
    await post('servers/start');
    await eventually(() => expect(told().slice(before)).toContain('servers_updated'));
    await connected(2);
    const restarted = post('servers/restart');
    await delay(500);
    await post('servers/stop');
    expect(await (await restarted).json()).toMatchObject({ server: { status: 'disconnected' } });
    cut();
  });

  it('all have their changed entry when a list of one of the new processes fails', async () => {
    const { url, folder: at } = await start(local(3));
    await connected(3);
    const lists = join(folder, 'lists');
    await writeFile(lists, 'error');
    const changed = { mcpServers: { a: { ...fixture('fails-lists.mjs', lists), replicas: 3 } } };
    await writeFile(join(at, 'mcp-servers.json'), JSON.stringify(changed));
    await fetch(`${hub?.origin}/api/restart`, { method: 'POST' });
    await writeFile(lists, '');
    await eventually(async () => {
      const client = await RawClient.connect(url, 'modern');
      const { response } = await client.request('tools/list');
      expect(response).toMatchObject({ result: { tools: [{ name: 'a__a' }, { name: 'a__b' }, { name: 'a__c' }] } });
      const answers = await Promise.all(Array.from({ length: 9 }, () => client.request('tools/call', { name: 'a__a' })));
      expect(new Set(answers.map((answer) => JSON.stringify(answer.response['result']))).size).toBe(3);
      await client.close();
    });
  });

  it('come and go by an edit of the config, and the others keep their processes', async () => {
    const { url, folder: at } = await start(local(1));
    const write = async (count: number): Promise<void> => {
      await writeFile(join(at, 'mcp-servers.json'), JSON.stringify({ mcpServers: { a: local(count) } }));
      await fetch(`${hub?.origin}/api/restart`, { method: 'POST' });
    };
    await eventually(async () => expect(await (await fetch(`${hub?.origin}/api/health`)).text()).toContain('"connected"'));
    const client = await RawClient.connect(url, 'modern');
    const [first = 0] = pids(await many(client, 'look', 2, 0));
    await write(3);
    await connected(3);
    const outcomes = await many(client, 'look', 30, 50);
    expect([pids(outcomes).size, pids(outcomes).has(first)]).toEqual([3, true]);
    const last = many(client, 'write', 30, 600);
    await eventually(async () => expect(await lines()).toHaveLength(62));
    await write(1);
    await eventually(async () => expect(await replicas()).toEqual([]));
    expect(failures(await last)).toEqual([]);
    await eventually(() => expect([...pids(outcomes)].filter(isRunning)).toEqual([first]));
    expect([...pids(await many(client, 'look', 5, 0))]).toEqual([first]);
  });

  it('keep each session at one of them with "isolation": "session"', async () => {
    const { url } = await start(local(2, { isolation: 'session' }));
    await connected(2);
    const clients = await Promise.all([1, 2].map(() => RawClient.connect(url, 'legacy')));
    const outcomes = await Promise.all(clients.map((client) => many(client, 'write', 20, 10)));
    expect(outcomes.map((some) => pids(some).size)).toEqual([1, 1]);
    expect(pids(outcomes.flat()).size).toBe(2);
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe('several addresses of one server', () => {
  let remotes: LegacyHttpFixture[] = [];
  const down = new Set<LegacyHttpFixture>();

  beforeEach(async () => {
    remotes = await Promise.all([1, 2, 3].map(() => startLegacyHttp({ json: true })));
  });
  afterEach(async () => {
    await hub?.stop();
    hub = undefined;
    await Promise.all(remotes.filter((remote) => !down.has(remote)).map((remote) => remote.close()));
  });

  const echo = async (client: RawClient, n: number): Promise<unknown> => {
    const { response } = await client.request('tools/call', { name: 'a__echo', arguments: { n } });
    return isObject(response['result']) && response['result']['isError'] !== true ? 'fine' : response;
  };

  it('tell a client once of a resource that all of them say has changed', async () => {
    const { url } = await start({ urls: remotes.map((remote) => remote.url) });
    await connected(3);
    const client = new Client({ name: 'subscriber', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
    const told: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void told.push(params.uri));
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    await client.subscribeResource({ uri: 'test://a' });
    await eventually(() => expect(remotes.map(({ offer }) => offer.subscribed)).toEqual([['test://a'], ['test://a'], ['test://a']]));
    // Until a stream is open there is nobody to tell.
    await eventually(async () => {
      await remotes[0]?.offer.updated('test://a');
      expect(told.length).toBeGreaterThan(0);
    });
    await delay(300);
    told.splice(0);
    await Promise.all(remotes.map(({ offer }) => offer.updated('test://a')));
    await eventually(() => expect(told).toEqual(['test://a']));
    await remotes[1]?.offer.updated('test://a');
    await eventually(() => expect(told).toEqual(['test://a', 'test://a']));
    await delay(300);
    expect(told).toHaveLength(2);
    await client.close();
  });

  it('share the calls, and lose none when one of them refuses connections', async () => {
    const { url } = await start({ urls: remotes.map((remote) => remote.url) });
    await connected(3);
    const client = await RawClient.connect(url, 'legacy');
    const first = await Promise.all(Array.from({ length: 30 }, (_, n) => echo(client, n)));
    expect(first.filter((answer) => answer !== 'fine')).toEqual([]);
    expect(remotes.map(({ offer }) => offer.calls.length)).toEqual([10, 10, 10]);
    const [gone] = remotes;
    if (!gone) throw new Error('unreachable');
    down.add(gone);
    await gone.close();
    const second: unknown[] = [];
    for (let n = 0; n < 30; n += 1) second.push(await echo(client, n));
    expect(second.filter((answer) => answer !== 'fine')).toEqual([]);
    await connected(2);
    const [other] = await replicas();
    expect(other).toMatchObject({ number: 1, status: 'disconnected', error: expect.stringContaining('refuses the connection') });
    await client.close();
  });
});
