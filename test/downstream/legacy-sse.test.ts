import type { CancelSignal } from '../../src/base/index.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { notification } from '../../src/protocol/index.ts';
import { legacyResult } from '../support/fake-gateway.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Harness, initialize, legacy, modern, open, type Reading, send, startHarness, until } from './harness.ts';

let harness: Harness;
let clock: FakeClock;
beforeEach(async () => {
  clock = new FakeClock();
  harness = await startHarness({ clock });
});
afterEach(() => harness.close());

async function connect(path: string): Promise<{ stream: Reading; post: (body: object) => ReturnType<typeof send> }> {
  const stream = await open(`${harness.url}${path}`, { method: 'GET' });
  await until(() => stream.events.length === 1, 'the endpoint event');
  const endpoint = stream.events[0]?.data ?? '';
  return { stream, post: (body) => send(new URL(endpoint, harness.url).href, { body: body as never }) };
}
const last = ({ events }: Reading) => JSON.parse(events.at(-1)?.data ?? '');

it.each(['/mcp', '/sse', '/mcp/one'])('%s tells where to send messages and answers on the stream', async (path) => {
  const { stream, post } = await connect(path);
  expect(stream.events[0]).toMatchObject({ event: 'endpoint', data: expect.stringMatching(/^\/messages\?sessionId=[\x21-\x7e]+$/) });
  expect(harness.endpoint.clientCount).toBe(0);
  expect((await post(legacy('tools/list'))).status).toBe(202);
  await until(() => stream.events.length === 2, 'an answer');
  expect(last(stream)).toMatchObject({ id: 1, error: { code: -32600 } });
  const accepted = await post(initialize('2024-11-05'));
  expect([accepted.status, accepted.text]).toEqual([202, '']);
  await until(() => stream.events.length === 3, 'the handshake');
  expect(last(stream)).toMatchObject({ id: 0, result: { protocolVersion: '2024-11-05' } });
  expect(harness.endpoint.clientCount).toBe(1);
  harness.gateway.on('tools/call', (call) => {
    call.notify(notification('notifications/progress', { progressToken: 1, progress: 1 }));
    return legacyResult({ content: [] });
  });
  await post([legacy('tools/call', { name: 'a' }, 'x'), { jsonrpc: '2.0', method: 'notifications/initialized' }]);
  harness.gateway.feeds[0]?.send(notification('notifications/tools/list_changed'));
  await until(() => stream.events.length === 6, 'progress, result and change');
  expect(harness.gateway.calls.at(-1)?.scope).toEqual(path === '/mcp/one' ? { kind: 'server', id: 'one' } : { kind: 'all' });
  await post(initialize());
  await until(() => stream.events.length === 7, 'the refusal of a second handshake');
  expect(last(stream)).toMatchObject({ error: { code: -32600 } });
  stream.close();
  await until(() => harness.gateway.openFeeds.length === 0, 'the end of the session');
  expect(harness.gateway.feeds[0]?.disposals).toBe(1);
  expect(clock.pending).toBe(0);
});

it('takes running calls back when the stream closes', async () => {
  const { stream, post } = await connect('/mcp');
  let signal: CancelSignal | undefined;
  harness.gateway.on('tools/call', (call) => {
    signal = call.signal;
    return new Promise(() => {});
  });
  await post(initialize());
  await until(() => stream.events.length === 2, 'the handshake');
  await post(legacy('tools/call', { name: 'a' }));
  await until(() => signal !== undefined, 'the call');
  stream.close();
  await until(() => signal?.aborted === true, 'the cancellation');
  expect(harness.gateway.openFeeds).toHaveLength(0);
});

it('refuses messages for no stream, and of the modern era', async () => {
  const url = `${harness.url}/messages`;
  expect((await send(url, { body: legacy('ping') })).status).toBe(400);
  expect((await send(`${url}?sessionId=nope`, { body: legacy('ping') })).status).toBe(404);
  expect((await send(url, { method: 'GET' })).status).toBe(405);
  expect((await send(`${harness.url}/sse`, { method: 'PUT' })).status).toBe(405);
  expect((await send(`${harness.url}/sse`, { method: 'HEAD' })).status).toBe(200);
  const { stream, post } = await connect('/sse');
  expect((await post(modern('tools/list').body as object)).json).toMatchObject({ error: { code: -32600 } });
  stream.close();
});

it('leaves nothing behind after a thousand connections', async () => {
  let cleanups = 0;
  for (let batch = 0; batch < 100; batch += 1) {
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const { stream, post } = await connect('/mcp');
        await post(initialize());
        await until(() => stream.events.length === 2, 'the handshake');
        stream.close();
      }),
    );
  }
  await until(() => harness.gateway.openFeeds.length === 0, 'every feed is disposed of');
  for (const { disposals } of harness.gateway.feeds) cleanups += disposals;
  expect(cleanups).toBe(1000);
  expect(harness.endpoint.clientCount).toBe(0);
  expect(clock.pending).toBe(0);
}, 60_000);

it('ends its streams when the hub stops', async () => {
  const { stream, post } = await connect('/sse');
  harness.gateway.on('tools/call', () => new Promise(() => {}));
  await post(initialize());
  await until(() => stream.events.length === 2, 'the handshake');
  await post(legacy('tools/call', { name: 'a' }));
  await until(() => harness.gateway.calls.length === 2, 'the call');
  await harness.endpoint.close();
  await stream.ended;
  expect(last(stream)).toMatchObject({ id: 1, error: { data: { code: 'SHUTTING_DOWN' } } });
});
