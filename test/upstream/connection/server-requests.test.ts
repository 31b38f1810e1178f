import { describe, expect, it } from 'vitest';
import { type CancelSignal, type Deferred, deferred, Secret } from '../../../src/base/index.ts';
import type { Message, NotificationMessage, Outcome, ServerRequest } from '../../../src/protocol/index.ts';
import type { ConnectOptions } from '../../../src/upstream/connection/connect.ts';
import type { AskOptions } from '../../../src/upstream/types.ts';
import type { StdioLaunch, UpstreamRequest } from '../../../src/upstream/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { isCollected } from '../../support/garbage.ts';
import { connectTo, toolCall } from '../../support/remote.ts';
import { type ScriptedReply, ScriptedTransport } from '../../support/scripted-transport.ts';

const launch: StdioLaunch = { kind: 'stdio', command: new Secret('x'), args: [], env: {}, label: 'x', redact: (text) => text };
const replies: Record<string, Record<string, ScriptedReply>> = {
  legacy: {
    'server/discover': { error: { code: -32601, message: 'unknown' } },
    initialize: { result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'l' } } },
  },
  modern: { 'server/discover': { result: { supportedVersions: ['2026-07-28'], capabilities: {} } } },
};

/** A connection to a server that asks; over one stream, as stdio and HTTP+SSE have it, unless `via` says otherwise. */
async function connected(era: 'legacy' | 'modern' = 'legacy', overrides: Partial<ConnectOptions> = {}) {
  const clock = new FakeClock();
  const transport = new ScriptedTransport({ script: ({ method }) => replies[era]?.[method] ?? 'silence' });
  const { connection, forSessions, asked } = await connectTo(launch, {
    clock,
    createStdioTransport: () => transport,
    requestTimeoutMs: () => 1_000,
    ...overrides,
  });
  const answersTo = (id: string): Message[] => transport.sent.filter((message) => !('method' in message) && message.id === id);
  const asks = async (id: string, method: string, via?: number): Promise<Message[]> => {
    transport.receive({ jsonrpc: '2.0', id, method, params: { 'x-new': 1 } }, via);
    await settle();
    return answersTo(id);
  };
  const idOf = (mark: string): number => {
    const call = transport.sent.find((message) => 'params' in message && message.params?.['name'] === mark);
    return call && 'id' in call ? Number(call.id) : 0;
  };
  return { clock, transport, connection, forSessions, asked, asks, answersTo, idOf };
}

interface Asked {
  readonly requests: ServerRequest[];
  readonly signals: CancelSignal[];
  readonly options: (AskOptions | undefined)[];
  readonly answer: Deferred<Outcome>;
  readonly onRequest: NonNullable<UpstreamRequest['onRequest']>;
}

function client(): Asked {
  const answer = deferred<Outcome>();
  const requests: ServerRequest[] = [];
  const signals: CancelSignal[] = [];
  const options: (AskOptions | undefined)[] = [];
  const onRequest: Asked['onRequest'] = (request, signal, asking) => {
    options.push(asking);
    requests.push(request);
    signals.push(signal);
    return answer.promise;
  };
  return { requests, signals, options, answer, onRequest };
}

const ok = { result: { action: 'accept', 'x-new': 2 } };

describe('a request of a legacy server', () => {
  it('goes to the client of the only call in flight and comes back untouched, while the time limit stands still', async () => {
    const { clock, connection, transport, asks, answersTo, idOf } = await connected();
    const one = client();
    const call = connection.request(toolCall('a', { onRequest: one.onRequest }));
    expect(await asks('q', 'elicitation/create')).toEqual([]);
    expect(one.requests).toEqual([{ method: 'elicitation/create', params: { 'x-new': 1 } }]);
    await clock.advance(9_000);
    one.answer.resolve(ok);
    await settle();
    expect(answersTo('q')).toEqual([{ jsonrpc: '2.0', id: 'q', ...ok }]);
    await clock.advance(999);
    transport.reply(idOf('a'), { result: { done: true } });
    expect((await call).outcome).toEqual({ result: { done: true } });
    expect(clock.pending).toBe(0);
    await connection.close();
  });

  it('does not use up the absolute limit of its call either, which goes on with what is left', async () => {
    const { clock, connection, transport, asks, idOf } = await connected();
    const one = client();
    const params = { name: 'a', _meta: { progressToken: 'p' } };
    const call = connection.request(toolCall('a', { params, onRequest: one.onRequest })).catch((error: unknown) => error);
    await asks('q', 'elicitation/create');
    await clock.advance(600_000);
    one.answer.resolve(ok);
    await settle();
    let isOver = false;
    void call.then(() => (isOver = true));
    for (let passedMs = 0; passedMs < 10_000; passedMs += 500) {
      expect(isOver).toBe(false);
      transport.receive({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: idOf('a'), progress: passedMs } });
      await clock.advance(500);
    }
    expect(await call).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('within 10000 ms') as string });
    await connection.close();
  });

  it('belongs to the call on whose stream it came', async () => {
    const { connection, asks, idOf } = await connected();
    const [one, two] = [client(), client()];
    const calls = [
      connection.request(toolCall('a', { onRequest: one.onRequest })),
      connection.request(toolCall('b', { onRequest: two.onRequest })),
    ];
    for (const call of calls) call.catch(() => undefined);
    await asks('q', 'roots/list', idOf('b'));
    expect([one.requests.length, two.requests.length]).toEqual([0, 1]);
    // A call that is over has no client any more.
    expect(await asks('r', 'sampling/createMessage', 999)).toMatchObject([{ error: { code: -32603 } }]);
    await connection.close();
  });

  it.each([
    ['of a second client that can be asked', client().onRequest],
    ['of a client that cannot', undefined],
  ])('is refused when it may belong to a call %s', async (_, onRequest) => {
    const { connection, asks } = await connected();
    const one = client();
    const calls = [connection.request(toolCall('a', { onRequest: one.onRequest })), connection.request(toolCall('b', { onRequest }))];
    for (const call of calls) call.catch(() => undefined);
    const message = expect.stringContaining('which of their clients') as string;
    expect(await asks('q', 'elicitation/create')).toMatchObject([{ error: { code: -32603, message } }]);
    expect(one.requests).toEqual([]);
    await connection.close();
  });

  it('is refused when the client of the call cannot be asked', async () => {
    const { connection, asks } = await connected();
    connection.request(toolCall('a')).catch(() => undefined);
    expect(await asks('q', 'roots/list')).toMatchObject([{ error: { code: -32601 } }]);
    await connection.close();
  });

  it('outside of any call gets no roots, or an error', async () => {
    const { connection, asks } = await connected();
    expect(await asks('r', 'roots/list')).toEqual([{ jsonrpc: '2.0', id: 'r', result: { roots: [] } }]);
    expect(await asks('e', 'elicitation/create')).toMatchObject([{ error: { code: -32603 } }]);
    expect(await asks('p', 'ping')).toEqual([{ jsonrpc: '2.0', id: 'p', result: {} }]);
    await connection.close();
  });

  it('can be taken back by the server, which then gets no answer', async () => {
    const { connection, transport, asks, answersTo } = await connected();
    const one = client();
    connection.request(toolCall('a', { onRequest: one.onRequest })).catch(() => undefined);
    await asks('q', 'elicitation/create');
    transport.receive({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'other' } });
    expect(one.signals[0]?.aborted).toBe(false);
    transport.receive({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'q' } });
    expect(one.signals[0]?.aborted).toBe(true);
    one.answer.resolve({ error: { code: -32603, message: 'taken back' } });
    await settle();
    expect(answersTo('q')).toEqual([]);
    await connection.close();
  });
});

/** A call of one session. */
const ofSession = (name: string, sessionId: string, overrides: Partial<UpstreamRequest> = {}): UpstreamRequest =>
  toolCall(name, { origin: { principalId: 'local', sessionId, era: 'legacy' }, ...overrides });

describe('with several calls of one client in flight, a request', () => {
  it("is that client's: it goes out with the newest call that can be asked, and both time limits stand still", async () => {
    const { clock, connection, asks, answersTo } = await connected();
    const [one, two] = [client(), client()];
    const failures: unknown[] = [];
    for (const call of [
      ofSession('a', 's', { onRequest: one.onRequest }),
      ofSession('b', 's', { onRequest: two.onRequest }),
      ofSession('c', 's'),
    ]) {
      connection.request(call).catch((error: unknown) => failures.push(error));
    }
    await asks('q', 'elicitation/create');
    expect([one.requests.length, two.requests.length]).toEqual([0, 1]);
    await clock.advance(5_000);
    expect(failures).toEqual([]);
    two.answer.resolve(ok);
    await settle();
    expect(answersTo('q')).toEqual([{ jsonrpc: '2.0', id: 'q', ...ok }]);
    await connection.close();
  });

  it('outlives the call that it went out with, and is taken back with the last of them', async () => {
    const { connection, transport, asks, answersTo, idOf } = await connected();
    const [one, two] = [client(), client()];
    const long = connection.request(ofSession('a', 's', { onRequest: one.onRequest }));
    const short = connection.request(ofSession('b', 's', { onRequest: two.onRequest }));
    await asks('q', 'elicitation/create');
    expect(two.options).toMatchObject([{ outlivesCall: true }]);
    transport.reply(idOf('b'), { result: {} });
    await short;
    expect(two.signals[0]?.aborted).toBe(false);
    transport.reply(idOf('a'), { result: {} });
    await long;
    expect(two.signals[0]?.aborted).toBe(true);
    two.answer.resolve({ error: { code: -32603, message: 'taken back' } });
    await settle();
    expect(answersTo('q')).toHaveLength(1);
    expect(one.requests).toEqual([]);
    await connection.close();
  });

  it('goes out with the one that is known to ask', async () => {
    const { connection, asks } = await connected();
    const [one, two] = [client(), client()];
    connection.request(ofSession('a', 's', { onRequest: one.onRequest, asks: true })).catch(() => undefined);
    connection.request(ofSession('b', 's', { onRequest: two.onRequest })).catch(() => undefined);
    await asks('q', 'elicitation/create');
    expect([one.requests.length, two.requests.length]).toEqual([1, 0]);
    await connection.close();
  });

  it('goes out again with another one when the first was over before it could be sent', async () => {
    const { connection, transport, asks, answersTo, idOf } = await connected();
    const [one, two] = [client(), client()];
    connection.request(ofSession('a', 's', { onRequest: one.onRequest })).catch(() => undefined);
    const short = connection.request(ofSession('b', 's', { onRequest: two.onRequest }));
    await asks('q', 'elicitation/create');
    transport.reply(idOf('b'), { result: {} });
    await short;
    two.answer.resolve({ error: { code: -32603, message: 'no stream' } });
    await settle();
    expect(one.requests).toHaveLength(1);
    expect(answersTo('q')).toEqual([]);
    one.answer.resolve(ok);
    await settle();
    expect(answersTo('q')).toEqual([{ jsonrpc: '2.0', id: 'q', ...ok }]);
    await connection.close();
  });

  it.each([
    ['of another session', { principalId: 'local', sessionId: 'other', era: 'legacy' }],
    ['of another principal', { principalId: 'other', sessionId: 's', era: 'legacy' }],
    ['of a modern client', { principalId: 'local', era: 'modern' }],
  ] as const)('is refused as soon as one is %s', async (_, origin) => {
    const { connection, asks } = await connected();
    const one = client();
    connection.request(ofSession('a', 's', { onRequest: one.onRequest })).catch(() => undefined);
    connection.request(toolCall('b', { origin, onRequest: one.onRequest })).catch(() => undefined);
    expect(await asks('q', 'elicitation/create')).toMatchObject([{ error: { code: -32603 } }]);
    expect(one.requests).toEqual([]);
    await connection.close();
  });
});

describe('a request that names a task of 2025-11-25', () => {
  const waiting = (taskId: string, sessionId: string, onRequest: UpstreamRequest['onRequest']): UpstreamRequest =>
    ofSession('', sessionId, { method: 'tasks/result', params: { taskId }, onRequest });
  const params = (taskId: unknown) => ({ message: '?', _meta: { 'io.modelcontextprotocol/related-task': { taskId } } });

  it('is of the client that waits for that task, whoever else has calls in flight', async () => {
    const { connection, transport, asked, answersTo } = await connected();
    const [one, two] = [client(), client()];
    connection.request(waiting('a', 's', one.onRequest)).catch(() => undefined);
    connection.request(waiting('b', 't', two.onRequest)).catch(() => undefined);
    connection.request(toolCall('c')).catch(() => undefined);
    transport.receive({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: params('a') });
    one.answer.resolve(ok);
    await settle();
    expect([one.requests.length, two.requests.length]).toEqual([1, 0]);
    expect(answersTo('q')).toMatchObject([ok]);
    expect(asked).toEqual([]);
    await connection.close();
  });

  it.each(['unknown', undefined, 7])('is like any other when nobody waits for that task: %s', async (taskId) => {
    const { connection, transport, answersTo } = await connected();
    const one = client();
    connection.request(waiting('a', 's', one.onRequest)).catch(() => undefined);
    connection.request(toolCall('c')).catch(() => undefined);
    transport.receive({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: params(taskId) });
    await settle();
    expect(one.requests).toEqual([]);
    expect(answersTo('q')).toMatchObject([{ error: { code: -32603 } }]);
    await connection.close();
  });
});

describe('a call that was taken back', () => {
  it('may still be the one that the server asks for, for half a minute', async () => {
    const { clock, connection, asks } = await connected();
    const aborter = new AbortController();
    const one = client();
    const gone = connection.request(ofSession('a', 'gone', { signal: aborter.signal })).catch(() => undefined);
    aborter.abort();
    await gone;
    expect(await asks('n', 'elicitation/create')).toMatchObject([{ error: { code: -32603 } }]);
    connection.request(ofSession('b', 's', { onRequest: one.onRequest, timeoutMs: 60_000 })).catch(() => undefined);
    expect(await asks('q', 'elicitation/create')).toMatchObject([{ error: { code: -32603 } }]);
    expect(one.requests).toEqual([]);
    await clock.advance(30_000);
    expect(await asks('r', 'elicitation/create')).toEqual([]);
    expect(one.requests).toHaveLength(1);
    await connection.close();
  });
});

describe('what is kept of a call that is over', () => {
  it('is not what it was made with, when it was taken back', async () => {
    const { connection, transport, asked, asks } = await connected();
    const taken = async (): Promise<WeakRef<object>> => {
      const params = { name: 'a', arguments: { large: 'x' } };
      const aborter = new AbortController();
      const call = connection.request(ofSession('a', 'gone', { params, signal: aborter.signal })).catch(() => undefined);
      aborter.abort();
      await call;
      transport.sent.length = 0;
      return new WeakRef(params);
    };
    const params = await taken();
    expect(await isCollected(params)).toBe(true);
    connection.request(ofSession('b', 's')).catch(() => undefined);
    expect(await asks('q', 'elicitation/create')).toMatchObject([{ error: { code: -32603 } }]);
    expect(asked).toEqual(['tools/call', 'tools/call']);
    await connection.close();
  });

  it('is not what it was made with, when its client was sent to an address', async () => {
    const { connection, transport, idOf } = await connected();
    const visited = async (): Promise<WeakRef<object>> => {
      const params = { name: 'a', arguments: { large: 'x' } };
      const call = connection.request(ofSession('a', 's', { params, onRequest: async () => ok }));
      const visit = { mode: 'url', url: 'https://example.org', elicitationId: 'e' };
      transport.receive({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: visit });
      await settle();
      transport.reply(idOf('a'), { result: {} });
      await call;
      transport.sent.length = 0;
      return new WeakRef(params.arguments);
    };
    expect(await isCollected(await visited())).toBe(true);
    await connection.close();
  });
});

it('progress on an answer reaches the server, until the question is taken back', async () => {
  const { connection, transport, asks } = await connected();
  let tell: ((notification: NotificationMessage) => void) | undefined;
  const onRequest: UpstreamRequest['onRequest'] = (_, __, options) => {
    tell = options?.tell;
    return new Promise(() => {});
  };
  connection.request(toolCall('a', { onRequest })).catch(() => undefined);
  await asks('q', 'sampling/createMessage');
  const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 't', progress: 1 } } as const;
  tell?.(progress);
  expect(transport.sent.at(-1)).toEqual(progress);
  transport.receive({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'q' } });
  const before = transport.sent.length;
  tell?.(progress);
  expect(transport.sent).toHaveLength(before);
  await connection.close();
});

describe('roots outside of calls', () => {
  it('are those of all when nothing says which of several clients is meant, and nothing is learned from that', async () => {
    const roots = [{ uri: 'file:///a' }];
    const { connection, asks, asked } = await connected('legacy', { roots: async () => roots });
    const [one, other] = [client(), client()];
    for (const [name, { onRequest }] of [['a', one] as const, ['b', other] as const]) {
      connection.request(toolCall(name, { onRequest })).catch(() => undefined);
    }
    expect(await asks('r', 'roots/list')).toEqual([{ jsonrpc: '2.0', id: 'r', result: { roots } }]);
    expect([...one.requests, ...other.requests, ...asked]).toEqual([]);
    await connection.close();
  });

  it('come from whoever keeps them, and a server that has asked is told when they change', async () => {
    const roots = [{ uri: 'file:///a' }];
    const { connection, transport, asks, clock } = await connected('legacy', { roots: async () => roots });
    const told = () => transport.sent.filter((message) => 'method' in message && message.method === 'notifications/roots/list_changed');
    connection.rootsChanged();
    expect(told()).toEqual([]);
    expect(await asks('r', 'roots/list')).toEqual([{ jsonrpc: '2.0', id: 'r', result: { roots } }]);
    connection.rootsChanged();
    expect(told()).toHaveLength(1);
    // What it asks for right after that are those, whatever call is in flight; later ones are its call's again.
    const one = client();
    connection.request(toolCall('a', { onRequest: one.onRequest })).catch(() => undefined);
    expect(await asks('s', 'roots/list')).toEqual([{ jsonrpc: '2.0', id: 's', result: { roots } }]);
    expect(await asks('t', 'roots/list')).toEqual([]);
    expect(one.requests).toHaveLength(1);
    connection.rootsChanged();
    await clock.advance(2_000);
    await asks('u', 'roots/list');
    expect(one.requests).toHaveLength(2);
    await connection.close();
  });
});

describe('the end of a visit to a URL', () => {
  const complete = (elicitationId: string): object => ({
    jsonrpc: '2.0',
    method: 'notifications/elicitation/complete',
    params: { elicitationId },
  });
  const visit = { mode: 'url', url: 'https://example.org', elicitationId: 'e' };

  it('is told on the stream of the call while that runs, to the session after it, and once', async () => {
    const { connection, transport, forSessions, idOf } = await connected();
    const told: string[] = [];
    const onNotification = ({ method }: NotificationMessage): void => void told.push(method);
    const onRequest: UpstreamRequest['onRequest'] = async () => ok;
    const call = connection.request(ofSession('a', 's', { onNotification, onRequest }));
    for (const elicitationId of ['e', 'f']) {
      transport.receive({ jsonrpc: '2.0', id: elicitationId, method: 'elicitation/create', params: { ...visit, elicitationId } });
    }
    transport.receive(complete('unknown'));
    expect(told).toEqual([]);
    transport.receive(complete('e'));
    transport.receive(complete('e'));
    expect(told).toEqual(['notifications/elicitation/complete']);
    transport.reply(idOf('a'), { result: {} });
    await call;
    transport.receive(complete('f'));
    expect(told).toHaveLength(1);
    expect(forSessions).toEqual([{ sessionId: 's', notification: complete('f') }]);
    await connection.close();
  });

  it('is told to the session whose call was refused until then', async () => {
    const { connection, transport, forSessions, idOf } = await connected();
    const call = connection.request(ofSession('a', 's'));
    transport.reply(idOf('a'), { error: { code: -32042, message: 'Visit', data: { elicitations: [visit] } } });
    await call;
    transport.receive(complete('e'));
    expect(forSessions).toEqual([{ sessionId: 's', notification: complete('e') }]);
    await connection.close();
  });

  it('is nothing to a modern client', async () => {
    const { connection, transport, forSessions } = await connected();
    const told: string[] = [];
    const onNotification = ({ method }: NotificationMessage): void => void told.push(method);
    const origin = { principalId: 'local', era: 'modern' } as const;
    connection.request(toolCall('a', { origin, onNotification, onRequest: async () => ok })).catch(() => undefined);
    transport.receive({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: visit });
    transport.receive(complete('e'));
    expect([told, forSessions]).toEqual([[], []]);
    await connection.close();
  });
});

it('a modern server has no requests', async () => {
  const { connection, asks } = await connected('modern');
  connection.request(toolCall('a', { onRequest: client().onRequest })).catch(() => undefined);
  expect(await asks('q', 'roots/list')).toMatchObject([{ error: { code: -32601 } }]);
  await connection.close();
});

describe('a request in one read with the answer to another call', () => {
  it('belongs to the call that is left when the other was answered in the same read', async () => {
    const { connection, transport, idOf } = await connected();
    const one = client();
    const first = connection.request(toolCall('a', { onRequest: client().onRequest }));
    const second = connection.request(toolCall('b', { onRequest: one.onRequest }));
    await settle();
    transport.reply(idOf('a'), { result: {} });
    transport.receive({ jsonrpc: '2.0', id: 'q', method: 'roots/list' });
    await settle();
    expect(one.requests).toHaveLength(1);
    transport.reply(idOf('b'), { result: {} });
    one.answer.resolve(ok);
    await Promise.all([first, second]);
    await connection.close();
  });
});
