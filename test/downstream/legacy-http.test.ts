import type { CancelSignal } from '../../src/base/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notification } from '../../src/protocol/index.ts';
import { failure, type FakeFeed, hubResult, legacyResult, modernResult } from '../support/fake-gateway.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Harness, initialize, legacy, modern, open, send, startHarness, startSession, until } from './harness.ts';

let harness: Harness;
let clock: FakeClock;
let mcp: string;
beforeEach(async () => {
  clock = new FakeClock();
  harness = await startHarness({ clock, sessionIdleTimeoutMs: 60_000 });
  mcp = `${harness.url}/mcp`;
});
afterEach(() => harness.close());

const within = (id: string, more: Record<string, string> = {}) => ({ headers: { 'mcp-session-id': id, ...more } });
const feed = (): FakeFeed => harness.gateway.feeds[0] as FakeFeed;
const GET = { method: 'GET' };

describe('initialize', () => {
  it.each([
    ['2024-11-05', '2024-11-05'],
    ['2025-03-26', '2025-03-26'],
    ['2025-06-18', '2025-06-18'],
    ['2025-11-25', '2025-11-25'],
    ['1999-01-01', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
  ])('%s is answered with %s', async (asked, answered) => {
    const reply = await send(mcp, { body: initialize(asked) });
    expect(reply.status).toBe(200);
    expect(reply.headers['mcp-session-id']).toMatch(/^[\x21-\x7e]{20,}$/);
    expect(reply.json['result']).toMatchObject({ protocolVersion: answered, instructions: 'Be kind.', serverInfo: { name: 'fake-hub' } });
    expect(reply.json['result']).not.toHaveProperty('resultType');
  });

  it('leaves no session behind when it fails', async () => {
    harness.gateway.on('server/discover', () => failure('hub', -32603, 'down'));
    const reply = await send(mcp, { body: initialize() });
    expect(reply.json).toMatchObject({ id: 0, error: { code: -32603 } });
    expect(reply.headers['mcp-session-id']).toBeUndefined();
    expect(harness.endpoint.clientCount).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('is refused under a modern header', async () => {
    const reply = await send(mcp, { headers: { 'mcp-protocol-version': '2026-07-28' }, body: initialize() });
    expect([reply.status, reply.json]).toMatchObject([400, { error: { code: -32020 } }]);
  });

  it('is answered as a stream where nothing else is accepted', async () => {
    const reply = await send(mcp, { headers: { accept: 'text/event-stream' }, body: initialize() });
    expect(reply.events).toMatchObject([{ id: 0, result: {} }]);
    expect(reply.headers['mcp-session-id']).toBeDefined();
  });
});

describe('a session', () => {
  it('is asked for, and looked up', async () => {
    const missing = await send(mcp, { body: legacy('tools/list') });
    expect([missing.status, missing.json]).toMatchObject([400, { id: 1, error: { code: -32600 } }]);
    const unknown = await send(mcp, { ...within('nope'), body: legacy('tools/list') });
    expect([unknown.status, unknown.json]).toMatchObject([404, { id: 1, error: { message: expect.stringContaining('initialize') } }]);
    const probe = await send(mcp, { body: legacy('server/discover') });
    expect(probe.status).toBe(400);
    expect(harness.endpoint.clientCount).toBe(0);
  });

  it('belongs to its endpoint', async () => {
    const id = await startSession(`${harness.url}/mcp/one`);
    expect((await send(mcp, { ...within(id), body: legacy('ping') })).status).toBe(404);
    expect((await send(`${harness.url}/mcp/one`, { ...within(id), body: legacy('ping') })).status).toBe(200);
  });

  it('ends with DELETE', async () => {
    const id = await startSession(mcp);
    expect((await send(mcp, { method: 'DELETE' })).status).toBe(400);
    expect((await send(mcp, { ...within(id), method: 'DELETE' })).status).toBe(204);
    expect((await send(mcp, { ...within(id), method: 'DELETE' })).status).toBe(404);
    expect((await send(mcp, { ...within(id), body: legacy('ping') })).status).toBe(404);
    expect(feed().disposals).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('that ends leaves no request without an answer', async () => {
    const id = await startSession(mcp);
    harness.gateway.on('tools/call', () => new Promise(() => {}));
    const calls = harness.gateway.calls.length;
    const reply = send(mcp, { ...within(id), body: legacy('tools/call', { name: 'a' }, 7) });
    await until(() => harness.gateway.calls.length > calls, 'the call');
    await send(mcp, { ...within(id), method: 'DELETE' });
    const { status, json } = await reply;
    expect([status, json]).toMatchObject([404, { id: 7, error: { code: -32600 } }]);
  });

  it('checks the version header', async () => {
    const id = await startSession(mcp);
    const ask = (version: string) => send(mcp, { ...within(id, { 'mcp-protocol-version': version }), body: legacy('ping') });
    expect((await ask('2025-11-25')).status).toBe(200);
    expect((await ask('nonsense')).status).toBe(400);
    expect((await ask('2026-07-28')).json).toMatchObject({ error: { code: -32602 } });
  });

  it('expires when idle, but not while it listens or waits', async () => {
    const [idle, listening, waiting] = await Promise.all([startSession(mcp), startSession(mcp), startSession(mcp)]);
    let finish = (): void => {};
    harness.gateway.on('tools/call', async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return legacyResult({ content: [] });
    });
    const stream = await open(mcp, { ...within(listening), ...GET });
    const call = send(mcp, { ...within(waiting), body: legacy('tools/call', { name: 'a' }) });
    await until(() => harness.gateway.calls.some(({ method }) => method === 'tools/call'), 'the call');
    await clock.advance(59_000);
    expect(harness.endpoint.clientCount).toBe(3);
    await clock.advance(61_000);
    expect(harness.endpoint.clientCount).toBe(2);
    expect((await send(mcp, { ...within(idle), body: legacy('ping') })).status).toBe(404);
    finish();
    await call;
    stream.close();
    await stream.ended;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.advance(120_000);
    expect(harness.endpoint.clientCount).toBe(0);
    expect(harness.gateway.openFeeds).toHaveLength(0);
  });

  it('is one of a thousand at most; the idle-stalest goes', async () => {
    const first = await startSession(mcp);
    await clock.advance(1);
    for (let batch = 0; batch < 100; batch += 1) await Promise.all(Array.from({ length: 10 }, () => startSession(mcp)));
    expect(harness.endpoint.clientCount).toBe(1000);
    expect(harness.gateway.openFeeds).toHaveLength(1000);
    expect((await send(mcp, { ...within(first), body: legacy('ping') })).status).toBe(404);
  }, 60_000);
});

describe('the stream of a session', () => {
  it('gets what belongs to no call, also what came before it was opened', async () => {
    const id = await startSession(mcp);
    feed().send(notification('notifications/tools/list_changed'));
    feed().send(notification('notifications/tools/list_changed'));
    const stream = await open(mcp, { ...within(id), ...GET });
    feed().send(notification('notifications/message', { level: 'info', data: 1 }));
    await until(() => stream.events.length === 2, 'both notifications');
    expect(stream.events.map(({ data }) => JSON.parse(data).method)).toEqual(['notifications/tools/list_changed', 'notifications/message']);
    expect((await send(mcp, { ...within(id), ...GET })).status).toBe(409);
    expect((await send(mcp, { headers: { ...within(id).headers, accept: 'application/json' }, ...GET })).status).toBe(406);
    stream.close();
    await until(() => harness.endpoint.clientCount === 1, 'the session is still there');
    let again = await send(mcp, { ...within(id), method: 'DELETE' });
    expect(again.status).toBe(204);
    again = await send(mcp, { ...within(id), ...GET });
    expect(again.status).toBe(404);
  });

  it('ends when the session or the hub does', async () => {
    const [one, two] = await Promise.all([startSession(mcp), startSession(mcp)]);
    const first = await open(mcp, { ...within(one), ...GET });
    const second = await open(mcp, { ...within(two), ...GET });
    await send(mcp, { ...within(one), method: 'DELETE' });
    await first.ended;
    await harness.endpoint.close();
    await second.ended;
    expect(clock.pending).toBe(0);
  });
});

describe('requests', () => {
  let id: string;
  const ask = (method: string, params = {}) => send(mcp, { ...within(id), body: legacy(method, params) });
  beforeEach(async () => {
    id = await startSession(mcp);
  });

  it('of which it wants no answer go on when they are not about the session', async () => {
    for (const method of ['initialized', 'cancelled', 'progress', 'roots/list_changed', 'example/custom']) {
      const { id: _id, ...notification } = legacy(`notifications/${method}`, { n: 1 });
      expect((await send(mcp, { ...within(id), body: notification })).status).toBe(202);
    }
    expect(harness.gateway.notifications).toMatchObject([{ method: 'notifications/example/custom', params: { n: 1 } }]);
  });

  it('the hub answers itself', async () => {
    expect((await ask('ping')).json).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect((await ask('logging/setLevel', { level: 'loud' })).json).toMatchObject({ error: { code: -32602 } });
    expect((await ask('logging/setLevel', { level: 'error' })).json).toMatchObject({ result: {} });
    expect(feed().level).toBe('error');
    expect((await ask('resources/subscribe', { uri: 'a:1' })).json).toMatchObject({ result: {} });
    expect([...feed().subscribed]).toEqual(['a:1']);
    expect((await ask('resources/unsubscribe', { uri: 'a:1' })).json).toMatchObject({ result: {} });
    expect(feed().subscribed.size).toBe(0);
    expect((await ask('resources/subscribe', { uri: 'bad:1' })).json).toMatchObject({ error: { code: -32002 } });
    expect((await ask('resources/subscribe', {})).json).toMatchObject({ error: { code: -32602 } });
    expect((await ask('server/discover')).json).toMatchObject({ error: { code: -32601 } });
    expect((await ask('initialize')).headers['mcp-session-id']).not.toBe(id);
  });

  it('an unknown method is an answer, not a status', async () => {
    const reply = await ask('foo/bar');
    expect([reply.status, reply.json]).toMatchObject([200, { error: { code: -32601 } }]);
  });

  it('carry what the session knows of its client', async () => {
    await ask('logging/setLevel', { level: 'error' });
    await ask('tools/list', { cursor: '' });
    expect(harness.gateway.calls.at(-1)).toMatchObject({
      method: 'tools/list',
      params: { cursor: '' },
      downstream: { era: 'legacy', protocolVersion: '2025-11-25', clientInfo: { name: 'test' }, logLevel: 'error' },
    });
  });

  it('get results in the shape of their revision', async () => {
    harness.gateway.on('tools/list', () =>
      hubResult({
        resultType: 'complete',
        ttlMs: 5,
        cacheScope: 'public',
        tools: [{ name: 'a' }],
      }),
    );
    expect((await ask('tools/list')).json['result']).toEqual({ tools: [{ name: 'a' }] });
    harness.gateway.on('tools/call', () => modernResult({ resultType: 'complete', content: [], structuredContent: [1] }));
    expect((await ask('tools/call', { name: 'a' })).json['result']).toEqual({ content: [], structuredContent: { result: [1] } });
    harness.gateway.on('tools/call', () => modernResult({ resultType: 'input_required', inputRequests: {} }));
    expect((await ask('tools/call', { name: 'a' })).json['result']).toMatchObject({ isError: true });
    harness.gateway.on('prompts/get', () => modernResult({ resultType: 'input_required', inputRequests: {} }));
    expect((await ask('prompts/get', { name: 'a' })).json['error']).toMatchObject({ code: -32603 });
    harness.gateway.on('resources/read', () => failure('modern', -32602, 'no', { uri: 'x:1' }));
    expect((await ask('resources/read', { uri: 'x:1' })).json['error']).toMatchObject({ code: -32002 });
    harness.gateway.on('resources/read', () => failure('modern', -32602, 'bad cursor'));
    expect((await ask('resources/read', { uri: 'x:1' })).json['error']).toMatchObject({ code: -32602 });
    harness.gateway.on('tools/call', () => legacyResult({ resultType: 'odd', ttlMs: 1, structuredContent: [1] }));
    expect((await ask('tools/call', { name: 'a' })).json['result']).toEqual({ resultType: 'odd', ttlMs: 1, structuredContent: [1] });
  });

  it('stream what comes before the result, and filter log messages by the level set', async () => {
    harness.gateway.on('tools/call', (call) => {
      call.notify(notification('notifications/progress', { progressToken: 1, progress: 1 }));
      call.notify(notification('notifications/message', { level: 'info', data: 1 }));
      return legacyResult({ content: [] });
    });
    expect((await ask('tools/call', { name: 'a' })).events).toHaveLength(3);
    await ask('logging/setLevel', { level: 'error' });
    expect((await ask('tools/call', { name: 'a' })).events.map(({ method }) => method)).toEqual(['notifications/progress', undefined]);
  });

  it('become a kept-alive stream when they take long', async () => {
    let finish = (): void => {};
    harness.gateway.on('tools/call', async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return legacyResult({ content: [] });
    });
    const opening = open(mcp, { ...within(id), body: legacy('tools/call', { name: 'a' }) });
    await until(() => harness.gateway.calls.at(-1)?.method === 'tools/call', 'the call');
    await clock.advance(1_000);
    const stream = await opening;
    await clock.advance(30_000);
    await until(() => stream.comments.length === 3, 'keep-alives');
    finish();
    await stream.ended;
    expect(JSON.parse(stream.events[0]?.data ?? '')).toMatchObject({ id: 1, result: { content: [] } });
  });

  it('are cancelled by a notification, not by a disconnect', async () => {
    const signals: CancelSignal[] = [];
    harness.gateway.on('tools/call', (call) => {
      signals.push(call.signal);
      call.notify(notification('notifications/progress', { progressToken: 1, progress: 1 }));
      return new Promise(() => {});
    });
    const left = await open(mcp, { ...within(id), body: legacy('tools/call', { name: 'a' }, 5) });
    left.close();
    const stayed = await open(mcp, { ...within(id), body: legacy('tools/call', { name: 'a' }, 6) });
    const cancelled = notification('notifications/cancelled', { requestId: 6 });
    expect((await send(mcp, { ...within(id), body: cancelled as never })).status).toBe(202);
    await stayed.ended;
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
    expect(stayed.events).toHaveLength(1);
  });

  it('take responses and notifications with 202', async () => {
    expect((await send(mcp, { ...within(id), body: { jsonrpc: '2.0', method: 'notifications/initialized' } })).status).toBe(202);
    expect((await send(mcp, { ...within(id), body: { jsonrpc: '2.0', id: 1, result: {} } })).status).toBe(202);
  });
});

describe('batches', () => {
  const batch = [legacy('ping', {}, 1), { jsonrpc: '2.0', method: 'notifications/initialized' }, legacy('tools/list', {}, 'b')];

  it('are answered in the revisions that had them', async () => {
    harness.gateway.on('tools/list', () => hubResult({ tools: [] }));
    const id = await startSession(mcp, '2025-03-26');
    const reply = await send(mcp, { ...within(id), body: batch });
    expect(JSON.parse(reply.text)).toEqual([
      { jsonrpc: '2.0', id: 1, result: {} },
      { jsonrpc: '2.0', id: 'b', result: { tools: [] } },
    ]);
    harness.gateway.on('tools/list', async (call) => {
      await new Promise((resolve) => setImmediate(resolve));
      call.notify(notification('notifications/progress', { progressToken: 1, progress: 1 }));
      return hubResult({ tools: [] });
    });
    const streamed = await send(mcp, { ...within(id), body: batch });
    expect(streamed.events.map((event) => event['id'])).toEqual([1, undefined, 'b']);
    expect((await send(mcp, { ...within(id), body: [{ jsonrpc: '2.0', method: 'notifications/initialized' }] })).status).toBe(202);
  });

  it('are refused in the others, and when they hold what they must not', async () => {
    const id = await startSession(mcp, '2025-11-25');
    expect((await send(mcp, { ...within(id), body: batch })).status).toBe(400);
    const old = await startSession(mcp, '2025-03-26');
    for (const body of [[], [initialize()], [{}], [modern('ping').body as never], Array.from({ length: 101 }, () => legacy('ping'))]) {
      expect((await send(mcp, { ...within(old), body })).status).toBe(400);
    }
  });
});
