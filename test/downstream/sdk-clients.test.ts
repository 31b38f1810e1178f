import {
  Client as ModernSdk,
  SSEClientTransport as ModernSse,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { Client as OldSdk } from 'sdk-v1/client';
import { SSEClientTransport as OldSse } from 'sdk-v1/client/sse.js';
import { StreamableHTTPClientTransport as OldHttp } from 'sdk-v1/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from 'sdk-v1/types.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notification, progressTokenOf } from '../../src/protocol/index.ts';
import { legacyResult } from '../support/fake-gateway.ts';
import { type Harness, startHarness, until } from './harness.ts';

let harness: Harness;
let mcp: URL;
beforeEach(async () => {
  harness = await startHarness();
  mcp = new URL(`${harness.url}/mcp`);
  harness.gateway
    .on('tools/list', () => legacyResult({ tools: [{ name: 'one__add', inputSchema: { type: 'object' } }] }))
    .on('tools/call', async (call) => {
      const token = progressTokenOf(call.params);
      if (token !== undefined) call.notify(notification('notifications/progress', { progressToken: token, progress: 1 }));
      // SDK 1 loses progress that arrives in one chunk with the result.
      await new Promise((resolve) => setTimeout(resolve, 20));
      return legacyResult({ content: [{ type: 'text', text: `${call.downstream.era} ${call.downstream.protocolVersion}` }] });
    });
});
afterEach(() => harness.close());

const INFO = { name: 'test', version: '1' };

describe('SDK 1', () => {
  it.each([
    ['Streamable HTTP', () => new OldHttp(mcp)],
    ['HTTP+SSE on /mcp', () => new OldSse(mcp)],
    ['HTTP+SSE on /sse', () => new OldSse(new URL(`${harness.url}/sse`))],
  ])('over %s', async (name, transport) => {
    const client = new OldSdk(INFO);
    let changes = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (changes += 1));
    // The SDK declares its own classes more loosely than this project checks its types.
    await client.connect(transport() as never);
    expect(client.getServerVersion()).toMatchObject({ name: 'fake-hub' });
    expect(client.getInstructions()).toBe('Be kind.');
    expect((await client.listTools()).tools).toHaveLength(1);
    let progress = 0;
    const result = await client.callTool({ name: 'one__add' }, undefined, { onprogress: () => void (progress += 1) });
    expect(result.content).toMatchObject([{ text: 'legacy 2025-11-25' }]);
    expect(progress).toBe(1);
    await client.ping();
    await client.setLoggingLevel('error');
    harness.gateway.feeds[0]?.send(notification('notifications/tools/list_changed'));
    await until(() => changes === 1, 'the change arrives');
    const { transport: live } = client;
    if (live instanceof OldHttp) await live.terminateSession();
    await client.close();
    await until(() => harness.endpoint.clientCount === 0, `${name} leaves nothing behind`);
    expect(harness.gateway.openFeeds).toHaveLength(0);
  });
});

describe('SDK 2', () => {
  it('in the handshake era', async () => {
    const client = new ModernSdk(INFO, { versionNegotiation: { mode: 'legacy' } });
    const transport = new ModernHttp(mcp);
    await client.connect(transport);
    expect((await client.listTools()).tools).toHaveLength(1);
    expect((await client.callTool({ name: 'one__add' })).content).toMatchObject([{ text: 'legacy 2025-11-25' }]);
    await transport.terminateSession();
    await client.close();
    expect(harness.endpoint.clientCount).toBe(0);
  });

  it('over HTTP+SSE', async () => {
    const client = new ModernSdk(INFO, { versionNegotiation: { mode: 'legacy' } });
    await client.connect(new ModernSse(mcp));
    expect((await client.listTools()).tools).toHaveLength(1);
    await client.close();
    await until(() => harness.gateway.openFeeds.length === 0, 'the session is gone');
  });

  it('in the modern era, found out by itself', async () => {
    const client = new ModernSdk(INFO, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new ModernHttp(mcp));
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    expect((await client.listTools()).tools).toHaveLength(1);
    let progress = 0;
    const result = await client.callTool({ name: 'one__add' }, { onprogress: () => void (progress += 1) });
    expect(result.content).toMatchObject([{ text: 'modern 2026-07-28' }]);
    expect(progress).toBe(1);
    let changes = 0;
    client.setNotificationHandler('notifications/tools/list_changed', () => void (changes += 1));
    const subscription = await client.listen({ toolsListChanged: true });
    expect(subscription.honoredFilter).toEqual({ toolsListChanged: true });
    harness.gateway.feeds[0]?.send(notification('notifications/tools/list_changed'));
    await until(() => changes === 1, 'the change arrives');
    await harness.endpoint.close();
    expect(await subscription.closed).toBe('graceful');
    await client.close();
  });
});
