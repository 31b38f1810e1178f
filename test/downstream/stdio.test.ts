import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { Endpoint } from '../../src/downstream/index.ts';
import { type JsonObject, type JsonValue, metaKey, notification } from '../../src/protocol/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeGateway, hubResult, legacyResult } from '../support/fake-gateway.ts';
import { ENVELOPE, initialize, legacy, until } from './harness.ts';

let gateway: FakeGateway;
let clock: FakeClock;
let endpoint: Endpoint;
let limits: { maxBodyBytes: number; sessionIdleTimeoutMs: number; maxSessions: number; shutdownTimeoutMs: number };
let server: Server;
const clients: Client[] = [];

beforeEach(async () => {
  gateway = new FakeGateway();
  clock = new FakeClock();
  limits = { maxBodyBytes: 10_000, sessionIdleTimeoutMs: 60_000, maxSessions: 1_000, shutdownTimeoutMs: 0 };
  const serverInfo = { name: 'test-hub', version: '9.9.9' };
  endpoint = new Endpoint({ gateway, clock, logger: silentLogger, serverInfo, limits: () => limits, messagesPath: '/messages' });
  server = createServer({ allowHalfOpen: true }, (socket) => endpoint.handleStream(socket, { kind: 'all' }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.resetAndDestroy();
  await new Promise((resolve) => server.close(resolve));
});

interface Client {
  readonly socket: Socket;
  readonly lines: JsonObject[];
  readonly ended: Promise<unknown>;
  say(message: JsonValue | string): void;
  /** Waits for a message that answers `id`, or `undefined` for one of that method. */
  answer(id: string | number | null): Promise<JsonObject>;
}

async function client(): Promise<Client> {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const lines: JsonObject[] = [];
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const parts = text.split('\n');
    text = parts.pop() ?? '';
    lines.push(...parts.map((part) => JSON.parse(part) as JsonObject));
  });
  socket.on('error', () => {
    // Expected where the hub drops the stream.
  });
  await once(socket, 'connect');
  const made: Client = {
    socket,
    lines,
    ended: new Promise((resolve) => socket.once('end', resolve).once('close', resolve)),
    say: (message) => void socket.write(typeof message === 'string' ? message : `${JSON.stringify(message)}\n`),
    async answer(id) {
      const found = (): JsonObject | undefined => lines.find((line) => line['id'] === id && !('method' in line));
      await until(() => found() !== undefined, `an answer to ${id}`);
      return found() ?? {};
    },
  };
  clients.push(made);
  return made;
}

const modern = (method: string, params: JsonObject = {}, id: string | number = 1, meta: JsonObject = {}): JsonObject => ({
  jsonrpc: '2.0',
  id,
  method,
  params: { ...params, _meta: { ...ENVELOPE, ...meta } },
});
const cancelled = (requestId: string | number): JsonObject => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});
const methods = ({ lines }: Client): unknown[] => lines.map((line) => line['method']);

/** A call that ends when the client takes it back. */
function hanging(): { readonly aborted: () => boolean } {
  let aborted = false;
  gateway.on('tools/call', ({ signal }) => {
    signal.addEventListener('abort', () => (aborted = true));
    return new Promise(() => {});
  });
  return { aborted: () => aborted };
}

describe('a legacy client', () => {
  it('shakes hands, calls, is notified and asked, all on one stream', async () => {
    const one = await client();
    one.say({
      ...initialize('2025-06-18'),
      params: { protocolVersion: '2025-06-18', clientInfo: { name: 'x' }, capabilities: { sampling: {} } },
    });
    expect((await one.answer(0))['result']).toMatchObject({ protocolVersion: '2025-06-18' });
    one.say(notification('notifications/initialized') as unknown as JsonObject);
    gateway.on('tools/call', async ({ notify, ask, signal }) => {
      notify(notification('notifications/progress', { progressToken: 'p', progress: 1 }));
      const outcome = await ask?.({ method: 'sampling/createMessage', params: { messages: [] } }, signal);
      return legacyResult({ content: [], said: outcome?.result ?? null });
    });
    one.say(legacy('tools/call', { name: 'a' }, 7));
    await until(() => methods(one).includes('sampling/createMessage'), 'the question');
    const question = one.lines.find((line) => line['method'] === 'sampling/createMessage');
    one.say({ jsonrpc: '2.0', id: question?.['id'] as number, result: { role: 'assistant' } });
    expect((await one.answer(7))['result']).toEqual({ content: [], said: { role: 'assistant' } });
    expect(methods(one).indexOf('notifications/progress')).toBeGreaterThan(0);
    gateway.feeds[0]?.send(notification('notifications/tools/list_changed'));
    await until(() => methods(one).includes('notifications/tools/list_changed'), 'the change');
    expect(endpoint.clientCount).toBe(1);
    one.socket.destroy();
    await until(() => endpoint.clientCount === 0 && gateway.openFeeds.length === 0, 'everything of it ends');
  });

  it('may send behind initialize without waiting, and gets no notification before its answer', async () => {
    let release: (() => void) | undefined;
    const discovered = new Promise<void>((resolve) => (release = resolve));
    gateway.on('server/discover', async () => {
      await discovered;
      return hubResult({ resultType: 'complete', capabilities: {} });
    });
    gateway.on('tools/list', () => hubResult({ tools: [] }));
    const one = await client();
    one.say(`${JSON.stringify(initialize())}\n${JSON.stringify(legacy('tools/list', {}, 1))}\n`);
    await until(() => gateway.calls.length === 1, 'the handshake');
    release?.();
    expect((await one.answer(1))['result']).toEqual({ tools: [] });
    expect(one.lines.map(({ id }) => id)).toEqual([0, 1]);
  });

  it('cancels with a notification and is not answered then', async () => {
    const call = hanging();
    const one = await client();
    one.say(initialize());
    await one.answer(0);
    one.say(legacy('tools/call', { name: 'a' }, 5));
    await until(() => gateway.calls.length === 2, 'the call');
    one.say(cancelled(5));
    await until(call.aborted, 'the abortion');
    one.say(legacy('ping', {}, 6));
    await one.answer(6);
    expect(one.lines.map(({ id }) => id)).toEqual([0, 6]);
  });

  it('sends batches where its revision has them', async () => {
    gateway.on('tools/list', () => hubResult({ tools: [] }));
    const batch = [legacy('ping', {}, 1), notification('notifications/initialized') as unknown as JsonObject, legacy('tools/list', {}, 2)];
    const old = await client();
    old.say(initialize('2025-03-26'));
    await old.answer(0);
    old.say(batch);
    await until(() => old.lines.length === 2, 'the answers');
    expect(old.lines[1]).toMatchObject([
      { id: 1, result: {} },
      { id: 2, result: { tools: [] } },
    ]);
    const newer = await client();
    newer.say(initialize());
    await newer.answer(0);
    newer.say(batch);
    expect(await newer.answer(null)).toMatchObject({ error: { code: -32600 } });
  });
});

describe('a client whose ids JavaScript cannot hold', () => {
  it.each(['legacy', 'modern'] as const)('takes back the request that it means (%s)', async (era) => {
    const { aborted } = hanging();
    const one = await client();
    if (era === 'legacy') one.say(initialize());
    const text = JSON.stringify(era === 'legacy' ? legacy('tools/call', { name: 'a' }, '@') : modern('tools/call', { name: 'a' }, '@'));
    const withDigits = (json: string, digits: string): string => `${json.replace('"@"', digits)}\n`;
    one.say(withDigits(text, '9007199254740993'));
    await until(() => gateway.calls.some(({ method }) => method === 'tools/call'), 'the call');
    one.say(withDigits(JSON.stringify(cancelled('@')), '9007199254740992'));
    one.say(modern('server/discover', {}, 'd'));
    await one.answer('d');
    expect(aborted()).toBe(false);
    one.say(withDigits(JSON.stringify(cancelled('@')), '9007199254740993'));
    await until(aborted, 'the end of the call');
  });
});

describe('a modern client', () => {
  it('needs no handshake and no headers, and gets the stamps of its revision', async () => {
    gateway.on('tools/call', ({ params }) => legacyResult({ content: [], for: params?.['name'] ?? null }));
    gateway.headers.set('a', [{ path: ['x'], header: 'X', type: 'string' } as never]);
    const one = await client();
    one.say(modern('server/discover', {}, 'd'));
    one.say(modern('tools/call', { name: 'a' }, 2));
    expect(await one.answer('d')).toMatchObject({ result: { supportedVersions: ['2026-07-28'] } });
    expect(await one.answer(2)).toMatchObject({ result: { for: 'a', resultType: 'complete', _meta: { [metaKey.serverInfo]: {} } } });
  });

  it.each([
    [modern('ping'), 1, -32601],
    [modern('initialize'), 1, -32601],
    [{ jsonrpc: '2.0', id: 3, method: 'tools/list', params: { _meta: { [metaKey.protocolVersion]: '2026-07-28' } } }, 3, -32602],
    [modern('tools/list', {}, 4, { [metaKey.protocolVersion]: '2030-01-01' }), 4, -32022],
    [modern('tools/list', {}, 5, { [metaKey.protocolVersion]: 5 }), 5, -32602],
    [modern('nobody/knows', {}, 6), 6, -32601],
    [[modern('tools/list')], null, -32600],
  ] as [JsonValue, number | null, number][])('is refused %j', async (message, id, code) => {
    const one = await client();
    one.say(message);
    expect(await one.answer(id)).toMatchObject({ error: { code } });
  });

  it('cancels with a notification, with an envelope or without, and hears no more of the request', async () => {
    const call = hanging();
    const one = await client();
    one.say(modern('tools/call', { name: 'a' }, 'x'));
    await until(() => gateway.calls.length === 1, 'the call');
    one.say(cancelled('x'));
    await until(call.aborted, 'the abortion');
    const again = hanging();
    one.say(modern('tools/call', { name: 'a' }, 'y'));
    await until(() => gateway.calls.length === 2, 'the second call');
    one.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'y', _meta: ENVELOPE } });
    await until(again.aborted, 'the second abortion');
    gateway.calls[1]?.notify(notification('notifications/progress', { progressToken: 1, progress: 1 }));
    one.say(modern('server/discover', {}, 'z'));
    await one.answer('z');
    expect(one.lines.map(({ id }) => id)).toEqual(['z']);
  });

  it('gets log messages only where it asked for them', async () => {
    gateway.on('tools/call', ({ notify }) => {
      notify(notification('notifications/message', { level: 'info', data: 'i' }));
      notify(notification('notifications/message', { level: 'error', data: 'e' }));
      return hubResult({ content: [] });
    });
    const one = await client();
    one.say(modern('tools/call', { name: 'a' }, 1));
    await one.answer(1);
    one.say(modern('tools/call', { name: 'a' }, 2, { [metaKey.logLevel]: 'error' }));
    await one.answer(2);
    expect(one.lines.map((line) => line['params'] ?? line['id'])).toEqual([1, { level: 'error', data: 'e' }, 2]);
  });

  it('listens: acknowledged first, tagged, apart from other listens, until it is cancelled', async () => {
    const one = await client();
    one.say(modern('subscriptions/listen', { notifications: { toolsListChanged: true, resourceSubscriptions: ['a:1', 'bad:2'] } }, 'l'));
    one.say(modern('subscriptions/listen', { notifications: { promptsListChanged: true } }, 2));
    await until(() => one.lines.length === 2, 'two acknowledgements');
    expect(one.lines.find((line) => idOf(line) === 'l')).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['a:1'] } },
    });
    expect(endpoint.clientCount).toBe(2);
    for (const feed of gateway.feeds) feed.send(notification('notifications/tools/list_changed'));
    for (const feed of gateway.feeds) feed.send(notification('notifications/prompts/list_changed'));
    await until(() => one.lines.length === 4, 'one each');
    expect(one.lines.slice(2).map((line) => [line['method'], idOf(line)])).toEqual([
      ['notifications/tools/list_changed', 'l'],
      ['notifications/prompts/list_changed', 2],
    ]);
    one.say(cancelled('l'));
    await until(() => gateway.openFeeds.length === 1, 'the feed ends');
    gateway.feeds[0]?.send(notification('notifications/tools/list_changed'));
    one.say(modern('subscriptions/listen', { notifications: 5 }, 3));
    expect(await one.answer(3)).toMatchObject({ error: { code: -32602 } });
    expect(one.lines).toHaveLength(5);
    one.socket.destroy();
    await until(() => gateway.openFeeds.length === 0 && endpoint.clientCount === 0, 'the other one ends with the stream');
  });
});

const idOf = (line: JsonObject): unknown => ((line['params'] as JsonObject)['_meta'] as JsonObject)[metaKey.subscriptionId];

describe('both eras', () => {
  it('go on one stream', async () => {
    gateway.on('tools/list', ({ downstream }) => hubResult({ tools: [], era: downstream.era }));
    const one = await client();
    one.say(initialize());
    await one.answer(0);
    one.say(legacy('tools/list', {}, 1));
    one.say(modern('tools/list', {}, 2));
    expect([await one.answer(1), await one.answer(2)]).toMatchObject([{ result: { era: 'legacy' } }, { result: { era: 'modern' } }]);
  });
});

describe('garbage', () => {
  it.each([
    ['half a message', '{"jsonrpc":"2.0","id":1,"method":\n', null, -32700],
    ['no JSON', 'nonsense\n', null, -32700],
    ['a number', '5\n', null, -32600],
    ['an empty batch', '[]\n', null, -32600],
    ['no JSON-RPC', '{"id":4,"method":"ping"}\n', 4, -32600],
    ['a request before the handshake', '{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n', 1, -32600],
    ['a line that is too long', `{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(10_000)}"}\n`, null, -32600],
    ['deep nesting', `${'['.repeat(600)}${']'.repeat(600)}\n`, null, -32600],
  ])('%s is answered, and the stream goes on', async (_, text, id, code) => {
    const one = await client();
    one.say(text);
    expect(await one.answer(id)).toMatchObject({ jsonrpc: '2.0', error: { code } });
    one.say(modern('server/discover', {}, 'after'));
    await one.answer('after');
    expect(one.lines).toHaveLength(2);
  });

  it('a line is too long by the setting as it is when it comes', async () => {
    const one = await client();
    const long = (id: number): JsonObject => modern('server/discover', { pad: 'x'.repeat(5_000) }, id);
    one.say(long(1));
    expect(await one.answer(1)).toHaveProperty('result');
    limits.maxBodyBytes = 1_000;
    one.say(long(2));
    expect(await one.answer(null)).toMatchObject({ error: { message: expect.stringContaining('1000 bytes') } });
  });

  it('that asks nothing is not answered: blank lines, notifications, answers to nothing', async () => {
    const one = await client();
    one.say('\n  \r\n');
    one.say({ jsonrpc: '2.0', method: 'notifications/x', params: { _meta: { [metaKey.protocolVersion]: '2031-01-01' } } });
    one.say({ jsonrpc: '2.0', method: 'notifications/x', params: [] });
    one.say({ jsonrpc: '2.0', id: 99, result: {} });
    one.say({ id: 98, result: 1 });
    one.say('{"jsonrpc":"2.0","id":1,"method":"ping"}\r\n');
    await one.answer(1);
    expect(one.lines).toHaveLength(1);
  });

  it('in pieces is put together', async () => {
    const one = await client();
    const bytes = Buffer.from(`${JSON.stringify(modern('server/discover', { note: 'ü€' }, 1))}\n`);
    for (let at = 0; at < bytes.length; at += 7) one.socket.write(bytes.subarray(at, at + 7));
    await one.answer(1);
    expect(gateway.calls[0]?.params?.['note']).toBe('ü€');
  });
});

describe('the end', () => {
  it('of the input: what was asked is answered, subscriptions end, then the stream', async () => {
    let release: (() => void) | undefined;
    const wait = new Promise<void>((resolve) => (release = resolve));
    gateway.on('tools/call', async () => {
      await wait;
      return hubResult({ content: [] });
    });
    const one = await client();
    one.say(modern('subscriptions/listen', { notifications: { toolsListChanged: true } }, 'l'));
    one.say(modern('tools/call', { name: 'a' }, 1));
    await until(() => one.lines.length === 1 && gateway.calls.length === 1, 'both are under way');
    one.socket.end();
    await until(() => gateway.openFeeds.length === 0, 'the subscription ends');
    release?.();
    await one.ended;
    expect(one.lines.map(({ id }) => id)).toEqual([undefined, 1]);
    await until(() => endpoint.clientCount === 0, 'it is forgotten');
    expect(clock.pending).toBe(0);
  });

  it('of the input with an answer that never comes: after ten seconds', async () => {
    const call = hanging();
    const one = await client();
    one.say(modern('tools/call', { name: 'a' }, 1));
    await until(() => gateway.calls.length === 1, 'the call');
    one.socket.end();
    await until(() => clock.pending === 1, 'the deadline');
    await clock.advance(10_000);
    await one.ended;
    expect(call.aborted()).toBe(true);
  });

  it('of the client takes back everything it asked for', async () => {
    const call = hanging();
    const one = await client();
    one.say(modern('tools/call', { name: 'a' }, 1));
    await until(() => gateway.calls.length === 1, 'the call');
    one.socket.resetAndDestroy();
    await until(call.aborted, 'the abortion');
    expect(endpoint.calls).toEqual({ running: 0, begun: 1 });
  });

  it('of the hub: calls and subscriptions are answered first', async () => {
    hanging();
    const one = await client();
    one.say(initialize());
    await one.answer(0);
    one.say(legacy('tools/call', { name: 'a' }, 1));
    one.say(modern('tools/call', { name: 'a' }, 2));
    one.say(modern('subscriptions/listen', { notifications: {} }, 3));
    await until(() => gateway.calls.length === 3 && one.lines.length === 2, 'all are under way');
    one.socket.once('end', () => one.socket.end());
    const closed = endpoint.close();
    expect(endpoint.streamRefusal(), 'at once, before the calls are answered').toMatchObject({ code: 'SHUTTING_DOWN' });
    await closed;
    await one.ended;
    for (const id of [1, 2]) expect(await one.answer(id)).toMatchObject({ error: { data: { code: 'SHUTTING_DOWN' } } });
    expect(await one.answer(3)).toMatchObject({ result: { resultType: 'complete' } });
  });

  it('of the hub, by force for a client that does not close its side', async () => {
    const one = await client();
    one.say(modern('server/discover'));
    await one.answer(1);
    const closed = endpoint.close();
    await until(() => clock.pending === 2, 'the grace');
    await clock.advance(1_000);
    await closed;
    expect(endpoint.clientCount).toBe(0);
  });
});

describe('a client that does not read', () => {
  it('is not read either, and is dropped when too much waits for it', async () => {
    const big = 'x'.repeat(1024 * 1024);
    gateway.on('tools/call', () => hubResult({ content: [], big }));
    const one = await client();
    one.socket.pause();
    for (let id = 0; id < 500; id += 1) one.say(modern('tools/call', { name: 'a' }, id));
    await until(() => gateway.calls.length > 0, 'the first calls');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { length } = gateway.calls;
    expect(length).toBeLessThan(500);
    for (let sent = 0; sent < 100; sent += 1) {
      gateway.calls[0]?.notify(notification('notifications/progress', { progressToken: 1, big }));
    }
    one.say(initialize());
    await until(() => endpoint.clientCount === 0, 'it is dropped');
  });

  it('goes on when it reads again', async () => {
    const big = 'x'.repeat(1024 * 1024);
    gateway.on('tools/call', () => hubResult({ content: [], big }));
    const one = await client();
    one.socket.pause();
    for (let id = 0; id < 40; id += 1) one.say(modern('tools/call', { name: 'a' }, id));
    await until(() => gateway.calls.length > 0, 'the first calls');
    one.socket.resume();
    await until(() => one.lines.length === 40, 'all answers');
    expect(new Set(one.lines.map(({ id }) => id)).size).toBe(40);
  });
});

it('serves so many requests of one client at once, and no more', async () => {
  hanging();
  const one = await client();
  for (let id = 0; id < 1_001; id += 1) one.say(modern('tools/call', { name: 'a' }, id));
  expect(await one.answer(1_000)).toMatchObject({ error: { data: { code: 'LIMIT_EXCEEDED' } } });
  expect(gateway.calls).toHaveLength(1_000);
});
