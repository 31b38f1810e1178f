import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialize, legacy, send } from '../downstream/harness.ts';
import { at } from '../support/era-pairs.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { RawClient } from '../support/raw-client.ts';

let hub: RunningHub;
beforeAll(async () => {
  hub = await runHub({ mcpServers: { every: fixture('every-content.mjs') } });
  await (await RawClient.connect(hub.url, 'modern')).request('tools/list');
});
afterAll(() => hub.stop());

/**
 * What a client of each handshake revision gets to see. Fields of later revisions are left where they are: every
 * revision has its receivers ignore what they do not know, and a client may know more than the revision it speaks.
 */
describe.each([
  { version: '2024-11-05', batches: true },
  { version: '2025-03-26', batches: true },
  { version: '2025-06-18', batches: false },
  { version: '2025-11-25', batches: false },
])('a client of $version', ({ version, batches }) => {
  let headers: Record<string, string>;
  beforeAll(async () => {
    const reply = await send(hub.url, { body: initialize(version) });
    expect(at(reply.json, 'result', 'protocolVersion')).toBe(version);
    expect(reply.headers['mcp-session-id']).toMatch(/^[\x21-\x7e]+$/);
    for (const field of ['resultType', 'ttlMs', 'cacheScope', 'supportedVersions']) expect(at(reply.json, 'result', field)).toBeUndefined();
    // The header is of 2025-06-18 and later; older clients do not send it.
    headers = { 'mcp-session-id': String(reply.headers['mcp-session-id']), ...(!batches && { 'mcp-protocol-version': version }) };
    const { id: _id, ...initialized } = legacy('notifications/initialized');
    expect((await send(hub.url, { headers, body: initialized })).status).toBe(202);
  });

  const ask = async (method: string, params = {}): Promise<unknown> => {
    const { json, events } = await send(hub.url, { headers, body: legacy(method, params, 'id') });
    const answer = events.at(-1) ?? json;
    expect(answer).toMatchObject({ jsonrpc: '2.0', id: 'id' });
    return answer['result'];
  };

  it('gets tools with every field that their server gave, and none of the modern era', async () => {
    expect(await ask('tools/list')).toEqual({
      tools: [
        {
          name: 'every__all',
          title: 'All of it',
          description: 'Gives everything.',
          inputSchema: { type: 'object', properties: {} },
          outputSchema: { type: 'object', properties: { n: { type: 'number' } } },
          annotations: { title: 'All', readOnlyHint: true },
          icons: [{ src: 'https://example.org/i.png', sizes: ['48x48'] }],
          _meta: { 'x/t': 1 },
        },
      ],
      _meta: expect.anything(),
    });
  });

  it('gets results with all their content', async () => {
    expect(await ask('tools/call', { name: 'every__all' })).toEqual({
      content: [
        {
          type: 'text',
          text: 'hello',
          annotations: { audience: ['user'], priority: 1, lastModified: '2025-01-01T00:00:00Z' },
          _meta: { 'x/c': 1 },
        },
        { type: 'image', data: 'AA==', mimeType: 'image/png' },
        { type: 'audio', data: 'AA==', mimeType: 'audio/wav' },
        { type: 'resource_link', uri: 'test://link', name: 'link', title: 'Link', size: 3 },
        { type: 'resource', resource: { uri: 'test://embedded', text: 'inside', _meta: { 'x/r': 1 } } },
      ],
      structuredContent: { n: 1 },
      isError: false,
      _meta: { 'x/res': 1 },
      'x-future': true,
    });
  });

  it(`${batches ? 'may' : 'may not'} send batches`, async () => {
    const reply = await send(hub.url, { headers, body: [legacy('ping', {}, 1), legacy('ping', {}, 2)] });
    const answer = reply.status === 400 ? reply.json['id'] : JSON.parse(reply.text);
    expect(answer).toEqual(batches ? [1, 2].map((id) => ({ jsonrpc: '2.0', id, result: {} })) : null);
  });

  it('ends its session', async () => {
    const ended = await send(hub.url, { method: 'DELETE', headers });
    expect([ended.status, (await send(hub.url, { headers, body: legacy('ping') })).status]).toEqual([204, 404]);
  });
});
