import { describe, expect, it } from 'vitest';
import { type Deferred, deferred, Secret } from '../../src/base/index.ts';
import type { Message, Outcome, ServerRequest } from '../../src/protocol/index.ts';
import type { StdioLaunch, UpstreamRequest } from '../../src/upstream/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { connectTo, toolCall } from '../support/remote.ts';
import { type ScriptedReply, ScriptedTransport } from '../support/scripted-transport.ts';

const launch: StdioLaunch = { kind: 'stdio', command: new Secret('x'), args: [], env: {}, label: 'x', redact: (text) => text };
const replies: Record<string, Record<string, ScriptedReply>> = {
  legacy: {
    'server/discover': { error: { code: -32601, message: 'unknown' } },
    initialize: { result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'l' } } },
  },
  modern: { 'server/discover': { result: { supportedVersions: ['2026-07-28'], capabilities: {} } } },
};

/** A connection to a server that asks; over one stream, as stdio and HTTP+SSE have it, unless `via` says otherwise. */
async function connected(era: 'legacy' | 'modern' = 'legacy') {
  const clock = new FakeClock();
  const transport = new ScriptedTransport({ script: ({ method }) => replies[era]?.[method] ?? 'silence' });
  const { connection } = await connectTo(launch, { clock, createStdioTransport: () => transport, requestTimeoutMs: 1_000 });
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
  return { clock, transport, connection, asks, answersTo, idOf };
}

interface Asked {
  readonly requests: ServerRequest[];
  readonly signals: AbortSignal[];
  readonly answer: Deferred<Outcome>;
  readonly onRequest: NonNullable<UpstreamRequest['onRequest']>;
}

function client(): Asked {
  const answer = deferred<Outcome>();
  const requests: ServerRequest[] = [];
  const signals: AbortSignal[] = [];
  const onRequest: Asked['onRequest'] = (request, signal) => {
    requests.push(request);
    signals.push(signal);
    return answer.promise;
  };
  return { requests, signals, answer, onRequest };
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

it('the end of a visit to a URL is told to the call in flight', async () => {
  const { connection, transport } = await connected();
  const told: string[] = [];
  connection.request(toolCall('a', { onNotification: ({ method }) => void told.push(method) })).catch(() => undefined);
  transport.receive({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params: { elicitationId: 'e' } });
  expect(told).toEqual(['notifications/elicitation/complete']);
  await connection.close();
});

it('a modern server has no requests', async () => {
  const { connection, asks } = await connected('modern');
  connection.request(toolCall('a', { onRequest: client().onRequest })).catch(() => undefined);
  expect(await asks('q', 'roots/list')).toMatchObject([{ error: { code: -32601 } }]);
  await connection.close();
});
