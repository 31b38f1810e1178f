import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NotificationMessage } from '../../../src/protocol/index.ts';
import { type ModernHttpFixture, startModernHttp, tool } from '../../fixtures/http/modern-http.ts';
import { eventually } from '../../support/eventually.ts';
import { connectTo, type Recorded, remoteLaunch, toolCall } from '../../support/remote.ts';

describe('a modern server over HTTP', () => {
  let server: ModernHttpFixture;
  let recorded: Recorded;

  beforeEach(async () => {
    server = await startModernHttp();
    recorded = await connectTo(remoteLaunch(server.url));
  });

  afterEach(async () => {
    await recorded.connection.close();
    await server.close();
  });

  const lastCall = (): ModernHttpFixture['seen'][number] | undefined => server.seen.findLast(({ body }) => body['method'] === 'tools/call');
  const methods = (): unknown[] => server.seen.map(({ body }) => body['method']);

  it('is recognised by its answer to the probe', () => {
    expect(recorded.connection.identity).toMatchObject({
      era: 'modern',
      protocolVersion: '2026-07-28',
      serverInfo: { name: 'modern-fixture', version: '2.0.0' },
      instructions: 'Be modern.',
    });
    expect(methods()).not.toContain('initialize');
  });

  it('fails the call whose answer is over maxMessageSize, with the name of the setting, and no other', async () => {
    const { connection } = await connectTo({ ...remoteLaunch(server.url), maxMessageBytes: 20_000 });
    const call = (length: number) =>
      connection.request(toolCall('echo', { params: { name: 'echo', arguments: { text: 'x'.repeat(length) } } }));
    const [small, large] = await Promise.allSettled([call(1_000), call(50_000)]);
    expect(small).toMatchObject({ status: 'fulfilled' });
    expect(large).toMatchObject({
      status: 'rejected',
      reason: { code: 'UPSTREAM_PROTOCOL', message: expect.stringContaining('raise "maxMessageSize"') },
    });
    expect(await call(2_000)).toMatchObject({ outcome: { result: expect.anything() } });
    await connection.close();
  });

  it('keeps the cache hints', () => {
    expect(recorded.connection.listHint('tools')).toEqual({ ttlMs: expect.any(Number), cacheScope: 'public' });
    expect(recorded.connection.listHint('resources')).toEqual({ ttlMs: expect.any(Number), cacheScope: 'private' });
    expect(recorded.connection.listHint('prompts')).toBeUndefined();
  });

  it('stamps the envelope: the client as far as it may be told, the version of the server', async () => {
    const origin = {
      principalId: 'local',
      era: 'modern',
      clientInfo: { name: 'c', version: '1' },
      clientCapabilities: { elicitation: {} },
      logLevel: 'info',
    } as const;
    const params = { name: 'echo', _meta: { traceparent: 't', 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } };
    await recorded.connection.request(toolCall('echo', { params, origin }));
    expect(lastCall()?.body['params']).toEqual({
      name: 'echo',
      arguments: {},
      _meta: {
        traceparent: 't',
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
        'io.modelcontextprotocol/logLevel': 'info',
      },
    });
    expect(lastCall()?.headers).toMatchObject({ 'mcp-method': 'tools/call', 'mcp-name': 'echo', 'mcp-protocol-version': '2026-07-28' });
  });

  it('mirrors declared arguments into headers', async () => {
    await recorded.connection.request(toolCall('routed', { params: { name: 'routed', arguments: { region: 'Köln' } } }));
    expect(lastCall()?.headers['mcp-param-region']).toBe('=?base64?S8O2bG4=?=');
  });

  it('delivers an error that comes with HTTP 404 as the answer that it is', async () => {
    const { outcome } = await recorded.connection.request({ ...toolCall('x'), method: 'no/such' });
    expect(outcome.error?.code).toBe(-32601);
  });

  it('leads progress to its request', async () => {
    const told: NotificationMessage[] = [];
    const params = { name: 'echo', _meta: { progressToken: 'mine' } };
    await recorded.connection.request(toolCall('echo', { params, onNotification: (message) => void told.push(message) }));
    expect(told.map((message) => message.params?.['progressToken'])).toEqual(['mine']);
  });

  it('cancels by closing the stream, without a notification', async () => {
    const aborter = new AbortController();
    const call = recorded.connection.request(
      toolCall('slow', { signal: aborter.signal, params: { name: 'slow', _meta: { progressToken: 1 } } }),
    );
    await eventually(() => expect(lastCall()).toBeDefined());
    aborter.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await eventually(() => expect(server.cancelled.count).toBe(1));
    expect(methods()).not.toContain('notifications/cancelled');
  });

  it('listens for changes', async () => {
    server.tools = [tool('fresh')];
    server.toolsChanged();
    await eventually(() => expect(recorded.listings).toHaveLength(1));
    expect(recorded.connection.listing.items.tools.map(({ name }) => name)).toEqual(['fresh']);
  });

  it('listens for wanted resources by a new subscription', async () => {
    await recorded.connection.setSubscribedResources(new Set(['test://a']));
    const listens = server.seen.filter(({ body }) => body['method'] === 'subscriptions/listen').map(({ body }) => body['params']);
    expect(listens).toMatchObject([
      { notifications: { toolsListChanged: true, resourcesListChanged: true } },
      { notifications: { toolsListChanged: true, resourcesListChanged: true, resourceSubscriptions: ['test://a'] } },
    ]);
    server.resourceUpdated('test://a');
    await eventually(() => expect(recorded.updated).toEqual(['test://a']));
    server.toolsChanged();
    await eventually(() => expect(methods().filter((method) => method === 'tools/list')).toHaveLength(2));
  });
});

describe('a modern server with tools that cannot be mirrored', () => {
  it('leaves them out with a warning', async () => {
    const server = await startModernHttp();
    server.tools = [tool('good'), tool('bad', { a: { type: 'number', 'x-mcp-header': 'A' } })];
    const { connection, records } = await connectTo(remoteLaunch(server.url));
    expect(connection.listing.items.tools.map(({ name }) => name)).toEqual(['good']);
    expect(records.find(({ type }) => type === 'warn')?.message).toContain('the tool "bad"');
    await connection.close();
    await server.close();
  });
});
