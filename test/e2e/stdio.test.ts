import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as Sdk2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as Stdio2 } from '@modelcontextprotocol/client/stdio';
import { Client as Sdk1 } from 'sdk-v1/client';
import { StdioClientTransport as Stdio1 } from 'sdk-v1/client/stdio.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from 'sdk-v1/types.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleSource, type BundledSource } from '../support/bundle-source.ts';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, environment, HUB_BIN, makeFolder, spawnHub } from '../support/hub-process.ts';
import { eventually, isRunning } from '../support/processes.ts';

const SELF = { name: 'e2e', version: '1.0.0' };
const ABILITIES = { sampling: {}, elicitation: { form: {} }, roots: {} };
const ANSWERS = {
  sampling: { role: 'assistant', model: 'm', content: { type: 'text', text: 'a completion' } },
  elicitation: { action: 'accept', content: { response: 'a person', name: 'a person' } },
  roots: { roots: [{ uri: 'file:///work' }] },
} as const;

interface Entry {
  readonly pid: number;
  readonly port: number;
  readonly state: string;
  readonly activeConnections: number;
  readonly config_files: readonly string[];
}

let fixture: BundledSource;
let folder: string;
const started: ChildProcess[] = [];
const seen = new Set<number>();

beforeAll(() => {
  fixture = bundleSource('test/conformance/fixture-server.ts');
});
afterAll(() => fixture.remove());

beforeEach(async () => {
  folder = await makeFolder();
  const server = (era: string): object => ({ command: process.execPath, args: [fixture.file, '--transport', 'stdio', '--era', era] });
  const echo = { command: process.execPath, args: [fixtureServer('echo')] };
  await configure('mcp-servers.json', { echo, old: server('legacy'), new: server('modern') });
  await configure('echo.json', { echo });
});

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  }
  hubs();
  for (const pid of seen) if (isRunning(pid)) process.kill(pid, 'SIGTERM');
  await eventually('no hub is left', () => [...seen].every((pid) => !isRunning(pid)), 10_000);
  seen.clear();
  await endHubs();
});

const configure = (name: string, mcpServers: object): Promise<void> => writeFile(join(folder, name), JSON.stringify({ mcpServers }));

/** The hubs that have told of themselves. */
function hubs(): readonly Entry[] {
  const file = join(folder, 'home/state/mcp-hub/workspaces.json');
  const entries: Entry[] = existsSync(file) ? Object.values(JSON.parse(readFileSync(file, 'utf8'))) : [];
  for (const { pid } of entries) seen.add(pid);
  return entries.filter(({ pid }) => isRunning(pid));
}

const line = (...args: readonly string[]): string[] => [HUB_BIN, 'stdio', '--shutdown-delay', '1000', ...args];
const server = (...args: readonly string[]) => ({
  command: process.execPath,
  args: line('--config', 'mcp-servers.json', ...args),
  env: environment(folder),
  cwd: folder,
  stderr: 'pipe' as const,
});

interface Run {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  readonly exit: Promise<number | null>;
  say(...messages: readonly object[]): void;
}

function run(...args: readonly string[]): Run {
  const child = spawn(process.execPath, line(...args), { cwd: folder, env: environment(folder), stdio: ['pipe', 'pipe', 'pipe'] });
  started.push(child);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  child.stdin.on('error', () => {
    // Expected: EPIPE where the command ends before its input.
  });
  return {
    child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    exit: once(child, 'close').then(([code]) => code as number | null),
    say: (...messages) => void child.stdin.write(messages.map((message) => `${JSON.stringify(message)}\n`).join('')),
  };
}

const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', clientInfo: SELF, capabilities: {} },
};
const answered = (one: Run): Promise<unknown> =>
  eventually('an answer', () => one.stdout().includes('\n') || one.child.exitCode !== null, 20_000);
const textOf = (result: object): string => JSON.stringify(result);

interface Client {
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<object>;
  close(): Promise<void>;
}

const clients: Readonly<Record<string, (...args: readonly string[]) => Promise<Client>>> = {
  async 'SDK 1.x'(...args) {
    const client = new Sdk1(SELF, { capabilities: ABILITIES });
    client.setRequestHandler(CreateMessageRequestSchema, async () => ANSWERS.sampling as never);
    client.setRequestHandler(ElicitRequestSchema, async () => ANSWERS.elicitation as never);
    client.setRequestHandler(ListRootsRequestSchema, async () => ANSWERS.roots as never);
    await client.connect(new Stdio1(server(...args)));
    return client;
  },
  'SDK 2.x in the legacy era': (...args) => sdk2('legacy', args),
  'SDK 2.x in the modern era': (...args) => sdk2({ pin: '2026-07-28' }, args),
  'SDK 2.x that finds out the era': (...args) => sdk2('auto', args),
};

async function sdk2(mode: 'legacy' | 'auto' | { pin: string }, args: readonly string[]): Promise<Client> {
  const client = new Sdk2(SELF, { capabilities: ABILITIES, versionNegotiation: { mode } });
  client.setRequestHandler('sampling/createMessage', async () => ANSWERS.sampling as never);
  client.setRequestHandler('elicitation/create', async () => ANSWERS.elicitation as never);
  client.setRequestHandler('roots/list', async () => ANSWERS.roots as never);
  await client.connect(new Stdio2(server(...args)));
  return client;
}

describe.each(Object.entries(clients))('%s', (title, connect) => {
  it('lists, calls and is asked through mcp-hub stdio', async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['echo__echo', 'old__test_sampling', 'new__test_sampling']));
    expect(textOf(await client.callTool({ name: 'echo__echo', arguments: { text: 'hello' } }))).toContain('hello');
    const isModern = /modern|finds/.test(title);
    const from = isModern ? 'new' : 'old';
    expect(textOf(await client.callTool({ name: `${from}__test_sampling`, arguments: { prompt: 'x' } }))).toContain('a completion');
    expect(textOf(await client.callTool({ name: `${from}__test_elicitation`, arguments: { message: 'x' } }))).toContain('a person');
    const all = textOf(await client.callTool({ name: 'new__test_input_required_result_capabilities', arguments: {} }));
    expect(all).toContain('Asked only for what was declared.');
    await client.close();
    expect(hubs()).toHaveLength(1);
  });

  it('sees one server with its own names', async () => {
    const client = await connect('--server', 'echo');
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
    await client.close();
  });
});

describe('many at once', () => {
  it('share one hub, and it ends after the last one has left', async () => {
    const all = Array.from({ length: 20 }, (_, at) =>
      run('--config', at % 2 === 0 ? 'echo.json' : `${folder}/../${folder.split('/').at(-1)}/echo.json`),
    );
    for (const one of all) one.say(initialize);
    await Promise.all(all.map(answered));
    for (const one of all) {
      expect([one.stderr(), one.child.exitCode]).toEqual(['', null]);
      const messages: { jsonrpc?: string }[] = one
        .stdout()
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text));
      expect(messages[0]).toMatchObject({ id: 0, result: { serverInfo: {} } });
      // A server that gets ready later is announced.
      expect(messages.every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    }
    const [hub, ...others] = hubs();
    expect(others).toEqual([]);
    await eventually('all are counted', () => hubs()[0]?.activeConnections === 20);
    expect(hub).toMatchObject({ state: 'active', config_files: [expect.stringMatching(/echo\.json$/)] });
    for (const one of all.slice(1)) one.child.stdin?.end();
    expect(await Promise.all(all.slice(1).map(({ exit }) => exit))).toEqual(Array.from({ length: 19 }, () => 0));
    await eventually('one is counted', () => hubs()[0]?.activeConnections === 1);
    expect(isRunning(hub?.pid ?? 0)).toBe(true);
    all[0]?.child.kill('SIGTERM');
    expect(await all[0]?.exit).toBe(0);
    await eventually('the hub ends', () => !isRunning(hub?.pid ?? 0), 8_000);
    expect(hubs()).toEqual([]);
  });

  it('with other config files have another hub', async () => {
    const [one, other] = [run('--config', 'echo.json'), run('--config', 'mcp-servers.json', '--config', 'echo.json')];
    for (const each of [one, other]) each.say(initialize);
    await Promise.all([one, other].map(answered));
    expect(hubs()).toHaveLength(2);
  });
});

describe('a hub that runs already', () => {
  it('is used, and not ended', async () => {
    const hub = await spawnHub({ cwd: folder, args: ['--config', 'echo.json'], env: environment(folder) });
    await eventually('it tells of itself', () => hubs().length === 1);
    const one = run('--config', './echo.json', '--verbose');
    one.say(initialize);
    await answered(one);
    expect(one.stderr()).toBe(`Connected to the hub on port ${hub.port} (pid ${hub.pid}).\n`);
    one.child.stdin?.end();
    expect(await one.exit).toBe(0);
    expect(hubs().map(({ pid }) => pid)).toEqual([hub.pid]);
    expect(await hub.stop()).toEqual({ code: 0, signal: null });
    expect(hubs()).toEqual([]);
  });

  it.each([['SIGTERM'], ['SIGKILL']] as const)('and ends by %s: its clients end too, and say so', async (signal) => {
    const one = run('--config', 'echo.json');
    one.say(initialize);
    await answered(one);
    const [hub] = hubs();
    process.kill(hub?.pid ?? 0, signal);
    expect(await one.exit).toBe(3);
    expect(one.stderr()).toMatch(new RegExp(`^error: The hub \\(pid ${hub?.pid}, port ${hub?.port}\\) has gone\\. .*\\n$`));
    const again = run('--config', 'echo.json');
    again.say(initialize);
    await answered(again);
    expect(again.stdout()).toContain('"result"');
    expect(hubs().map(({ pid }) => pid)).not.toContain(hub?.pid);
  });
});

describe('the end of the input', () => {
  it('comes after all answers, in a pipe too', async () => {
    const one = run('--config', 'echo.json');
    one.say(initialize, { jsonrpc: '2.0', method: 'notifications/initialized' }, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
    one.child.stdin?.end();
    expect(await one.exit).toBe(0);
    const lines = one
      .stdout()
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(lines.filter(({ id }) => id !== undefined)).toMatchObject([
      { id: 0 },
      { id: 1, result: { tools: expect.arrayContaining([expect.objectContaining({ name: 'echo__echo' })]) } },
    ]);
  });
});

describe('what goes wrong', () => {
  it.each([
    ['a config that cannot be used', ['--config', 'bad.json'], 1, /^error: The hub could not be started: [^]*bad\.json:1:/],
    [
      'a server that is not configured',
      ['--config', 'echo.json', '--server', 'nobody'],
      3,
      /^error: No server named "nobody" is configured\.\n$/,
    ],
    ['a command line that is wrong', ['--confg', 'x'], 1, /^error: Unknown option --confg\. Did you mean --config\?/],
  ])('%s: told on stderr alone', async (_, args, code, text) => {
    await writeFile(join(folder, 'bad.json'), '{ "a');
    const one = run(...args);
    one.say(initialize);
    expect(await one.exit).toBe(code);
    expect(one.stderr()).toMatch(text);
    expect(one.stdout()).toBe('');
  });
});
