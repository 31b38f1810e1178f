import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { changeWords, type ConfigChanges, configChanges, diffConfigs, type HubConfig, loadConfig } from '../../src/config/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-changes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function config(files: Readonly<Record<string, object>>): Promise<HubConfig> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(content));
  return loadConfig({ files: Object.keys(files), env: {}, cwd: folder, defaultFile: '' });
}

async function changes(before: object, after: object): Promise<ConfigChanges> {
  const [one, other] = [await config({ 'c.json': before }), await config({ 'c.json': after })];
  return configChanges(one, other, diffConfigs(one, other));
}

const a = { command: 'run', args: ['x'] };

it.each([
  ['a server that is new', { mcpServers: { a } }, { mcpServers: { a, b: a } }, 'added b'],
  ['one that is gone', { mcpServers: { a, b: a } }, { mcpServers: { a } }, 'removed b'],
  ['what it is started from', { mcpServers: { a } }, { mcpServers: { a: { ...a, args: [] } } }, 'changed a (args)'],
  ['a filter', { mcpServers: { a } }, { mcpServers: { a: { ...a, disabled_tools: ['t'] } } }, 'changed a (disabled_tools)'],
  ['a time limit that goes', { mcpServers: { a: { ...a, requestTimeout: 5 } } }, { mcpServers: { a } }, 'changed a (requestTimeout)'],
  ['a setting', { mcpServers: { a } }, { startupWait: 7, mcpServers: { a } }, 'setting startupWait'],
  ['the other spelling of the list', { servers: { a } }, { servers: { a: { command: 'b' } } }, 'changed a (command, args)'],
  ['an entry that is no object', { mcpServers: { a } }, { mcpServers: { a: 7 } }, 'changed a (command, args)'],
  [
    'all of it',
    { maxSessions: 5, mcpServers: { a, b: a } },
    { auth: 'keys', mcpServers: { c: a, a: { ...a, env: {} } } },
    'added c; removed b; changed a (env); settings maxSessions, auth',
  ],
  ['nothing', { mcpServers: { a } }, { $schema: 'x', mcpServers: { a: { args: ['x'], command: 'run' } } }, ''],
])('tells %s by the words of the file', async (_, before, after, words) => {
  expect(changeWords(await changes(before, after))).toBe(words);
});

it('names a server that stands in another file', async () => {
  const before = await config({ 'a.json': { mcpServers: { a } }, 'b.json': {} });
  const after = await config({ 'a.json': {}, 'b.json': { mcpServers: { a } } });
  expect(changeWords(configChanges(before, after, diffConfigs(before, after)))).toBe('changed a');
});
