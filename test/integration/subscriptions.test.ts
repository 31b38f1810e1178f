import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import { connectClient } from '../support/era-pairs.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';

let hub: RunningHub | undefined;
afterEach(async () => {
  await hub?.stop();
  hub = undefined;
});

async function start(limits: object): Promise<RunningHub> {
  hub = await runHub({ mcpServers: { s: { ...fixture('subscribable.mjs'), ...limits } } });
  return hub;
}

async function statusOf({ origin }: RunningHub): Promise<unknown> {
  const { servers } = (await (await fetch(`${origin}/api/servers`)).json()) as { servers: { status: string; stopReason: string | null }[] };
  return servers[0] && [servers[0].status, servers[0].stopReason];
}

const post = ({ origin }: RunningHub, path: string): Promise<Response> =>
  fetch(`${origin}/api/servers/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ server_name: 's' }),
  });

const asleep = (running: RunningHub): Promise<void> =>
  eventually(async () => expect(await statusOf(running)).toEqual(['disconnected', 'idle']));

/** How many subscriptions the server has. */
async function taken(client: Client): Promise<unknown> {
  return (await client.callTool({ name: 's__subscriptions', arguments: {} })).content;
}

describe('a subscription at a server that sleeps', () => {
  it('of a legacy client wakes it and keeps it awake', async () => {
    const running = await start({ idleTimeout: 300 });
    await asleep(running);
    const { client, close } = await connectClient(running.url, 'legacy');
    await client.subscribeResource({ uri: 'test://here' });
    expect(await statusOf(running)).toEqual(['connected', null]);
    expect(await taken(client)).toEqual([{ type: 'text', text: '1' }]);
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(await statusOf(running)).toEqual(['connected', null]);
    await close();
    await asleep(running);
  });

  it('of a modern client wakes it, and is acknowledged when it stands', async () => {
    const running = await start({ idleTimeout: 300 });
    await asleep(running);
    const { client, close } = await connectClient(running.url, 'modern');
    const { honoredFilter } = await client.listen({ resourceSubscriptions: ['test://here', 'test://refused'] });
    expect(honoredFilter).toEqual({ resourceSubscriptions: ['test://here'] });
    expect(await taken(client)).toEqual([{ type: 'text', text: '1' }]);
    await close();
    await asleep(running);
  });
});

describe('a subscription that its server refuses', () => {
  it('is refused to the client in the same words, and keeps nothing awake', async () => {
    const running = await start({ idleTimeout: 500 });
    const [legacy, modern] = await Promise.all([connectClient(running.url, 'legacy'), connectClient(running.url, 'modern')]);
    await legacy.client.listResources();
    await expect(legacy.client.subscribeResource({ uri: 'test://refused' })).rejects.toMatchObject({
      code: -32603,
      message: expect.stringContaining('Nobody can watch this'),
    });
    const { honoredFilter } = await modern.client.listen({ resourceSubscriptions: ['test://refused'] });
    expect(honoredFilter).toEqual({ resourceSubscriptions: [] });
    await asleep(running);
    await Promise.all([legacy.close(), modern.close()]);
  });
});

describe('a subscription at a server that was stopped', () => {
  it('is an error to a legacy client, and waits for the server when a modern one asks', async () => {
    const running = await start({});
    const told: string[] = [];
    const legacy = await connectClient(running.url, 'legacy');
    await legacy.client.listResources();
    const modern = new Client({ name: 'pairs', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    modern.setNotificationHandler('notifications/resources/updated', ({ params }) => void told.push(params.uri));
    await modern.connect(new StreamableHTTPClientTransport(new URL(running.url)));
    const { honoredFilter } = await modern.listen({ resourceSubscriptions: ['test://here'] });
    expect(honoredFilter).toEqual({ resourceSubscriptions: ['test://here'] });
    await post(running, 'stop?disable=false');
    await expect(legacy.client.subscribeResource({ uri: 'test://here' })).rejects.toThrow(/test:\/\/here|stopped/);
    await post(running, 'start');
    await eventually(() => expect(told).toEqual(['test://here']));
    expect(await taken(legacy.client)).toEqual([{ type: 'text', text: '1' }]);
    await Promise.all([legacy.close(), modern.close()]);
  });
});
