import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/index.ts';
import { at } from '../support/era-pairs.ts';
import { type EventsReader, readEvents } from '../support/event-readers.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { RawClient } from '../support/raw-client.ts';

let hub: RunningHub;
let events: EventsReader;
afterEach(async () => {
  events.cut();
  await hub.stop();
});

const echo = (more: object = {}): object => ({ ...fixture('echo.mjs'), ...more });
const growing = (more: object = {}): object => ({ ...fixture('changes-list.mjs'), ...more });
const late = (more: object = {}): object => ({ ...fixture('answers-late.mjs'), ...more });

/** A hub that watches its file and is ready, and what it tells from then on. */
async function start(config: object): Promise<void> {
  hub = await runHub(config, {}, 0, { watch: true });
  await eventually(async () => expect(at(await health(), 'state')).toBe('ready'));
  events = await readEvents(hub.origin);
  await eventually(() => expect(events.blocks.length).toBeGreaterThan(0));
}

const file = (): string => join(hub.folder, 'mcp-servers.json');
const save = (config: object | string): Promise<void> =>
  writeFile(file(), typeof config === 'string' ? config : JSON.stringify(config, null, 2));

async function saveByRename(config: object): Promise<void> {
  await writeFile(`${file()}.new`, JSON.stringify(config));
  await rename(`${file()}.new`, file());
}

async function health(): Promise<JsonObject> {
  const body: JsonObject = JSON.parse(await (await fetch(`${hub.origin}/api/health`)).text());
  return body;
}

async function server(name: string): Promise<unknown> {
  const { servers } = await health();
  return Array.isArray(servers) ? servers.find((one) => at(one, 'name') === name) : undefined;
}

const told = (type: string): readonly Record<string, unknown>[] =>
  events.blocks.flatMap(({ event, data }) => (event === 'subscription_event' && data['type'] === type ? [data] : []));

const stateOf = async (name: string): Promise<unknown> => at(await server(name), 'status');

const textOf = (response: JsonObject): unknown => at(Object(at(response, 'result', 'content'))[0], 'text');

/** Makes a server's list grow, and waits until that was told. */
async function grown(name: string, times: number): Promise<unknown> {
  const client = await RawClient.connect(hub.url, 'modern');
  await client.request('tools/call', { name: `${name}__grow`, arguments: {} });
  const changes = (): readonly unknown[] => told('tool_list_changed').filter(({ server }) => server === name);
  await eventually(() => expect(changes()).toHaveLength(times));
  return changes().at(-1);
}

/** Calls until it is stopped, and remembers everything that was not a right answer. */
function load(client: RawClient, who: string) {
  const wrong: unknown[] = [];
  const pids = new Set<unknown>();
  let calls = 0;
  const over = new AbortController();
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const n = (calls += 1);
      const { status, response } = await client.request('tools/call', { name: 'b__repeat', arguments: { who, n, steps: 2 } }, { id: n });
      if (textOf(response) !== `${who} ${n}`) wrong.push({ status, response });
      pids.add(at(response, 'result', 'structuredContent', 'pid'));
    }
  };
  const running = Promise.all([run(), run()]);
  const stop = async (): Promise<{ wrong: unknown[]; pids: Set<unknown>; calls: number }> => {
    over.abort();
    await running;
    return { wrong, pids, calls };
  };
  return { stop };
}

describe('a hub with --watch', () => {
  it('leaves a server under load alone while another one is edited a hundred times', async () => {
    const config = (round: number): object => ({ mcpServers: { a: echo({ env: { ROUND: String(round) } }), b: late() } });
    await start(config(0));
    const clients = await Promise.all((['legacy', 'modern', 'legacy', 'modern'] as const).map((era) => RawClient.connect(hub.url, era)));
    const loads = clients.map((client, index) => load(client, `client ${index}`));
    const before = await server('b');
    for (let round = 1; round <= 100; round += 1) {
      await (round % 2 === 0 ? save(config(round)) : saveByRename(config(round)));
      await eventually(() => expect(told('servers_updated').length).toBeGreaterThanOrEqual(round));
    }
    const outcomes = await Promise.all(loads.map((each) => each.stop()));
    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(new Set(outcomes.flatMap(({ pids }) => [...pids])).size).toBe(1);
    for (const { calls } of outcomes) expect(calls).toBeGreaterThan(50);
    expect(at(await server('b'), 'lastStarted')).toBe(at(before, 'lastStarted'));
    expect(told('servers_updated').map(({ changes }) => changes)).toEqual(
      Array.from({ length: 100 }, () => ({
        added: [],
        removed: [],
        modified: ['a'],
        unchanged: ['b'],
        details: { a: { modifiedFields: ['env'] } },
      })),
    );
    // The last edit is the one that counts, and nobody's session has ended.
    for (const client of clients) {
      const { response } = await client.request('tools/call', { name: 'a__env-peek', arguments: { name: 'ROUND' } });
      expect(textOf(response)).toBe('"100"');
    }
  }, 180_000);

  it('changes nothing when the file is broken, says where, and goes on when it is mended', async () => {
    const config = { mcpServers: { a: echo() } };
    await start(config);
    const before = at(await server('a'), 'lastStarted');
    await save('{\n  "mcpServers": {\n    "a": { "command": }\n  }\n}');
    await eventually(() => expect(told('config_changed')).toHaveLength(1));
    expect(told('config_changed')).toMatchObject([
      {
        error: expect.stringContaining(':3:23:'),
        diagnostics: [{ file: file(), line: 3, column: 23, severity: 'error' }],
        isSignificant: false,
      },
    ]);
    expect(hub.records.filter(({ type }) => type === 'error')).toMatchObject([
      { code: 'CONFIG_ERROR', message: expect.stringContaining(':3:23:') },
    ]);
    expect(at(await server('a'), 'lastStarted')).toBe(before);
    await save(config);
    await eventually(() => expect(told('config_changed')).toHaveLength(2));
    expect(told('config_changed')[1]).toMatchObject({ isSignificant: false, newConfig: config });
    await save({ mcpServers: { a: echo({ disabled: true }) } });
    await eventually(async () => expect(await stateOf('a')).toBe('disabled'));
    expect(told('config_changed')[2]).toMatchObject({ isSignificant: true });
  });

  it('tells of a changed filter, and starts nothing anew', async () => {
    await start({ mcpServers: { a: echo() } });
    const before = at(await server('a'), 'lastStarted');
    await save({ mcpServers: { a: echo({ disabled_tools: ['add'], autoApprove: true, custom_instructions: { text: 'x' } }) } });
    await eventually(() => expect(told('config_changed')).toHaveLength(1));
    await delay(200);
    expect(told('config_changed')).toMatchObject([{ isSignificant: false, newConfig: { mcpServers: { a: { disabled_tools: ['add'] } } } }]);
    expect(hub.records.map(({ message }) => message)).toContain(
      'The config was loaded again: changed a (disabled_tools, autoApprove, custom_instructions).',
    );
    expect(told('servers_updating')).toEqual([]);
    const { response } = await (await RawClient.connect(hub.url, 'modern')).request('tools/list');
    const { tools } = Object(response['result']);
    expect(tools.map(({ name }: { name: string }) => name)).toEqual(['a__echo', 'a__env-peek']);
    expect(at(await server('a'), 'lastStarted')).toBe(before);
  });

  it('adds, removes, disables and enables servers, whose events come as those of the first ones', async () => {
    await start({ mcpServers: { a: echo(), b: growing({ disabled: true }) } });
    await save({ mcpServers: { b: growing(), c: growing() } });
    await eventually(() => expect(told('servers_updated')).toHaveLength(1));
    const changes = { added: ['c'], removed: ['a'], modified: ['b'], unchanged: [], details: { b: { modifiedFields: ['disabled'] } } };
    expect(told('servers_updating')).toMatchObject([{ changes }]);
    expect(told('servers_updated')).toMatchObject([{ changes }]);
    expect(await Promise.all(['a', 'b', 'c'].map(stateOf))).toEqual([undefined, 'connected', 'connected']);
    expect(await grown('c', 1)).toMatchObject({ tools: [{}, {}, {}, { name: 'grown-1', inputSchema: {} }] });
    await save({ mcpServers: { b: growing({ disabled: true }), c: growing() } });
    await eventually(async () => expect(await stateOf('b')).toBe('disabled'));
    await save({ mcpServers: { b: growing(), c: growing() } });
    await eventually(async () => expect(await stateOf('b')).toBe('connected'));
    expect(await grown('b', 1)).toMatchObject({ tools: [{}, {}, {}, { name: 'grown-1', inputSchema: {} }] });
    const { response } = await (await RawClient.connect(hub.url, 'modern')).request('tools/list');
    const { tools } = Object(response['result']);
    const own = ['echo', 'grow', 'redescribe', 'grown-1'];
    expect(tools.map(({ name }: { name: string }) => name)).toEqual(['b', 'c'].flatMap((name) => own.map((tool) => `${name}__${tool}`)));
  });

  it('is quick: a toggle in the file is connected within a second', async () => {
    await start({ mcpServers: { a: echo({ disabled: true }) } });
    const begun = performance.now();
    await save({ mcpServers: { a: echo() } });
    await eventually(async () => expect(await stateOf('a')).toBe('connected'));
    expect(performance.now() - begun).toBeLessThan(1_500);
  });

  it('applies settings as they are saved, without touching a server', async () => {
    await start({ mcpServers: { a: echo() } });
    const before = at(await server('a'), 'lastStarted');
    const ask = (): Promise<number> =>
      fetch(`${hub.origin}/api/health`, { headers: { origin: 'http://other.example:1' } }).then(({ status }) => status);
    expect(await ask()).toBe(403);
    await save({ mcpServers: { a: echo() }, allowedHosts: ['other.example'] });
    await eventually(async () => expect(await ask()).toBe(200));
    expect(at(await server('a'), 'lastStarted')).toBe(before);
  });

  it('tells no secret', async () => {
    await start({ mcpServers: {} });
    const entry = echo({ env: { KEY: 'literal-secret-1', OTHER: '${HOME}' } });
    const remote = { url: 'http://u:literal-secret-2@127.0.0.1:9/mcp?key=literal-secret-3', headers: { 'X-Key': 'literal-secret-4' } };
    await save({ mcpServers: { a: entry, r: { ...remote, disabled: true } } });
    await eventually(() => expect(told('servers_updated')).toHaveLength(1));
    expect(told('config_changed')).toMatchObject([{ newConfig: { mcpServers: { a: { env: { KEY: '[redacted]', OTHER: '${HOME}' } } } } }]);
    expect(events.text()).not.toContain('literal-secret');
    expect(JSON.stringify(hub.records)).not.toContain('literal-secret');
  });

  it('follows its file behind a link that is replaced', async () => {
    await start({ mcpServers: { a: echo() } });
    await writeFile(join(hub.folder, 'two.json'), JSON.stringify({ mcpServers: { a: echo(), two: echo() } }));
    await symlink('two.json', join(hub.folder, 'link'));
    await rename(join(hub.folder, 'link'), file());
    await eventually(async () => expect(await stateOf('two')).toBe('connected'));
    await writeFile(join(hub.folder, 'two.json'), JSON.stringify({ mcpServers: { a: echo() } }));
    await eventually(async () => expect(await stateOf('two')).toBeUndefined());
  });
});

describe('a file that is gone', () => {
  it('changes nothing while it is watched, is told once, and is loaded when it is back', async () => {
    await start({ mcpServers: { a: echo() } });
    const gone = (): number => hub.records.filter(({ message }) => message.includes('The file is gone')).length;
    await rename(file(), `${file()}.away`);
    await eventually(() => expect(gone()).toBe(1));
    await writeFile(`${file()}.beside`, '{}');
    // Longer than until it would be looked at again without any sign.
    await delay(2_500);
    expect([await stateOf('a'), gone(), told('servers_updating')]).toEqual(['connected', 1, []]);
    await save({ mcpServers: { a: echo(), b: echo() } });
    await eventually(async () => expect(await stateOf('b')).toBe('connected'));
    expect(told('servers_updated').at(-1)?.['changes']).toMatchObject({ added: ['b'], removed: [], modified: [] });
  });

  it('is taken as gone by who reloads', async () => {
    await start({ mcpServers: { a: echo() } });
    await rename(file(), `${file()}.away`);
    await hub.hub.reload();
    expect(await stateOf('a')).toBeUndefined();
    await rename(`${file()}.away`, file());
    await eventually(async () => expect(await stateOf('a')).toBe('connected'));
  });
});

it('a broken entry with an address is told as "sse", as every remote server is', async () => {
  await start({
    mcpServers: { far: { url: 'nonsense' }, headers: { url: 'http://localhost:9/', headers: { a: {} } }, near: { command: 5 } },
  });
  const kinds = ['far', 'headers', 'near'].map(async (name) => at(await server(name), 'transportType'));
  expect(await Promise.all(kinds)).toEqual(['sse', 'sse', 'stdio']);
});

it('a hub without --watch loads its file again when it is asked to', async () => {
  hub = await runHub({ mcpServers: { a: echo() } });
  events = await readEvents(hub.origin);
  await eventually(async () => expect(await stateOf('a')).toBe('connected'));
  await save({ mcpServers: { a: echo(), b: echo() } });
  await delay(400);
  expect(await stateOf('b')).toBeUndefined();
  await hub.hub.reload();
  expect(await stateOf('b')).toBe('connected');
  await save('{');
  await hub.hub.reload();
  expect(await stateOf('b')).toBe('connected');
  expect(hub.records.filter(({ type }) => type === 'error')).toHaveLength(1);
});
