import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isKnown, weakTag } from '../../src/http/api/etag.ts';
import { routes } from '../../src/http/api/routes.ts';
import { type ApiHarness, type ApiReply, api, startApi } from './api-harness.ts';

let harness: ApiHarness;
beforeEach(async () => {
  harness = await startApi();
});
afterEach(() => harness.close());

const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<ApiReply> =>
  api(harness.url + path, { method, headers });

const lists = routes.filter(({ ifNoneMatch }) => ifNoneMatch).map(({ path }) => path.replace(':name', 'time'));

describe('an answer that a client has already', () => {
  it.each(lists)('%s is not sent again', async (path) => {
    const first = await get(path);
    const tag = String(first.headers.etag);
    expect([first.status, tag]).toEqual([200, expect.stringMatching(/^W\/"[\w-]{27}"$/)]);
    for (const method of ['GET', 'HEAD']) {
      const again = await get(path, { 'if-none-match': tag }, method);
      expect([again.status, again.headers.etag, again.text]).toEqual([304, tag, '']);
    }
    expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('is sent again when there is something new in it', async () => {
    const { etag } = (await get('/api/servers')).headers;
    await api(`${harness.url}/api/servers/stop`, { method: 'POST', body: { server_name: 'time' } });
    const after = await get('/api/servers', { 'if-none-match': String(etag) });
    expect([after.status, after.headers.etag === etag]).toEqual([200, false]);
  });
});

it.each([
  [undefined, false],
  ['*', true],
  [weakTag('a'), true],
  [weakTag('a').slice(2), true],
  [`"x", ${weakTag('a')}`, true],
  [weakTag('b'), false],
  ['', false],
])('If-None-Match: %s knows it: %s', (header, known) => {
  expect(isKnown(weakTag('a'), header)).toBe(known);
});
