import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at } from '../support/era-pairs.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { RawClient } from '../support/raw-client.ts';

let hub: RunningHub;
let modern: RawClient;
let legacy: RawClient;

beforeAll(async () => {
  hub = await runHub({ mcpServers: { cached: fixture('cached.mjs'), old: fixture('cached.mjs', 'legacy') } });
  modern = await RawClient.connect(`${hub.origin}/mcp/cached`, 'modern');
  legacy = await RawClient.connect(`${hub.origin}/mcp/cached`, 'legacy');
  await modern.request('tools/list');
});

afterAll(async () => {
  await legacy.close();
  await hub.stop();
});

const seen = async (method: string): Promise<unknown> =>
  at((await modern.request('tools/call', { name: 'seen' })).response, 'result', 'structuredContent', method);

describe('lists', () => {
  it('say how much time is left, and are not fetched again meanwhile', async () => {
    const { response } = await modern.request('tools/list');
    expect(response).toMatchObject({ result: { ttlMs: expect.any(Number), cacheScope: 'public' } });
    const left = Number(at(response, 'result', 'ttlMs'));
    expect(left > 0 && left <= 60_000).toBe(true);
    expect(await seen('tools/list')).toBe(1);
  });

  it('without a time, of which nobody tells when they change, are fetched for everybody who asks', async () => {
    expect((await modern.request('prompts/list')).response).toMatchObject({ result: { prompts: [{ name: 'prompt2' }], ttlMs: 0 } });
    expect((await legacy.request('prompts/list')).response).toMatchObject({ result: { prompts: [{ name: 'prompt3' }] } });
  });

  it('promise nothing once a legacy server has a part in them', async () => {
    const all = await RawClient.connect(hub.url, 'modern');
    expect((await all.request('tools/list')).response).toMatchObject({ result: { ttlMs: 0, cacheScope: 'private' } });
    expect((await all.request('server/discover')).response).toMatchObject({ result: { ttlMs: 0, cacheScope: 'private' } });
  });
});

describe('reads', () => {
  it('are answered by the hub while they are fresh, to clients of both eras in their own shape', async () => {
    const before = Number((await seen('resources/read')) ?? 0);
    const first = (await modern.request('resources/read', { uri: 'test://time' })).response;
    const second = (await modern.request('resources/read', { uri: 'test://time' })).response;
    const third = (await legacy.request('resources/read', { uri: 'test://time' })).response;
    const contents = at(first, 'result', 'contents');
    expect(second).toMatchObject({ result: { contents, ttlMs: expect.any(Number), cacheScope: 'public', resultType: 'complete' } });
    expect(third['result']).toEqual({ contents });
    expect(await seen('resources/read')).toBe(before + 1);
    const all = await RawClient.connect(hub.url, 'modern');
    expect((await all.request('resources/read', { uri: 'test://time' })).response).toMatchObject({ result: { contents } });
  });

  it('of a legacy server are made every time', async () => {
    const old = await RawClient.connect(`${hub.origin}/mcp/old`, 'modern');
    const read = async () => (await old.request('resources/read', { uri: 'test://time' })).response;
    expect(await read()).toMatchObject({ result: { contents: [{ text: '1' }], ttlMs: 0, cacheScope: 'private' } });
    expect(await read()).toMatchObject({ result: { contents: [{ text: '2' }] } });
  });
});
