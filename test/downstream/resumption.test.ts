import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JsonObject, type Message, notification, type Outcome } from '../../src/protocol/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type FakeFeed, legacyResult } from '../support/fake-gateway.ts';
import { type Harness, initialize, legacy, modern, open, type Reading, send, startHarness, startSession, until } from './harness.ts';

let harness: Harness;
let clock: FakeClock;
let mcp: string;
/** What the running call notifies, asks and answers. */
let call: {
  notify(message: JsonObject): void;
  ask(): Promise<Outcome | undefined>;
  finish(text?: string): void;
};

beforeEach(async () => {
  clock = new FakeClock();
  harness = await startHarness({ clock, sessionIdleTimeoutMs: 3_600_000 });
  mcp = `${harness.url}/mcp`;
  harness.gateway.on(
    'tools/call',
    ({ notify, ask }) =>
      new Promise((resolve) => {
        call = {
          notify: (message) => notify(notification('notifications/progress', message)),
          ask: async () => ask?.({ method: 'roots/list' }, new AbortController().signal),
          finish: (text = 'done') => resolve(legacyResult({ content: [{ type: 'text', text }] })),
        };
      }),
  );
});
afterEach(() => harness.close());

const CALL = legacy('tools/call', { name: 'a' }, 7);
const feed = (at = 0): FakeFeed => harness.gateway.feeds[at] as FakeFeed;
const messages = ({ events }: Reading): JsonObject[] => events.map(({ data }) => JSON.parse(data));
const progress = (reading: Reading): unknown[] => messages(reading).map((message) => (message['params'] as JsonObject)?.['progress']);
const log = (data: number): Message & { method: string } => notification('notifications/message', { level: 'info', data });
const logged = (reading: Reading): unknown[] => messages(reading).map((message) => (message['params'] as JsonObject)?.['data']);

class Client {
  readonly id: string;
  readonly #headers: Record<string, string>;

  constructor(id: string) {
    this.id = id;
    this.#headers = { 'mcp-session-id': id };
  }

  static async start(version = '2025-11-25', capabilities: JsonObject = { roots: {} }): Promise<Client> {
    const hello = initialize(version);
    const body = { ...hello, params: { ...(hello['params'] as JsonObject), capabilities } };
    return new Client(String((await send(mcp, { body })).headers['mcp-session-id']));
  }

  post(body: JsonObject, more: Record<string, string> = {}): Promise<Reading & { text(): string }> {
    return open(mcp, { headers: { ...this.#headers, ...more }, body });
  }

  get(lastEventId?: string): Promise<Reading & { text(): string }> {
    return open(mcp, { method: 'GET', headers: { ...this.#headers, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) } });
  }

  /** A call whose stream is open, with one progress notification on it. */
  async stream(): Promise<Reading> {
    const calls = harness.gateway.calls.length;
    const opening = this.post(CALL);
    await until(() => harness.gateway.calls.length > calls, 'the call');
    call.notify({ progressToken: 1, progress: 1 });
    const reading = await opening;
    await until(() => reading.events.length === 1, 'the first progress');
    return reading;
  }
}

async function cut(reading: Reading): Promise<string> {
  reading.close();
  await reading.ended;
  // The hub hears of it in its own time.
  await new Promise((resolve) => setTimeout(resolve, 10));
  return reading.ids.at(-1) ?? '';
}

describe('the stream of a POST', () => {
  it('begins with an id, no data and a delay, where clients know of that', async () => {
    const reading = await (await Client.start()).stream();
    expect(reading.ids).toHaveLength(2);
    expect(reading.retries).toEqual([1_000]);
    const text = (reading as Reading & { text(): string }).text();
    expect(text).toMatch(/^: ping\nretry: 1000\nid: \S+\ndata: \n\nevent: message\nid: \S+\ndata: \{/);
    call.finish();
    await reading.ended;
  });

  it('has no event without data for older clients', async () => {
    const reading = await (await Client.start('2025-06-18')).stream();
    const text = (reading as Reading & { text(): string }).text();
    expect(text).toMatch(/^: ping\nretry: 1000\nevent: message\nid: \S+\ndata: \{/);
    call.finish();
    await reading.ended;
  });

  it.each(['2025-11-25', '2025-06-18', '2025-03-26'])('goes on where it broke, up to the response (%s)', async (version) => {
    const client = await Client.start(version);
    const last = await cut(await client.stream());
    call.notify({ progressToken: 1, progress: 2 });
    const again = await client.get(last);
    expect([again.status, again.headers['content-type']]).toEqual([200, 'text/event-stream']);
    call.notify({ progressToken: 1, progress: 3 });
    call.finish();
    await again.ended;
    expect(progress(again)).toEqual([2, 3, undefined]);
    expect(messages(again)[2]).toMatchObject({ id: 7, result: { content: [{ text: 'done' }] } });
    expect(again.retries).toEqual([1_000]);
  });

  it('keeps the response until its client comes, however often that breaks off', async () => {
    const client = await Client.start();
    const first = await cut(await client.stream());
    call.finish();
    await clock.advance(1_800_000);
    for (let turn = 0; turn < 3; turn += 1) {
      const again = await client.get(first);
      await again.ended;
      expect(messages(again)).toMatchObject([{ id: 7, result: {} }]);
    }
  });

  it('gives an id at once to a client that comes back and finds nothing new', async () => {
    const client = await Client.start();
    const last = await cut(await client.stream());
    const again = await client.get(last);
    await until(() => again.ids.length === 1, 'a priming event');
    const next = await cut(again);
    expect(next).not.toBe(last);
    call.finish();
    const third = await client.get(next);
    await third.ended;
    expect(messages(third)).toMatchObject([{ id: 7 }]);
  });

  it('is taken over while the old connection still looks alive', async () => {
    const client = await Client.start();
    const old = await client.stream();
    const again = await client.get(old.ids.at(-1));
    await old.ended;
    call.notify({ progressToken: 1, progress: 2 });
    call.finish();
    await again.ended;
    expect([progress(old), progress(again)]).toEqual([[1], [2, undefined]]);
  });

  it('is its own: nothing of another stream is sent on it', async () => {
    const client = await Client.start();
    const one = await client.stream();
    const first = call;
    const two = await client.stream();
    const [lastOne, lastTwo] = [await cut(one), await cut(two)];
    feed().send(log(1) as never);
    first.finish('first');
    call.finish('second');
    const [againOne, againTwo] = await Promise.all([client.get(lastOne), client.get(lastTwo)]);
    await Promise.all([againOne.ended, againTwo.ended]);
    expect(JSON.stringify(messages(againOne))).toMatch(/^(?=.*first)(?!.*second)/);
    expect(JSON.stringify(messages(againTwo))).toMatch(/^(?=.*second)(?!.*first)/);
    expect([againOne.events.length, againTwo.events.length]).toEqual([1, 1]);
  });

  it('is forgotten some minutes after its end', async () => {
    const client = await Client.start();
    const reading = await client.stream();
    call.finish();
    await reading.ended;
    const [, progressed] = reading.ids;
    await clock.advance(240_000);
    const again = await client.get(progressed);
    await again.ended;
    expect(messages(again)).toMatchObject([{ id: 7 }]);
    await clock.advance(400_000);
    const late = await client.get(progressed);
    expect(late.status).toBe(400);
    await late.ended;
  });

  it('ends with a call that is taken back meanwhile', async () => {
    const client = await Client.start();
    const last = await cut(await client.stream());
    await (await client.post(notification('notifications/cancelled', { requestId: 7 }) as never)).ended;
    const again = await client.get(last);
    await again.ended;
    expect(messages(again)).toEqual([]);
  });

  it('is not there for a client that never got an id', async () => {
    const client = await Client.start('2025-06-18');
    const opening = client.post(CALL);
    await until(() => call !== undefined && harness.gateway.calls.at(-1)?.method === 'tools/call', 'the call');
    await clock.advance(1_000);
    await cut(await opening);
    expect(await call.ask()).toMatchObject({ error: { code: -32603 } });
  });

  it('is replaced by a plain answer where that is quick, which cannot be resumed', async () => {
    const client = await Client.start();
    const reply = await client.post(legacy('ping'));
    await reply.ended;
    expect(reply.text()).toBe('{"jsonrpc":"2.0","id":1,"result":{}}');
  });
});

it('a client that leaves before its plain answer leaves nothing behind', async () => {
  const client = await Client.start();
  const aborter = new AbortController();
  const within = { 'mcp-session-id': client.id };
  const left = open(mcp, { headers: within, body: CALL, signal: aborter.signal }).catch((error: Error) => error.name);
  await until(() => harness.gateway.calls.at(-1)?.method === 'tools/call', 'the call');
  aborter.abort();
  expect(await left).toBe('AbortError');
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await call.ask()).toMatchObject({ error: { message: expect.stringContaining('could not be reached') as string } });
  call.finish();
  // An idle session is looked after by one timer.
  await until(() => clock.pending === 1, 'the timers of the call are gone');
  const refused = await client.get(`${client.id.slice(0, 8)}-1-0`);
  expect(refused.status).toBe(400);
});

it('SSE alone is enough for a client, and what it gets has ids too', async () => {
  const reply = await open(mcp, { headers: { accept: 'text/event-stream' }, body: initialize() });
  await reply.ended;
  expect([messages(reply).length, reply.ids.length]).toEqual([1, 2]);
});

describe('a question on a stream that broke', () => {
  it('waits for the client, which answers it by a POST', async () => {
    const client = await Client.start();
    const last = await cut(await client.stream());
    const outcome = call.ask();
    const again = await client.get(last);
    await until(() => again.events.length === 1, 'the question');
    const [question] = messages(again);
    expect(question).toMatchObject({ method: 'roots/list' });
    await (await client.post({ jsonrpc: '2.0', id: question?.['id'] ?? null, result: { roots: [] } })).ended;
    expect(await outcome).toEqual({ result: { roots: [] } });
    call.finish();
    await again.ended;
    expect(messages(again)[1]).toMatchObject({ id: 7 });
  });

  it('is sent again when the connection broke before it was read', async () => {
    const client = await Client.start();
    const stream = await client.stream();
    const before = stream.ids.at(-1);
    const outcome = call.ask();
    await until(() => stream.events.length === 2, 'the question');
    await cut(stream);
    const again = await client.get(before);
    await until(() => again.events.length === 1, 'the question again');
    expect(messages(again)[0]).toEqual(messages(stream)[1]);
    await (await client.post({ jsonrpc: '2.0', id: messages(again)[0]?.['id'] ?? null, result: { roots: [] } })).ended;
    expect(await outcome).toEqual({ result: { roots: [] } });
  });

  it('fails at its own deadline, and with the session', async () => {
    const client = await Client.start();
    await cut(await client.stream());
    const late = call.ask();
    await clock.advance(600_000);
    expect(await late).toMatchObject({ error: { message: expect.stringContaining('10 minutes') as string } });
    const lost = call.ask();
    await send(mcp, { method: 'DELETE', headers: { 'mcp-session-id': client.id } });
    expect(await lost).toMatchObject({ error: { code: -32603 } });
  });
});

describe('the stream of the session', () => {
  it('goes on where it broke, with what was missed, in order and once', async () => {
    const client = await Client.start();
    const stream = await client.get();
    feed().send(log(1) as never);
    await until(() => stream.events.length === 1, 'the first');
    const last = await cut(stream);
    for (const data of [2, 3]) feed().send(log(data) as never);
    const again = await client.get(last);
    feed().send(log(4) as never);
    await until(() => again.events.length === 3, 'the rest');
    expect(logged(again)).toEqual([2, 3, 4]);
    expect((await client.get()).status).toBe(409);
    const third = await client.get(again.ids[0]);
    await again.ended;
    await until(() => third.events.length === 2, 'what came after');
    expect(logged(third)).toEqual([3, 4]);
    expect(new Set([...stream.ids, ...again.ids]).size).toBe(stream.ids.length + again.ids.length);
    third.close();
  });

  it('gives a client without an id what no connection had, and says a change once', async () => {
    const client = await Client.start();
    const stream = await client.get();
    feed().send(log(1) as never);
    await until(() => stream.events.length === 1, 'the first');
    await cut(stream);
    for (const data of [2, 3]) {
      feed().send(notification('notifications/tools/list_changed'));
      feed().send(notification('notifications/resources/updated', { uri: 'a:1' }));
      feed().send(notification('notifications/resources/updated', { uri: `b:${data}` }));
    }
    const again = await client.get();
    await until(() => again.events.length === 4, 'what was kept');
    expect(messages(again).map(({ method, params }) => (params as JsonObject)?.['uri'] ?? method)).toEqual([
      'notifications/tools/list_changed',
      'a:1',
      'b:2',
      'b:3',
    ]);
    again.close();
  });

  it('keeps the newest 256 events', async () => {
    const client = await Client.start();
    const stream = await client.get();
    const last = await cut(stream);
    for (let data = 0; data < 300; data += 1) feed().send(log(data) as never);
    const again = await client.get(last);
    await until(() => again.events.length === 256, 'all that is kept');
    expect([logged(again)[0], logged(again).at(-1)]).toEqual([44, 299]);
    again.close();
  });
});

it('a client that does not read is dropped, and comes back for what is kept', async () => {
  const client = await Client.start();
  const { port } = harness.server.address() as { port: number };
  const stalled = connect(port, '127.0.0.1').on('error', () => {});
  const closed = new Promise((resolve) => stalled.on('close', resolve));
  stalled.write(`GET /mcp HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${client.id}\r\n\r\n`);
  await new Promise((resolve) => stalled.once('data', resolve));
  stalled.pause();
  const padding = 'x'.repeat(100_000);
  for (let data = 0; data < 300; data += 1) {
    feed().send(notification('notifications/message', { level: 'info', data, padding }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  stalled.resume();
  await closed;
  const again = await client.get(`${client.id.slice(0, 8)}-0-1`);
  await until(() => again.events.length === 41, 'what is kept');
  expect(logged(again)).toEqual(Array.from({ length: 41 }, (_, at) => 259 + at));
  again.close();
});

describe('a Last-Event-ID', () => {
  it('that this session never gave is refused', async () => {
    const [one, other] = [await Client.start(), await Client.start()];
    const last = await cut(await one.stream());
    call.finish('secret');
    expect((await other.get(last)).status).toBe(400);
    const tag = last.slice(0, last.indexOf('-'));
    for (const id of ['x', `${tag}-1-99`, `${tag}-9-1`, `${tag}-1`, `${tag}-1-1-1`, `${tag}-1--1`, `${tag}-1-1e1`, '-', '__proto__']) {
      const refused = await one.get(id);
      expect(refused.status, id).toBe(400);
      await refused.ended;
    }
    const unknown = await open(mcp, { method: 'GET', headers: { 'mcp-session-id': 'nope', 'last-event-id': last } });
    expect(unknown.status).toBe(404);
  });

  it('is not for modern clients, whose streams have no ids', async () => {
    const opening = open(mcp, modern('tools/call', { name: 'a' }));
    await until(() => harness.gateway.calls.length === 1, 'the call');
    call.notify({ progressToken: 1, progress: 1 });
    const stream = await opening;
    await until(() => stream.events.length === 1, 'progress');
    call.finish();
    await stream.ended;
    expect([stream.ids, stream.retries]).toEqual([[], []]);
  });
});

it('what is too large to be kept leaves an error in its place', async () => {
  const client = await Client.start();
  const last = await cut(await client.stream());
  call.finish('x'.repeat(5 * 1024 * 1024));
  const again = await client.get(last);
  await again.ended;
  expect(messages(again)).toMatchObject([{ id: 7, error: { code: -32603, message: expect.stringContaining('too large') as string } }]);
});

it('an ended session keeps nothing, and its streams end', async () => {
  const id = await startSession(mcp);
  const client = new Client(id);
  const stream = await client.get();
  const called = await client.stream();
  await send(mcp, { method: 'DELETE', headers: { 'mcp-session-id': id } });
  await Promise.all([stream.ended, called.ended]);
  expect(clock.pending).toBe(0);
});
