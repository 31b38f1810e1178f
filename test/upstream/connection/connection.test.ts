import { describe, expect, it } from 'vitest';
import { isObject, type NotificationMessage, type RequestId, type RequestMessage } from '../../../src/protocol/index.ts';
import type { ConnectOptions } from '../../../src/upstream/connection/connect.ts';
import type { StdioLaunch } from '../../../src/upstream/index.ts';
import { HubError, Secret } from '../../../src/base/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { connectTo, toolCall } from '../../support/remote.ts';
import { type ScriptedReply, ScriptedTransport } from '../../support/scripted-transport.ts';

const launch: StdioLaunch = { kind: 'stdio', command: new Secret('x'), args: [], env: {}, label: 'x', redact: (text) => text };

const listed = { result: { tools: [{ name: 't' }], resources: [], resourceTemplates: [] } };
const legacy = (capabilities: object = { tools: {} }): Record<string, ScriptedReply> => ({
  'server/discover': { error: { code: -32601, message: 'unknown' } },
  initialize: { result: { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'l' } } },
  'tools/list': listed,
});
const modern = (
  capabilities: object = { tools: { listChanged: true }, resources: { subscribe: true } },
): Record<string, ScriptedReply> => ({
  'server/discover': { result: { supportedVersions: ['2026-07-28'], capabilities } },
  'tools/list': listed,
  'resources/list': listed,
  'resources/templates/list': listed,
});

/** A connection over one scripted stdio transport, on a clock that stands. */
async function connected(replies: Record<string, ScriptedReply>, overrides: Partial<ConnectOptions> = {}) {
  const clock = new FakeClock();
  const transport: ScriptedTransport = new ScriptedTransport({
    script: ({ method, id, params }) => {
      if (method === 'subscriptions/listen' && !replies[method]) {
        const filter = params?.['notifications'];
        const resourceSubscriptions = isObject(filter) ? filter['resourceSubscriptions'] : undefined;
        queueMicrotask(() => acknowledge(transport, id, { resourceSubscriptions }));
      }
      return replies[method] ?? 'silence';
    },
  });
  const recorded = await connectTo(launch, { clock, createStdioTransport: () => transport, requestTimeoutMs: () => 1_000, ...overrides });
  const ids = (method: string): number[] =>
    transport.sent.flatMap((message) => ('method' in message && 'id' in message && message.method === method ? [Number(message.id)] : []));
  const last = (method: string): RequestMessage | undefined =>
    transport.sent.findLast((message): message is RequestMessage => 'method' in message && 'id' in message && message.method === method);
  return { ...recorded, clock, transport, ids, last };
}

function acknowledge(transport: ScriptedTransport, id: RequestId, notifications: object = {}): void {
  const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
  transport.receive({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { _meta, notifications } });
}

const progress = (progressToken: unknown): object => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken, progress: 1 },
});
const log = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } };

describe('time limits', () => {
  it('keep nobody waiting for a server that is silent about its log level', async () => {
    const { connection, clock, ids } = await connected(legacy({ logging: {} }), { requestTimeoutMs: () => 300_000 });
    const failure = connection.setLogLevel('info').catch((error: unknown) => error);
    await clock.advance(5_000);
    expect(await failure).toMatchObject({ code: 'TIMEOUT' });
    expect(ids('logging/setLevel')).toHaveLength(1);
  });

  it('start again with progress, up to ten times the limit', async () => {
    const { connection, clock, transport, ids } = await connected(legacy());
    const call = connection.request(toolCall('t', { params: { name: 't', _meta: { progressToken: 'p' } } }));
    const failure = call.catch((error: unknown) => error);
    const [id] = ids('tools/call');
    for (let step = 0; step < 13; step += 1) {
      await clock.advance(800);
      transport.receive(progress(id));
    }
    expect(await failure).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('within 10000 ms') });
    expect(transport.sent.at(-1)).toMatchObject({ method: 'notifications/cancelled', params: { requestId: id } });
    expect(clock.pending).toBe(0);
    await connection.close();
  });

  it.each([
    ['not with progress when the call says so', { resetOnProgress: false }, 1_000],
    ['with progress as long as the call says', { resetOnProgress: true, maxTotalMs: 3_000 }, 3_000],
  ] as const)('start again %s', async (_, limits, limitMs) => {
    const { connection, clock, transport, ids } = await connected(legacy());
    const told: unknown[] = [];
    const params = { name: 't', _meta: { progressToken: 'p' } };
    const call = connection.request(toolCall('t', { params, ...limits, onNotification: (message) => void told.push(message) }));
    const failure = call.catch((error: unknown) => error);
    const [id] = ids('tools/call');
    for (let step = 0; step < 5; step += 1) {
      await clock.advance(800);
      transport.receive(progress(id));
    }
    expect(await failure).toMatchObject({ code: 'TIMEOUT', details: { timeoutMs: limitMs } });
    expect(told).toHaveLength(Math.floor(limitMs / 800));
    expect(clock.pending).toBe(0);
    await connection.close();
  });

  it('are what the config says when the request is made', async () => {
    let requestTimeoutMs = 1_000;
    const { connection, clock } = await connected(legacy(), { requestTimeoutMs: () => requestTimeoutMs });
    requestTimeoutMs = 3_000;
    const failure = connection.request(toolCall('t')).catch((error: unknown) => error);
    await clock.advance(2_999);
    expect(clock.pending).toBeGreaterThan(0);
    await clock.advance(1);
    expect(await failure).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('3000 ms') });
    await connection.close();
  });

  it('drop the late answer of a request that was taken back', async () => {
    const { connection, clock, transport, ids } = await connected(legacy());
    const call = connection.request(toolCall('t'));
    const failure = call.catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await failure).toMatchObject({ code: 'TIMEOUT' });
    transport.reply(ids('tools/call')[0] ?? 0, { result: { content: [] } });
    await settle();
    expect(clock.pending).toBe(0);
    await connection.close();
  });

  it('send nothing for a request that was taken back before', async () => {
    const { connection, transport } = await connected(legacy());
    await expect(connection.request(toolCall('t', { signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(transport.methods).not.toContain('tools/call');
    await connection.close();
  });
});

describe('a refresh', () => {
  it.each([
    ['legacy', legacy({ tools: {}, resources: {} })],
    ['modern', modern({ tools: {}, resources: {} })],
  ])('asks for every list that there is, and tells of what is new: %s', async (_, replies) => {
    const all: Record<string, ScriptedReply> = { ...replies, 'resources/list': listed, 'resources/templates/list': listed };
    const { connection, ids, listings } = await connected(all);
    all['tools/list'] = { result: { tools: [{ name: 'new' }] } };
    await connection.refresh();
    expect(['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'].map((method) => ids(method).length)).toEqual([
      2, 2, 2, 0,
    ]);
    expect(connection.listing.items.tools).toEqual([{ name: 'new' }]);
    expect(listings).toEqual([connection.listing]);
    await connection.refresh();
    expect(listings).toHaveLength(1);
    await connection.close();
  });

  it('keeps what it had of a list that fails', async () => {
    const replies = legacy();
    const { connection, listings } = await connected(replies);
    replies['tools/list'] = { error: { code: -32603, message: 'no database' } };
    await connection.refresh();
    expect(connection.listing.items.tools).toEqual([{ name: 't' }]);
    expect(listings).toEqual([]);
    await connection.close();
  });
});

describe('the end', () => {
  it('is explained to those whose calls it cuts off', async () => {
    const { connection, closed } = await connected(legacy());
    const failure = connection.request(toolCall('t')).catch((error: unknown) => error);
    await settle();
    const reason = new HubError('SERVER_NOT_CONNECTED', 'Server "srv" is being restarted.');
    await connection.close(reason);
    expect(await failure).toMatchObject({
      code: 'SERVER_NOT_CONNECTED',
      message: 'Server "srv" is being restarted. The call had been sent. It may have run; call again if that is safe.',
    });
    expect(closed).toEqual([]);
  });

  it('is all that those are told who had sent nothing, or nothing that has an effect', async () => {
    const { connection } = await connected(legacy());
    const reading = connection.request({ ...toolCall('t'), method: 'resources/read' }).catch((error: unknown) => error);
    await settle();
    const reason = new HubError('SERVER_NOT_CONNECTED', 'Server "srv" is being restarted.');
    await connection.close(reason);
    expect(await reading).toBe(reason);
    expect(await connection.request(toolCall('t')).catch((error: unknown) => error)).toBe(reason);
  });
});

describe('notifications on a single stream', () => {
  it('belong to the only request in flight, or to nobody', async () => {
    const { connection, transport, ids, logs } = await connected(legacy());
    const told: [string, NotificationMessage][] = [];
    const call = (name: string) =>
      connection.request(
        toolCall(name, { params: { name, _meta: { progressToken: name } }, onNotification: (message) => void told.push([name, message]) }),
      );
    const first = call('a');
    await settle();
    transport.receive(log);
    const second = call('b');
    await settle();
    transport.receive(log);
    expect(told.map(([name]) => name)).toEqual(['a']);
    expect(logs).toHaveLength(1);
    const [a = 0, b = 0] = ids('tools/call');
    transport.receive(progress(b));
    transport.receive(progress(String(a)));
    transport.receive(progress(999));
    expect(told.slice(1)).toMatchObject([['b', { params: { progressToken: 'b', progress: 1 } }]]);
    transport.reply(b, { result: { which: 'b' } });
    transport.reply(a, { result: { which: 'a' } });
    expect((await first).outcome.result).toEqual({ which: 'a' });
    expect((await second).outcome.result).toEqual({ which: 'b' });
    transport.receive(progress(a));
    expect(told).toHaveLength(2);
    await connection.close();
  });
});

describe('what comes in one read with an answer, behind it', () => {
  it('belongs to the call no more, be it progress or a log message', async () => {
    const { connection, transport, ids, logs } = await connected(legacy());
    const told: NotificationMessage[] = [];
    const params = { name: 'a', _meta: { progressToken: 'p' } };
    const call = connection.request(toolCall('a', { params, onNotification: (message) => void told.push(message) }));
    await settle();
    const [a = 0] = ids('tools/call');
    transport.reply(a, { result: { done: true } });
    transport.receive(progress(a));
    transport.receive(log);
    expect(told).toEqual([]);
    expect(logs).toHaveLength(1);
    expect((await call).outcome.result).toEqual({ done: true });
    await connection.close();
  });
});

describe('a legacy server', () => {
  it('is heard when it says what nobody knows and belongs to no call', async () => {
    const { connection, transport, logs } = await connected(legacy());
    const unknown = { jsonrpc: '2.0', method: 'notifications/example/x', params: { n: 1 } };
    transport.receive(unknown);
    expect(logs).toEqual([unknown]);
    await connection.close();
  });

  it('is not asked for what it does not declare', async () => {
    const { connection, transport } = await connected(legacy());
    await connection.setLogLevel('info');
    await connection.setSubscribedResources(new Set(['test://a']));
    expect(transport.methods.filter((method) => /setLevel|subscribe/.test(method))).toEqual([]);
    await connection.close();
  });

  it('ends every request in flight when it exits, and says so once', async () => {
    const { connection, transport, closed } = await connected(legacy());
    const calls = [connection.request(toolCall('a')), connection.request(toolCall('b'))];
    transport.exit();
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'UPSTREAM_EXITED' });
    await expect(connection.request(toolCall('c'))).rejects.toMatchObject({ code: 'UPSTREAM_EXITED' });
    expect(closed).toEqual(['UPSTREAM_EXITED']);
    await connection.close();
  });

  it('fails the start when it exits during the first listing, without an event', async () => {
    const closed: string[] = [];
    const on = {
      listing: () => undefined,
      resourceUpdated: () => undefined,
      taskChanged: () => undefined,
      degraded: () => undefined,
      listFailed: () => undefined,
      logMessage: () => undefined,
      asked: () => undefined,
      forSession: () => undefined,
      closed: () => void closed.push('closed'),
    };
    await expect(connected({ ...legacy(), 'tools/list': 'exit' }, { on })).rejects.toMatchObject({ code: 'UPSTREAM_EXITED' });
    expect(closed).toEqual([]);
  });
});

describe('a modern server over stdio', () => {
  it('has its requests taken back by notification', async () => {
    const { connection, transport, ids } = await connected(modern());
    const aborter = new AbortController();
    const call = connection.request(toolCall('t', { signal: aborter.signal }));
    aborter.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(transport.sent.at(-1)).toMatchObject({ method: 'notifications/cancelled', params: { requestId: ids('tools/call')[0] } });
    await connection.close();
  });

  it('is listened to for what it declares only; other resources mean a new subscription first', async () => {
    const { connection, transport, ids, last } = await connected(modern());
    expect(last('subscriptions/listen')?.params?.['notifications']).toEqual({ toolsListChanged: true });
    await connection.setSubscribedResources(new Set(['test://b', 'test://a']));
    await connection.setSubscribedResources(new Set(['test://a', 'test://b']));
    expect(last('subscriptions/listen')?.params?.['notifications']).toEqual({
      toolsListChanged: true,
      resourceSubscriptions: ['test://a', 'test://b'],
    });
    const [first] = ids('subscriptions/listen');
    expect(ids('subscriptions/listen')).toHaveLength(2);
    expect(transport.methods.slice(-2)).toEqual(['subscriptions/listen', 'notifications/cancelled']);
    expect(transport.sent.at(-1)).toMatchObject({ params: { requestId: first } });
    await connection.close();
  });

  it('has its lists fetched on demand while no subscription tells of their changes', async () => {
    const { connection, transport, clock, ids } = await connected(modern());
    const fetchedFor = async (): Promise<number> => {
      const before = ids('tools/list').length;
      await connection.freshen('tools');
      return ids('tools/list').length - before;
    };
    // The acknowledgement honoured nothing of what was asked for.
    expect(await fetchedFor()).toBe(1);
    acknowledge(transport, ids('subscriptions/listen')[0] ?? 0, { toolsListChanged: true });
    expect(await fetchedFor()).toBe(0);
    transport.receive({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    expect(await fetchedFor()).toBe(1);
    await clock.advance(1_000);
    expect(await fetchedFor()).toBe(0);
    transport.reply(ids('subscriptions/listen')[0] ?? 0, { result: {} });
    await settle();
    expect(await fetchedFor()).toBe(1);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it('counts the changes of its resources', async () => {
    const { connection, transport } = await connected(modern());
    expect(connection.resourceChanges).toBe(0);
    transport.receive({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    transport.receive({ jsonrpc: '2.0', method: 'notifications/resources/list_changed' });
    expect(connection.resourceChanges).toBe(1);
    await connection.close();
  });

  it('is listened to for tasks if it has the extension, which is declared then', async () => {
    const extensions = { 'io.modelcontextprotocol/tasks': {} };
    const replies = modern({ tools: { listChanged: true }, extensions });
    const { connection, transport, last } = await connected(replies);
    replies['subscriptions/listen'] = 'silence';
    const watching = connection.setWatchedTasks(new Set(['b', 'a']));
    const _meta = { 'io.modelcontextprotocol/subscriptionId': last('subscriptions/listen')?.id ?? 0 };
    expect(last('subscriptions/listen')?.params).toMatchObject({
      notifications: { toolsListChanged: true, taskIds: ['a', 'b'] },
      _meta: { 'io.modelcontextprotocol/clientCapabilities': { extensions } },
    });
    transport.receive({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { _meta, notifications: { taskIds: ['b'] } },
    });
    expect([...(await watching)]).toEqual(['b']);
    await connection.close();

    const without = await connected(modern());
    expect([...(await without.connection.setWatchedTasks(new Set(['a'])))]).toEqual([]);
    expect(without.ids('subscriptions/listen')).toHaveLength(1);
    await without.connection.close();
  });

  it('is listened to as before when it refuses tasks', async () => {
    const replies = modern({ tools: { listChanged: true }, extensions: { 'io.modelcontextprotocol/tasks': {} } });
    const { connection, ids, transport } = await connected(replies);
    replies['subscriptions/listen'] = { error: { code: -32602, message: 'Unknown task' } };
    expect([...(await connection.setWatchedTasks(new Set(['a'])))]).toEqual([]);
    expect(ids('subscriptions/listen')).toHaveLength(2);
    expect(transport.methods).not.toContain('notifications/cancelled');
    await connection.close();
  });

  it('tells of updated resources without the subscription of the hub', async () => {
    const seen: NotificationMessage[] = [];
    const on = {
      listing: () => undefined,
      taskChanged: () => undefined,
      degraded: () => undefined,
      listFailed: () => undefined,
      logMessage: () => undefined,
      asked: () => undefined,
      forSession: () => undefined,
      closed: () => undefined,
    };
    const { connection, transport } = await connected(modern(), {
      on: { ...on, resourceUpdated: ({ notification }) => void seen.push(notification) },
    });
    const _meta = { 'io.modelcontextprotocol/subscriptionId': 1, 'com.example/a': 1 };
    transport.receive({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'test://a', _meta } });
    expect(seen).toMatchObject([{ params: { uri: 'test://a', _meta: { 'com.example/a': 1 } } }]);
    expect(JSON.stringify(seen)).not.toContain('subscriptionId');
    await connection.close();
  });

  it.each<[string, (transport: ScriptedTransport, id: number) => void]>([
    ['a result', (transport, id) => transport.reply(id, { result: { resultType: 'complete' } })],
    ['an error', (transport, id) => transport.reply(id, { error: { code: -32603, message: 'x' } })],
    [
      'a cancellation',
      (transport, id) => transport.receive({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } }),
    ],
  ])('is listened to again after %s, and everything is fetched anew', async (_, end) => {
    const { connection, transport, clock, ids, listings } = await connected(modern());
    end(transport, ids('subscriptions/listen')[0] ?? 0);
    await clock.advance(999);
    expect(ids('subscriptions/listen')).toHaveLength(1);
    await clock.advance(1);
    expect(ids('subscriptions/listen')).toHaveLength(2);
    await clock.advance(100);
    expect(ids('tools/list')).toHaveLength(2);
    expect(listings).toEqual([]);
    end(transport, ids('subscriptions/listen')[1] ?? 0);
    await clock.advance(1_999);
    expect(ids('subscriptions/listen')).toHaveLength(2);
    await clock.advance(1);
    expect(ids('subscriptions/listen')).toHaveLength(3);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it('may have changed what is watched while it was not listened to', async () => {
    const { connection, transport, clock, ids, updated } = await connected(modern());
    await connection.setSubscribedResources(new Set(['test://a', 'test://b']));
    expect(updated).toEqual([]);
    transport.reply(ids('subscriptions/listen').at(-1) ?? 0, { result: { resultType: 'complete' } });
    await clock.advance(1_000);
    expect(updated).toEqual(['test://a', 'test://b']);
    await connection.close();
  });

  it('is given up when it no longer speaks the version', async () => {
    const replies = modern();
    const { connection, closed, transport } = await connected(replies);
    replies['tools/call'] = { error: { code: -32022, message: 'Unsupported protocol version', data: { supported: ['2099-01-01'] } } };
    await expect(connection.request(toolCall('t'))).rejects.toMatchObject({ code: 'CONNECTION_ERROR', details: { ran: false } });
    expect(closed).toEqual(['CONNECTION_ERROR']);
    expect(transport.closes).toBe(1);
    await connection.close();
  });

  it.each([{ supported: ['2025-11-25', '2026-07-28'] }, { supported: 'all' }, undefined])(
    'is not given up when it refuses the version in one call, but still speaks it: %j',
    async (data) => {
      const replies = modern();
      const { connection, closed, transport } = await connected(replies);
      replies['tools/call'] = { error: { code: -32022, message: 'Somebody behind me said so', data } };
      // To the client the code would say that the hub does not speak its version.
      expect((await connection.request(toolCall('t'))).outcome).toEqual({
        error: { code: -32603, message: 'Somebody behind me said so', ...(data && { data }) },
      });
      expect([closed, transport.closes]).toEqual([[], 0]);
      await connection.close();
    },
  );

  it('is left alone when it does not know subscriptions, or has nothing to tell', async () => {
    const refusing = await connected({ ...modern(), 'subscriptions/listen': { error: { code: -32601, message: 'unknown' } } });
    await refusing.clock.advance(600_000);
    expect(refusing.ids('subscriptions/listen')).toHaveLength(1);
    expect(refusing.records.some(({ message }) => message.includes('does not take subscriptions/listen'))).toBe(true);
    await refusing.connection.close();
    const quiet = await connected(modern({ tools: {} }));
    expect(quiet.ids('subscriptions/listen')).toHaveLength(0);
    await quiet.connection.close();
  });
});
