import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';

const open: { stop(): Promise<void> }[] = [];

async function hubWith(mcpServers: object, settings: object = {}): Promise<RunningHub> {
  const running = await runHub({ mcpServers, ...settings });
  open.push(running);
  return running;
}

async function healthOf(origin: string): Promise<{ servers: { name: string; error: string | null }[] }> {
  const response = await fetch(`${origin}/api/health`);
  return JSON.parse(await response.text());
}

async function clientOf(url: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  open.push({ stop: () => client.close() });
  return client;
}

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.stop();
});

describe('the first list', () => {
  it('holds all 250 tools of a server that pages them by 100', async () => {
    const { url } = await hubWith({ paged: fixture('paged.mjs') });
    const { tools } = await (await clientOf(url)).listTools();
    expect(tools).toHaveLength(250);
    expect(new Set(tools.map(({ name }) => name)).size).toBe(250);
  });

  it('waits for a server that starts three seconds late', async () => {
    const { url } = await hubWith({ echo: fixture('echo.mjs'), late: fixture('slow-start.mjs', '3000') });
    const { tools } = await (await clientOf(url)).listTools();
    const servers = new Set(tools.map(({ name }) => name.split('__')[0]));
    expect(servers).toEqual(new Set(['echo', 'late']));
  });

  it('does not wait beyond startupWait; what comes later is announced', async () => {
    const { url } = await hubWith({ echo: fixture('echo.mjs'), slow: fixture('slow-start.mjs', '3000') }, { startupWait: 500 });
    const client = await clientOf(url);
    const before = await client.listTools();
    expect(before.tools.every(({ name }) => name.startsWith('echo__'))).toBe(true);
    const changed = new Promise<void>((resolve) => client.setNotificationHandler('notifications/tools/list_changed', () => resolve()));
    await changed;
    const after = await client.listTools();
    expect(after.tools.some(({ name }) => name.startsWith('slow__'))).toBe(true);
  });

  it('holds a server of both eras that starts three seconds late, and its changes are seen', async () => {
    const { url, records } = await hubWith({ late: fixture('slow-both-eras.mjs', '3000') });
    const client = await clientOf(url);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['late__grow']);
    await client.callTool({ name: 'late__grow' });
    await expect.poll(async () => (await client.listTools()).tools.map(({ name }) => name)).toEqual(['late__grow', 'late__grown']);
    expect(records.filter(({ type }) => type === 'warn')).toEqual([]);
  });
});

describe('a bad server', () => {
  it('costs the others nothing, and a call to it says what is wrong', async () => {
    const { url, origin } = await hubWith(
      {
        echo: fixture('echo.mjs'),
        exits: fixture('exit-on-start.mjs'),
        hangs: fixture('hang.mjs'),
        missing: { command: 'no-such-command-anywhere' },
        both: { command: 'x', url: 'http://127.0.0.1:1/' },
        noisy: fixture('noisy-stdout.mjs'),
        dies: fixture('exit-on-probe.mjs'),
        flood: fixture('flood-stderr.mjs'),
      },
      { startupWait: 3000 },
    );
    const { tools } = await (await clientOf(url)).listTools();
    const servers = new Set(tools.map(({ name }) => name.split('__')[0]));
    expect(servers).toEqual(new Set(['echo', 'noisy', 'dies', 'flood']));
    const health = await healthOf(origin);
    const errorOf = (name: string): string => health.servers.find((server) => server.name === name)?.error ?? '';
    expect(errorOf('exits')).toContain('3');
    expect(errorOf('missing')).toContain('no-such-command-anywhere');
    expect(errorOf('both')).toContain('url');
  });

  it('comes back after a crash, with the same tools', async () => {
    const { url } = await hubWith({ crash: fixture('crash-after.mjs', '1') });
    const client = await clientOf(url);
    const { tools } = await client.listTools();
    const name = tools[0]?.name ?? '';
    await client.callTool({ name, arguments: { text: 'a' } });
    const crashed = await client.callTool({ name, arguments: { text: 'b' } });
    expect(crashed.isError).toBe(true);
    expect(JSON.stringify(crashed.content)).toContain('crash');
    await expect
      .poll(async () => (await client.callTool({ name, arguments: { text: 'c' } })).isError ?? false, { timeout: 15_000, interval: 300 })
      .toBe(false);
    expect((await client.listTools()).tools).toEqual(tools);
  });
});

describe('a change of a list', () => {
  it('reaches the client when a tool is added and when only a description differs', async () => {
    const { url } = await hubWith({ grows: fixture('changes-list.mjs') });
    const client = await clientOf(url);
    let changes = 0;
    client.setNotificationHandler('notifications/tools/list_changed', () => void (changes += 1));
    const before = (await client.listTools()).tools;
    // That the server came up is announced within half a second, which may be after its tools were listed.
    await new Promise((resolve) => setTimeout(resolve, 700));
    changes = 0;
    await client.callTool({ name: 'grows__grow', arguments: {} });
    await expect.poll(() => changes).toBe(1);
    expect((await client.listTools()).tools).toHaveLength(before.length + 1);
    await client.callTool({ name: 'grows__redescribe', arguments: {} });
    await expect.poll(() => changes).toBe(2);
  });
});

it('writes down once why a server does not run, however often it is tried', async () => {
  const { records } = await hubWith({ gone: fixture('exit-on-start.mjs') });
  const attempts = (): number => records.filter(({ message }) => message === 'Server "gone" is starting').length;
  await expect.poll(attempts, { timeout: 8_000 }).toBeGreaterThan(2);
  const warnings = records.filter(({ type }) => type === 'warn').map(({ message }) => message);
  expect(warnings).toEqual([expect.stringMatching(/^Server "gone" is not running, and is tried again: Server "gone" exited with code /)]);
});

it('says of a server that is not ready in time what it printed where messages belong', async () => {
  const print = ['-e', 'console.log("Connecting with " + process.env.KEY); console.log("more"); process.stdin.resume()'];
  const { records } = await hubWith({
    chatty: { command: process.execPath, args: print, env: { KEY: 'a-secret-key' }, initTimeout: 1500 },
  });
  const warning = (): string => records.find(({ type, data }) => type === 'warn' && data['server'] === 'chatty')?.message ?? '';
  await expect
    .poll(warning, { timeout: 8_000 })
    .toMatch(/no JSON-RPC; the first one is:\n {2}Connecting with \[redacted\]\n[^]*standard error\./);
  expect(warning()).toContain('was not ready within 1.5 s.');
});
