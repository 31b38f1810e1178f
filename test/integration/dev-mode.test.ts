import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHub, type RunningHub } from '../support/in-process-hub.ts';
import { sdk1 } from '../support/mcp-clients.ts';
import { eventually, isRunning } from '../support/processes.ts';

const LOOP = pathToFileURL(join(import.meta.dirname, '../fixtures/servers/legacy-server.mjs')).href;

/** A server with a tool of that name; the tool `pid` tells which process it is. */
const code = (tool: string): string => `
import { serve, text, toolMethods } from ${JSON.stringify(LOOP)};
const inputSchema = { type: 'object', properties: {} };
serve({ name: 'dev', methods: toolMethods([
  { name: 'pid', inputSchema, run: () => text(String(process.pid)) },
  { name: ${JSON.stringify(tool)}, inputSchema, run: () => text('done') },
]) });
`;

type Client = Awaited<ReturnType<typeof sdk1.http>>;

let folder: string;
let hub: RunningHub;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-dev-'));
  for (const name of ['edited', 'other', 'off']) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, name, 'server.js'), code('first'));
  }
  hub = await runHub(configWith({}));
  const ready = (): number => hub.records.filter(({ message }) => message.includes('is in dev mode')).length;
  await eventually('the watchers are ready', () => ready() === 2);
});

/** Three servers in dev mode, of which one is disabled; with other settings for that of the one that is edited. */
function configWith(dev: object): object {
  const server = (name: string, more: object = {}): object => ({
    command: process.execPath,
    args: [join(folder, name, 'server.js')],
    dev: { cwd: join(folder, name) },
    ...more,
  });
  const edited = server('edited', { dev: { cwd: join(folder, 'edited'), ...dev } });
  return { mcpServers: { edited, other: server('other'), off: server('off', { disabled: true }) } };
}

afterEach(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

async function toolNames(client: Client): Promise<readonly string[]> {
  return (await client.listTools()).tools.map(({ name }) => name).sort();
}

async function pidOf(client: Client, server: string): Promise<number> {
  const { content } = await client.callTool({ name: `${server}__pid`, arguments: {} });
  const [part] = Array.isArray(content) ? content : [];
  return Number(part?.text);
}

async function readJson(url: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await (await fetch(url)).text());
}

type Told = Readonly<Record<string, unknown>>;

/** The data of the subscription events, up to the first for which `isLast` holds. */
async function readEvents(response: Response, isLast: (data: Told) => boolean): Promise<readonly Told[]> {
  const seen: Told[] = [];
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks.filter((block) => block.startsWith('event: subscription_event'))) {
      const data: Told = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}');
      seen.push(data);
      if (isLast(data)) return seen;
    }
  }
  return seen;
}

async function untilTool(client: Client, name: string): Promise<void> {
  await expect.poll(() => toolNames(client), { timeout: 10_000 }).toContain(name);
}

describe('a server in dev mode whose code is edited', () => {
  it('offers its new tools in the same session, and the others run on', async () => {
    const client = await sdk1.http(hub.url);
    try {
      expect(await toolNames(client)).toEqual(['edited__first', 'edited__pid', 'other__first', 'other__pid']);
      const { sessionId } = client.transport ?? {};
      const [editedPid, otherPid] = [await pidOf(client, 'edited'), await pidOf(client, 'other')];
      await writeFile(join(folder, 'edited/server.js'), code('second'));
      await untilTool(client, 'edited__second');
      expect(await toolNames(client)).toEqual(['edited__pid', 'edited__second', 'other__first', 'other__pid']);
      expect(await pidOf(client, 'edited')).not.toBe(editedPid);
      await eventually('the old process is gone', () => !isRunning(editedPid));
      expect(await pidOf(client, 'other')).toBe(otherPid);
      expect(client.transport?.sessionId).toBe(sessionId);
    } finally {
      await client.close();
    }
  });

  it('is told of on the event stream: which server and files, and what it offers afterwards', async () => {
    const leave = new AbortController();
    const response = await fetch(`${hub.origin}/api/events`, { signal: leave.signal });
    const told = readEvents(response, ({ type }) => type === 'servers_updated');
    await writeFile(join(folder, 'edited/server.js'), code('second'));
    const events = await told;
    leave.abort();
    const changes = { modified: ['edited'], unchanged: ['other', 'off'], reason: 'dev_file_change', files: ['server.js'] };
    expect(events.find(({ type }) => type === 'servers_updating')).toMatchObject({
      changes,
      reason: 'dev_file_change',
      files: ['server.js'],
    });
    expect(events.at(-1)).toMatchObject({ changes, newCapabilities: { tools: [{ name: 'pid' }, { name: 'second' }], prompts: [] } });
  });

  it('goes on as it was with a mistake in its code, and restarts when that is mended', async () => {
    const client = await sdk1.http(hub.url);
    try {
      const failed = (): boolean => hub.records.some(({ message }) => message.startsWith('Server "edited" was not restarted'));
      const pid = await pidOf(client, 'edited');
      await writeFile(join(folder, 'edited/server.js'), 'this is no code');
      await eventually('the restart has failed', failed, 10_000);
      expect(await pidOf(client, 'edited')).toBe(pid);
      expect(hub.records.find(({ message }) => message.startsWith('Server "edited" was not restarted'))?.message).toContain(
        'SyntaxError: ',
      );
      // What the process said that did not become ready is told beside what the one says that runs.
      const { lines } = await readJson(`${hub.origin}/api/servers/edited/log`);
      expect(lines).toContainEqual(expect.objectContaining({ text: expect.stringMatching(/^SyntaxError: /) }));
      const { server } = await readJson(`${hub.origin}/api/servers/edited`);
      expect(server).toMatchObject({ status: 'connected', lastError: { message: expect.stringContaining('SyntaxError: ') } });
      await writeFile(join(folder, 'edited/server.js'), code('mended'));
      await untilTool(client, 'edited__mended');
      expect(await pidOf(client, 'edited')).toBeGreaterThan(0);
    } finally {
      await client.close();
    }
  });

  it('is not started by that any more once dev mode is switched off in the config', async () => {
    const client = await sdk1.http(hub.url);
    try {
      await writeFile(join(hub.folder, 'mcp-servers.json'), JSON.stringify(configWith({ enabled: false })));
      await hub.hub.reload();
      const pid = await pidOf(client, 'edited');
      await writeFile(join(folder, 'edited/server.js'), code('second'));
      await writeFile(join(folder, 'other/server.js'), code('second'));
      await untilTool(client, 'other__second');
      expect(await pidOf(client, 'edited')).toBe(pid);
    } finally {
      await client.close();
    }
  });

  it('is not started by that when it is disabled', async () => {
    await writeFile(join(folder, 'off/server.js'), code('second'));
    await writeFile(join(folder, 'edited/server.js'), code('second'));
    const restarted = (name: string): boolean => hub.records.some(({ message }) => message.startsWith(`Server "${name}" restarts`));
    await eventually('the other one restarts', () => restarted('edited'));
    expect(restarted('off')).toBe(false);
  });
});
