import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiKeyFile, apiKeyFile, createApiKey, type KeyScope, revokeApiKey } from '../../src/config/index.ts';
import { metaKey } from '../../src/protocol/index.ts';
import { modern, type Reply, send, type Sent } from '../downstream/harness.ts';
import { at } from '../support/era-pairs.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';

let hub: RunningHub;
let folder: string;
let file: ApiKeyFile;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-keyed-'));
  await writeFile(join(folder, 'told'), '');
  hub = await runHub({ mcpServers: { asks: fixture('asks.mjs', join(folder, 'told')) } }, {}, 0, { access: { requireKey: true } });
  file = apiKeyFile(join(hub.folder, 'home/.local/share/mcp-hub'));
});
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
});

const keyOf = async (name: string, ...scopes: KeyScope[]): Promise<string> =>
  (await createApiKey(file, { name, scopes, expiresAt: null }, Date.now())).text;
const as = (key: string, sent: Sent): Sent => ({ ...sent, headers: { ...sent.headers, authorization: `Bearer ${key}` } });
const statusOf = async (key: string, path = '/api/servers'): Promise<number> =>
  (await send(hub.origin + path, as(key, { method: 'GET' }))).status;

describe('a parked call', () => {
  const FORM = {
    method: 'elicitation/create',
    params: { message: '?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
  };
  const ABILITIES = { [metaKey.clientCapabilities]: { elicitation: { form: {} } } };
  const call = (key: string, more: object = {}): Promise<Reply> =>
    send(hub.url, as(key, modern('tools/call', { name: 'asks__ask', arguments: { rounds: [[FORM]] }, ...more }, ABILITIES)));
  const outcomeOf = ({ json, events }: Reply) => events.at(-1) ?? json;

  it('is that of its key: with another one its state is worth nothing, and its own key goes on', async () => {
    const [ada, bob] = [await keyOf('ada', 'mcp'), await keyOf('bob', 'mcp', 'admin')];
    const parked = at(outcomeOf(await call(ada)), 'result');
    expect(parked).toMatchObject({ resultType: 'input_required', requestState: expect.any(String) });
    const [question = ''] = Object.keys(Object(at(parked, 'inputRequests')));
    const retry = {
      requestState: at(parked, 'requestState'),
      inputResponses: { [question]: { action: 'accept', content: { name: 'ada' } } },
    };
    const stolen = outcomeOf(await call(bob, retry));
    expect(JSON.stringify(stolen)).toContain('not valid');
    expect(JSON.stringify(stolen)).not.toContain('ada');
    expect(outcomeOf(await call(ada, retry))).toMatchObject({ result: { resultType: 'complete' } });
  });
});

describe('the file of the keys', () => {
  it('is gone by within a moment, whoever changes it', async () => {
    const key = await keyOf('brief', 'read');
    expect(await statusOf(key)).toBe(200);
    await revokeApiKey(file, 'brief');
    await expect.poll(() => statusOf(key), { timeout: 1_000 }).toBe(401);
  });

  it('locks nobody out when it is broken, and lets nobody in', async () => {
    const key = await keyOf('steady', 'read');
    expect(await statusOf(key)).toBe(200);
    const text = await readFile(file.path, 'utf8');
    await writeFile(file.path, '{');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const wrong = `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}`;
    expect([await statusOf(key), await statusOf(wrong)]).toEqual([200, 401]);
    await expect
      .poll(() => hub.records.filter(({ message }) => message.includes('The API keys stay as they were')))
      .toMatchObject([{ type: 'error', code: 'CONFIG_ERROR' }]);
    await writeFile(file.path, text);
    expect(await statusOf(key)).toBe(200);
  });

  it('ends a key by the clock', async () => {
    const { text } = await createApiKey(
      file,
      { name: 'short', scopes: ['read'], expiresAt: new Date(Date.now() + 1_500).toISOString() },
      Date.now(),
    );
    expect(await statusOf(text)).toBe(200);
    await expect.poll(() => statusOf(text), { timeout: 4_000 }).toBe(401);
  });

  it('can be changed over REST by an admin from anywhere, and by no other key', async () => {
    const [root, user] = [await keyOf('root', 'admin'), await keyOf('user', 'mcp', 'read')];
    const elsewhere = { 'x-forwarded-for': '192.0.2.1' };
    const make = (key: string) =>
      send(`${hub.origin}/api/keys`, as(key, { headers: elsewhere, body: { name: 'made', scopes: ['read'], expires: '1d' } }));
    expect((await make(user)).status).toBe(403);
    const made = await make(root);
    expect(made).toMatchObject({ status: 201, json: { entry: { name: 'made', scopes: ['read'], lastUsedAt: null } } });
    expect(JSON.stringify(made.json['entry'])).not.toContain('hash');
    const key = String(made.json['key']);
    expect(await statusOf(key)).toBe(200);
    const id = String(at(made.json, 'entry', 'id'));
    const remove = (by: string) => send(`${hub.origin}/api/keys/${id}`, as(by, { method: 'DELETE', headers: elsewhere }));
    expect((await remove(key)).status).toBe(403);
    expect((await remove(root)).status).toBe(200);
    expect(await statusOf(key)).toBe(401);
    expect(JSON.stringify(hub.records)).not.toContain(key.slice(16));
  });
});
