import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigDiff, diffConfigs, type HubConfig, loadConfig } from '../../src/config/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-diff-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The config that these files make, by name. */
async function config(files: Readonly<Record<string, object>>): Promise<HubConfig> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(content));
  return loadConfig({ files: Object.keys(files), env: {}, cwd: folder, defaultFile: '' });
}

async function diff(before: object, after: object): Promise<ConfigDiff> {
  return diffConfigs(await config({ 'c.json': before }), await config({ 'c.json': after }));
}

const local = { command: 'run', args: ['a'], env: { A: '1' }, cwd: '/tmp', envFile: '.env' };
const remote = { url: 'http://localhost:1/mcp', headers: { A: '1' } };
const one = (entry: object): object => ({ mcpServers: { s: entry, t: { command: 't' } } });

describe('a server is', () => {
  it.each([
    ['command', local, { ...local, command: 'other' }],
    ['args', local, { ...local, args: ['b'] }],
    ['the order of args', { ...local, args: ['a', 'b'] }, { ...local, args: ['b', 'a'] }],
    ['env', local, { ...local, env: { A: '2' } }],
    ['a variable less', local, { ...local, env: {} }],
    ['envFile', local, { ...local, envFile: 'b.env' }],
    ['cwd', local, { ...local, cwd: '/' }],
    ['disabled', local, { ...local, disabled: true }],
    ['url', remote, { ...remote, url: 'http://localhost:2/mcp' }],
    ['headers', remote, { ...remote, headers: { A: '2' } }],
    ['oauth', remote, { ...remote, oauth: { clientId: 'me' } }],
    ['transport', remote, { ...remote, type: 'sse' }],
    ['maxMessageSize', local, { ...local, maxMessageSize: 2048 }],
    ['forwardHeaders', remote, { ...remote, forwardHeaders: ['X-Tenant'] }],
    ['publicOnly', remote, { ...remote, publicOnly: false }],
    ['kind', local, remote],
    ['validity', local, {}],
    ['another mistake', { args: 'x' }, {}],
  ])('modified and started anew by another value of: %s', async (_, before, after) => {
    const { restart, ...rest } = await diff(one(before), one(after));
    expect(rest).toMatchObject({ modified: ['s'], unchanged: ['t'], added: [], removed: [], isSignificant: true, isEmpty: false });
    expect([...restart]).toEqual(['s']);
  });

  it.each([
    ['name', local, { ...local, name: 'Nice' }],
    ['dev', local, { ...local, dev: { cwd: '/tmp' } }],
  ])('modified and runs on by another value of: %s', async (_, before, after) => {
    const { restart, ...rest } = await diff(one(before), one(after));
    expect(rest).toMatchObject({ modified: ['s'], isSignificant: true });
    expect(restart.size).toBe(0);
  });

  it.each([
    ['autoApprove', { autoApprove: true }],
    ['disabled_tools', { disabled_tools: ['x'] }],
    ['disabled_prompts', { disabled_prompts: ['x'] }],
    ['disabled_resources', { disabled_resources: ['x'] }],
    ['disabled_resourceTemplates', { disabled_resourceTemplates: ['x'] }],
    ['custom_instructions', { custom_instructions: { text: 'x' } }],
    ['description', { description: 'x' }],
    ['requestTimeout', { requestTimeout: 5 }],
    ['totalTimeout', { totalTimeout: 5 }],
    ['toolTimeouts', { toolTimeouts: { a: { requestTimeout: 5 } } }],
    ['a queue', { maxConcurrency: 2, maxQueue: 5, queueTimeout: 5 }],
    ['initTimeout', { initTimeout: 5 }],
    ['start', { start: 'lazy' }],
    ['idleTimeout', { idleTimeout: 5 }],
    ['restart', { restart: 'stop-first' }],
    ['an unknown key', { unheard: 5 }],
  ])('unchanged with %s, although the files are others', async (_, more) => {
    const result = await diff(one(local), one({ ...local, ...more }));
    expect(result).toMatchObject({ modified: [], unchanged: ['s', 't'], isSignificant: false, isEmpty: false });
    expect(result.restart.size).toBe(0);
  });

  it('unchanged when only its keys and those of its variables stand in another order', async () => {
    const before = { command: 'x', env: { A: '1', B: '2' } };
    const after = { env: { B: '2', A: '1' }, command: 'x' };
    expect(await diff(one(before), one(after))).toMatchObject({ modified: [], isSignificant: false });
  });

  it('modified, but not started anew, when it moves to another file', async () => {
    const before = await config({ 'a.json': one(local), 'b.json': {} });
    const after = await config({ 'a.json': { mcpServers: { t: { command: 't' } } }, 'b.json': { mcpServers: { s: local } } });
    const result = diffConfigs(before, after);
    expect(result).toMatchObject({ modified: ['s'], unchanged: ['t'] });
    expect(result.restart.size).toBe(0);
  });

  it('no other one when what is wrong with it has moved to another line', async () => {
    await writeFile(join(folder, 'c.json'), '{"mcpServers": {"s": {}}}');
    const load = (): Promise<HubConfig> => loadConfig({ files: ['c.json'], env: {}, cwd: folder, defaultFile: '' });
    const before = await load();
    await writeFile(join(folder, 'c.json'), '\n\n{"mcpServers": {"s": {}}}');
    expect(diffConfigs(before, await load())).toMatchObject({ modified: [], isEmpty: false });
  });
});

it('names what is added and removed, each in the order of its config', async () => {
  const servers = (...names: string[]): object => ({ mcpServers: Object.fromEntries(names.map((name) => [name, { command: name }])) });
  const result = await diff(servers('a', 'b', 'c', 'd'), servers('e', 'd', 'f', 'b'));
  expect(result).toMatchObject({ added: ['e', 'f'], removed: ['a', 'c'], modified: [], unchanged: ['d', 'b'], isSignificant: true });
  expect(result.restart.size).toBe(0);
});

it.each([
  ['maxToolNameLength', { maxToolNameLength: 40 }, 'maxToolNameLength'],
  ['startupWait', { startupWait: 1 }, 'startupWaitMs'],
  ['maxBodySize', { maxBodySize: 4096 }, 'maxBodyBytes'],
  ['sessionIdleTimeout', { sessionIdleTimeout: 7 }, 'sessionIdleTimeoutMs'],
  ['allowedHosts', { allowedHosts: ['x'] }, 'allowedHosts'],
  ['allowedUpstreamHosts', { allowedUpstreamHosts: ['x'] }, 'allowedUpstreamHosts'],
])('tells the setting %s, which touches no server', async (_, more, name) => {
  expect(await diff(one(local), { ...one(local), ...more })).toMatchObject({ settings: [name], isSignificant: false, isEmpty: false });
});

it('is empty between the same files', async () => {
  expect(await diff(one(local), one(local))).toMatchObject({ isEmpty: true, isSignificant: false, settings: [] });
});
