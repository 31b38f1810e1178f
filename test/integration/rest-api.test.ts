import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { routes } from '../../src/http/api/routes.ts';
import { api, type ApiReply } from '../http/api-harness.ts';
import { keyOf, undocumented } from '../http/documented.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';

let hub: RunningHub;
const asked = new Set<string>();

beforeAll(async () => {
  hub = await runHub({
    mcpServers: {
      echo: { ...fixture('echo.mjs'), env: { TOKEN: 'not-to-be-seen-1' }, description: 'Echoes.' },
      'odd/na me': fixture('echo.mjs'),
      broken: fixture('exit-on-start.mjs'),
    },
  });
  await eventually(async () => expect((await api(`${hub.origin}/api/health`)).json).toMatchObject({ state: 'ready' }));
});
afterAll(() => hub.stop());

/** Asks a route, given as in the table, and holds its answer to the OpenAPI document. */
async function ask(
  key: string,
  { name = '', query = '', body, headers = {} }: { name?: string; query?: string; body?: object; headers?: Record<string, string> } = {},
): Promise<ApiReply> {
  asked.add(key);
  const [method = '', path = ''] = key.split(' ');
  const url = `${hub.origin}${path.replace(/:(?:name|id)/, encodeURIComponent(name))}${query}`;
  const reply = await api(url, { method: method.toUpperCase(), body, headers });
  expect(undocumented(key, reply), `${key} ${reply.text}`).toEqual([]);
  return reply;
}

const file = (): string => join(hub.folder, 'mcp-servers.json');
const entries = async (): Promise<Record<string, unknown>> => JSON.parse(await readFile(file(), 'utf8')).mcpServers;

it('tells how the hub and its servers are', async () => {
  const { json } = await ask('get /api/health');
  expect(json).toMatchObject({ status: 'ok', server_id: 'mcp-hub', activeClients: 0, servers: [{ name: 'echo' }, {}, {}] });
  expect((await ask('get /api/servers')).json['servers']).toMatchObject([
    { name: 'echo', status: 'connected', description: 'Echoes.', transportType: 'stdio', config_source: file() },
    { name: 'odd/na me', status: 'connected' },
    { name: 'broken', status: 'disconnected', error: expect.any(String) },
  ]);
  await ask('get /api/workspaces');
  expect((await ask('get /api/openapi.json')).json).toMatchObject({ openapi: '3.1.1', info: { version: '0.0.0-test' } });
});

it('knows servers by any name, and only those', async () => {
  expect((await ask('get /api/servers/:name', { name: 'odd/na me' })).json).toMatchObject({ server: { name: 'odd/na me' } });
  expect((await ask('post /api/servers/info', { body: { server_name: 'echo' } })).json).toMatchObject({ server: { name: 'echo' } });
  for (const key of [
    'get /api/servers/:name',
    'get /api/servers/:name/log',
    'get /api/servers/:name/environment',
    'get /api/servers/:name/config',
  ])
    expect((await ask(key, { name: 'nobody' })).status, key).toBe(404);
  for (const what of ['info', 'start', 'stop', 'restart', 'refresh', 'authorize'])
    expect((await ask(`post /api/servers/${what}`, { body: { server_name: 'nobody' } })).status, what).toBe(404);
});

it('stops, starts, restarts and refreshes servers', async () => {
  const body = { server_name: 'odd/na me' };
  const status = (reply: ApiReply): unknown => Object(reply.json['server']).status;
  expect(status(await ask('post /api/servers/stop', { body }))).toBe('disconnected');
  expect((await ask('post /api/servers/refresh', { body })).status).toBe(503);
  expect(status(await ask('post /api/servers/start', { body }))).toBe('connected');
  expect(status(await ask('post /api/servers/stop', { body, query: '?disable=true' }))).toBe('disabled');
  expect((await entries())['odd/na me']).toMatchObject({ disabled: true });
  expect((await ask('post /api/servers/tools', { body: { ...body, tool: 'echo' } })).status).toBe(503);
  expect(status(await ask('post /api/servers/start', { body }))).toBe('connected');
  expect(status(await ask('post /api/servers/restart', { body }))).toBe('connected');
  expect(status(await ask('post /api/servers/refresh', { body }))).toBe('connected');
  expect((await ask('post /api/refresh')).json['servers']).toHaveLength(3);
  expect((await ask('get /api/refresh', { query: '?' })).json['servers']).toHaveLength(3);
});

it('shows the log and the environment, and no secret', async () => {
  expect((await ask('get /api/servers/:name/log', { name: 'broken', query: '?lines=5' })).json['lines']).not.toEqual([]);
  const { text, json } = await ask('get /api/servers/:name/environment', { name: 'echo' });
  expect(json['environment']).toContainEqual(expect.objectContaining({ name: 'TOKEN' }));
  const config = await ask('get /api/servers/:name/config', { name: 'echo' });
  for (const shown of [text, config.text]) expect(shown).not.toContain('not-to-be-seen-1');
});

it('adds, changes and removes servers in the file, for those who know it', async () => {
  const config = fixture('echo.mjs');
  const dry = await ask('post /api/servers', { query: '?dryRun=true', body: { name: 'new', config } });
  expect([dry.status, Object.keys(await entries())]).toEqual([200, ['echo', 'odd/na me', 'broken']]);
  const added = await ask('post /api/servers', { body: { name: 'new', config } });
  expect([added.status, added.json]).toMatchObject([201, { server: { name: 'new', status: 'connected' } }]);
  expect((await ask('post /api/servers', { body: { name: 'new', config } })).status).toBe(409);
  expect((await ask('post /api/servers', { body: { name: 'wrong', config: {} } })).json).toMatchObject({
    code: 'VALIDATION_ERROR',
  });
  const { headers } = await ask('get /api/servers/:name/config', { name: 'new' });
  const known = { 'if-match': String(headers.etag) };
  const changed = await ask('patch /api/servers/:name', { name: 'new', body: { description: 'Changed.' }, headers: known });
  expect(changed.json).toMatchObject({ server: { description: 'Changed.' } });
  expect((await ask('patch /api/servers/:name', { name: 'new', body: { description: 'Late.' }, headers: known })).status).toBe(412);
  expect((await ask('delete /api/servers/:name', { name: 'new', headers: known })).status).toBe(412);
  expect((await ask('delete /api/servers/:name', { name: 'new' })).json).toMatchObject({ server: null });
  expect(Object.keys(await entries())).toEqual(['echo', 'odd/na me', 'broken']);
});

it('calls tools, prompts and resources', async () => {
  const server_name = 'echo';
  expect((await ask('post /api/servers/tools', { body: { server_name, tool: 'echo', arguments: { text: 'hi' } } })).status).toBe(200);
  expect((await ask('post /api/servers/prompts', { body: { server_name, prompt: 'greet', arguments: { who: 'Ada' } } })).status).toBe(200);
  expect((await ask('post /api/servers/resources', { body: { server_name, uri: 'test://greeting' } })).status).toBe(200);
  expect((await ask('post /api/servers/prompts', { body: { server_name, prompt: 'grete' } })).json).toMatchObject({
    code: 'PROMPT_NOT_FOUND',
    data: { closest: 'greet' },
  });
});

it('says what a hub without marketplace and logins cannot do', async () => {
  await ask('get /api/marketplace');
  await ask('post /api/marketplace/details', { body: { mcpId: 'time' } });
  await ask('post /api/servers/authorize', { body: { server_name: 'echo' } });
  expect((await ask('post /api/servers/logout', { body: { server_name: 'echo' } })).status).toBe(400);
  expect((await ask('get /api/oauth/callback', { query: '?code=a&state=b' })).status).toBeGreaterThanOrEqual(400);
  const url = 'http://localhost/api/oauth/callback?code=a&server_name=echo&state=b';
  expect((await ask('post /api/oauth/manual_callback', { body: { url } })).status).toBeGreaterThanOrEqual(400);
});

it('makes, lists and revokes API keys', async () => {
  const made = await ask('post /api/keys', { body: { name: 'laptop', scopes: ['read'], expires: '1h' } });
  expect([made.status, made.json]).toMatchObject([201, { entry: { name: 'laptop', scopes: ['read'] } }]);
  const secret = String(made.json['key']).slice(16);
  const listed = await ask('get /api/keys');
  expect(listed.json['keys']).toMatchObject([{ name: 'laptop' }]);
  expect(listed.text).not.toContain(secret);
  expect(listed.text).not.toContain('hash');
  expect((await ask('post /api/keys', { body: { name: 'laptop' } })).status).toBe(409);
  expect((await ask('post /api/keys', { body: { name: 'late', expires: '2020-01-01' } })).status).toBe(400);
  expect((await ask('delete /api/keys/:id', { name: 'laptop' })).status).toBe(200);
  expect((await ask('delete /api/keys/:id', { name: 'laptop' })).status).toBe(404);
});

it('reads the config again, and refuses a broken one', async () => {
  expect((await ask('post /api/restart')).status).toBe(200);
  const before = await readFile(file(), 'utf8');
  await writeFile(file(), '{ "mcpServers": ');
  expect((await ask('post /api/restart')).json).toMatchObject({ code: 'CONFIG_ERROR' });
  await writeFile(file(), before.replace('{', '{ "startupWait": 4321,'));
  const settings = { added: [], removed: [], changed: {}, settings: ['startupWait'] };
  expect(await ask('post /api/restart')).toMatchObject({ status: 200, json: { changes: settings } });
  await writeFile(file(), before);
  expect(await ask('post /api/restart')).toMatchObject({ status: 200, json: { changes: settings } });
});

it('answers a hard restart, and only then ends', async () => {
  const ended = new Promise((resolve) => hub.hub.on('ended', resolve));
  expect((await ask('post /api/hard-restart')).status).toBe(200);
  await ended;
});

it('was asked everything that the table has', () => {
  expect([...asked].sort()).toEqual(routes.flatMap((route) => (route.run ? [keyOf(route)] : [])).sort());
});
