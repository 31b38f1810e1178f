import { afterEach, beforeEach, expect, it } from 'vitest';
import { runHub, type RunningHub } from '../support/in-process-hub.ts';
import { sendJson, TestHttp } from '../support/registries.ts';

const TIME = {
  id: 'time',
  name: 'Time',
  description: 'Tells the time',
  author: 'a',
  url: '',
  category: 'utility',
  tags: ['clock'],
  installations: [],
};

let registry: TestHttp;
let hub: RunningHub | undefined;

beforeEach(async () => {
  registry = await new TestHttp((req, res) => sendJson(req, res, { servers: [TIME, { ...TIME, id: 'date', name: 'Date' }] })).start();
});
afterEach(async () => {
  await hub?.stop();
  hub = undefined;
  await registry.stop();
});

const get = async (path: string, init?: RequestInit): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`${hub?.origin}${path}`, init);
  return { status: response.status, body: JSON.parse(await response.text()) };
};
const details = (mcpId: string): ReturnType<typeof get> =>
  get('/api/marketplace/details', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ mcpId }) });

it('is served by the hub, from the registry that its config names', async () => {
  hub = await runHub({ mcpServers: {}, marketplace: { registryUrl: `${registry.url}/r.json` } });
  expect(registry.seen).toHaveLength(0);
  expect(await get('/api/marketplace?')).toMatchObject({ status: 200, body: { servers: [{ id: 'time' }, { id: 'date' }] } });
  expect(await get('/api/marketplace?search=tells+the&sort=name')).toMatchObject({ body: { servers: [{ id: 'date' }, { id: 'time' }] } });
  expect(await get('/api/marketplace?category=none')).toMatchObject({ status: 200, body: { servers: [] } });
  expect(await details('time')).toMatchObject({
    status: 200,
    body: { server: { id: 'time', server: TIME, readmeContent: null }, readmeContent: null },
  });
  expect(await details('tme')).toMatchObject({ status: 404, body: { code: 'RESOURCE_NOT_FOUND', error: expect.stringContaining('time') } });
  expect(registry.seen).toHaveLength(1);
});

it('is an error that says which address failed, and never an empty list', async () => {
  await registry.stop();
  hub = await runHub({ mcpServers: {}, marketplace: { registryUrl: `${registry.url}/r.json` } });
  const { status, body } = await get('/api/marketplace');
  expect({ status, body }).toMatchObject({ status: 502, body: { code: 'MARKETPLACE_ERROR', data: { sources: [{ reason: 'refused' }] } } });
  expect(body['error']).toContain(`${registry.url}/r.json`);
});

it('keeps nobody waiting while a registry hangs: not the start, not other routes, not the end', async () => {
  registry.respond = () => {};
  hub = await runHub({ mcpServers: {}, marketplace: { registryUrl: `${registry.url}/r.json` } });
  const listing = get('/api/marketplace').catch((error: unknown) => error);
  await expect.poll(() => registry.seen.length).toBe(1);
  const start = performance.now();
  expect((await get('/api/health')).status).toBe(200);
  await hub.stop();
  expect(performance.now() - start).toBeLessThan(5_000);
  hub = undefined;
  await listing;
});
