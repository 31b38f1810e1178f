import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHub, type RunningHub } from '../support/in-process-hub.ts';
import { sdk1 } from '../support/mcp-clients.ts';
import { eventually, isRunning } from '../support/processes.ts';

const LOOP = pathToFileURL(join(import.meta.dirname, '../fixtures/servers/legacy-server.mjs')).href;

/** A server whose tool tells its name and which process it is. */
const code = (name: string): string => `
import { serve, text, toolMethods } from ${JSON.stringify(LOOP)};
const inputSchema = { type: 'object', properties: {} };
serve({ name: 'files', methods: toolMethods([{ name: 'who', inputSchema, run: () => text(${JSON.stringify(name)} + ' ' + process.pid) }]) });
`;

interface Server {
  readonly status: string;
  readonly lastError: { readonly message: string } | null;
  readonly outdated: { readonly reason: string; readonly since: string; readonly nextAttemptAt: string | null } | null;
}

let hub: RunningHub;
let client: Awaited<ReturnType<typeof sdk1.http>>;

beforeEach(async () => {
  hub = await runHub({ mcpServers: {} });
  await writeFile(join(hub.folder, 'first.mjs'), code('first'));
  await edit('first.mjs');
  client = await sdk1.http(hub.url);
});
afterEach(async () => {
  await client.close();
  await hub.stop();
});

/** Writes the entry of the server, and has the files read again as SIGHUP and a save do. */
async function edit(script: string, more: object = {}): Promise<void> {
  const entry = { command: process.execPath, args: [join(hub.folder, script)], ...more };
  await writeFile(join(hub.folder, 'mcp-servers.json'), JSON.stringify({ mcpServers: { files: entry } }));
  await hub.hub.reload();
}

async function who(): Promise<string> {
  const { content } = await client.callTool({ name: 'files__who', arguments: {} });
  return JSON.stringify(content);
}

async function server(): Promise<Server> {
  return JSON.parse(await (await fetch(`${hub.origin}/api/servers/files`)).text()).server;
}

const warnings = (): readonly string[] =>
  hub.records.filter(({ type, message }) => type === 'warn' && message.includes('was not restarted')).map(({ message }) => message);

describe('an entry that is changed while its server runs, and does not start so', () => {
  it('leaves the old process, says so everywhere, and is in force as soon as it can start', async () => {
    expect(await who()).toContain('first');
    await edit('later.mjs');
    const { status, outdated, lastError } = await server();
    expect(status).toBe('connected');
    expect(outdated?.reason).toMatch(/exited with code 1\. Its last output was:\n {2}Error: Cannot find module '.*later\.mjs'/);
    expect(lastError?.message).toBe(outdated?.reason);
    expect(Date.parse(outdated?.nextAttemptAt ?? '')).toBeGreaterThan(Date.parse(outdated?.since ?? ''));
    expect(warnings()).toEqual([expect.stringContaining('goes on as it was before its entry changed: Server "files" exited with code 1.')]);
    expect(warnings()[0]).not.toContain('stop-first');
    expect(await who()).toContain('first');
    await writeFile(join(hub.folder, 'later.mjs'), code('later'));
    await expect.poll(who, { timeout: 10_000 }).toContain('later');
    expect(await server()).toMatchObject({ status: 'connected', outdated: null });
  });

  it('is tried at once when the files are read again, by a signal or by a request', async () => {
    const pid = Number(/\d+/.exec(await who())?.[0]);
    await edit('first.mjs', { env: { TOKEN: '${file:token.txt}' } });
    expect(await server()).toMatchObject({ outdated: { reason: expect.stringContaining('token.txt'), nextAttemptAt: null } });
    await hub.hub.reload();
    expect(warnings()).toEqual([expect.not.stringContaining('stop-first')]);
    expect(isRunning(pid)).toBe(true);
    await writeFile(join(hub.folder, 'token.txt'), 'secret');
    await hub.hub.reload();
    expect(await server()).toMatchObject({ status: 'connected', outdated: null });
    await eventually('the old process has ended', () => !isRunning(pid));

    await edit('later.mjs', { env: { TOKEN: '${file:other.txt}' } });
    expect((await server()).outdated).not.toBeNull();
    await Promise.all([writeFile(join(hub.folder, 'later.mjs'), code('later')), writeFile(join(hub.folder, 'other.txt'), 'secret')]);
    await fetch(`${hub.origin}/api/restart`, { method: 'POST' });
    expect(await server()).toMatchObject({ status: 'connected', outdated: null });
    expect(await who()).toContain('later');
  });

  it.each([
    ['a command that does not exist', { command: '/no/such/command' }, 'could not be started'],
    ['an address that is refused', { command: undefined, args: undefined, url: 'http://127.0.0.1:9/mcp' }, 'files'],
    ['a server that never answers', { args: ['-e', 'process.stdin.resume()'], initTimeout: 300 }, 'was not ready within'],
  ])('gives no advice that does not fit: %s', async (_name, more, words) => {
    await edit('first.mjs', more);
    expect(await server()).toMatchObject({ status: 'connected', outdated: { reason: expect.stringContaining(words) } });
    expect(warnings()).toEqual([expect.not.stringContaining('stop-first')]);
    expect(await who()).toContain('first');
  });
});
