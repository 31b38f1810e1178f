import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue, Outcome, ServerRequest } from '../../src/protocol/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { legacyResult, modernResult } from '../support/fake-gateway.ts';
import { type Harness, initialize, legacy, modern, open, type Reading, send, startHarness, until } from './harness.ts';

let harness: Harness;
let mcp: string;
let outcomes: Outcome[];
let question: ServerRequest;
beforeEach(async () => {
  harness = await startHarness({ clock: new FakeClock() });
  mcp = `${harness.url}/mcp`;
  outcomes = [];
  question = { method: 'elicitation/create', params: { message: 'Who?', 'x-new': { kept: [1] } } };
  harness.gateway.on('tools/call', async ({ ask }) => {
    const outcome = await ask?.(question, new AbortController().signal);
    if (outcome) outcomes.push(outcome);
    return legacyResult({ content: [] });
  });
});
afterEach(() => harness.close());

const capabilities = { elicitation: {}, roots: {} };
const hello = (declared: JsonObject = capabilities): JsonObject => {
  const message = initialize();
  return { ...message, params: { ...(message['params'] as JsonObject), capabilities: declared } };
};

async function session(declared?: JsonObject): Promise<(body: JsonValue, more?: Record<string, string>) => Promise<Reading>> {
  const { headers } = await send(mcp, { body: hello(declared) });
  const id = String(headers['mcp-session-id']);
  return (body, more = {}) => open(mcp, { headers: { 'mcp-session-id': id, ...more }, body });
}

const sent = ({ events }: Reading): JsonObject[] => events.filter(({ data }) => data.startsWith('{')).map(({ data }) => JSON.parse(data));
const asked = async (stream: Reading): Promise<JsonObject> => {
  await until(() => sent(stream).length > 0, 'the question');
  return sent(stream)[0] ?? {};
};
const call = legacy('tools/call', { name: 'a' });

describe('a question to a legacy client', () => {
  it('goes out on the stream of its call, and its answer may come by any POST of the session', async () => {
    const post = await session();
    const stream = await post(call);
    const { id, ...rest } = await asked(stream);
    expect(rest).toEqual({ jsonrpc: '2.0', ...question });
    const answered = await post({ jsonrpc: '2.0', id: id ?? null, result: { action: 'accept', content: { a: 1 }, 'x-new': 1 } });
    expect(answered.status).toBe(202);
    await stream.ended;
    expect(outcomes).toEqual([{ result: { action: 'accept', content: { a: 1 }, 'x-new': 1 } }]);
    expect(sent(stream)[1]).toEqual({ jsonrpc: '2.0', id: 1, result: { content: [] } });
  });

  it('is not answered from another session', async () => {
    const [one, other] = [await session(), await session()];
    const stream = await one(call);
    const { id } = await asked(stream);
    const forged = await other({ jsonrpc: '2.0', id: id ?? null, result: { action: 'accept' } });
    expect(forged.status).toBe(202);
    await one({ jsonrpc: '2.0', id: id ?? null, result: { action: 'decline' } });
    await stream.ended;
    expect(outcomes).toEqual([{ result: { action: 'decline' } }]);
  });

  it('is refused in words when the client declared no such capability, and nothing is sent', async () => {
    const post = await session({ roots: {} });
    const stream = await post(call);
    await stream.ended;
    expect(stream.headers['content-type']).toBe('application/json');
    expect(outcomes).toMatchObject([{ error: { code: -32601, message: expect.stringContaining('"elicitation.form"') as string } }]);
  });

  it('is refused when the client reads no streams', async () => {
    const post = await session();
    await (await post(call, { accept: 'application/json' })).ended;
    expect(outcomes).toMatchObject([{ error: { code: -32603 } }]);
  });

  it('is taken back with its call', async () => {
    const post = await session();
    const stream = await post(call);
    const { id } = await asked(stream);
    await (await post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })).ended;
    await stream.ended;
    expect(sent(stream)[1]).toMatchObject({ method: 'notifications/cancelled', params: { requestId: id } });
    expect(sent(stream)).toHaveLength(2);
    await until(() => outcomes.length === 1, 'the server is told');
    expect(outcomes).toMatchObject([{ error: { code: -32603 } }]);
  });

  it('is taken back when the session ends', async () => {
    const { headers } = await send(mcp, { body: hello() });
    const within = { 'mcp-session-id': String(headers['mcp-session-id']) };
    const stream = await open(mcp, { headers: within, body: call });
    await asked(stream);
    await send(mcp, { method: 'DELETE', headers: within });
    await until(() => outcomes.length === 1, 'the server is told');
    await stream.ended;
    expect(outcomes).toMatchObject([{ error: { code: -32603 } }]);
  });

  it('can still be answered when the stream of the call broke', async () => {
    const post = await session();
    const stream = await post(call);
    const { id } = await asked(stream);
    stream.close();
    await stream.ended;
    await (await post({ jsonrpc: '2.0', id: id ?? null, result: { action: 'accept' } })).ended;
    await until(() => outcomes.length === 1, 'the answer arrives');
    expect(outcomes).toEqual([{ result: { action: 'accept' } }]);
  });

  it('travels on the one stream of the old transport', async () => {
    const stream = await open(`${harness.url}/sse`, { method: 'GET' });
    await until(() => stream.events.length === 1, 'the endpoint');
    const endpoint = new URL(stream.events[0]?.data ?? '', harness.url).href;
    await send(endpoint, { body: hello() });
    await until(() => sent(stream).length === 1, 'the handshake');
    await send(endpoint, { body: call });
    await until(() => sent(stream).length === 2, 'the question');
    expect(sent(stream)[1]).toMatchObject({ ...question });
    const answer = await send(endpoint, { body: { jsonrpc: '2.0', id: sent(stream)[1]?.['id'] ?? null, result: { action: 'accept' } } });
    expect(answer.status).toBe(202);
    await until(() => sent(stream).length === 3, 'the result');
    expect(outcomes).toEqual([{ result: { action: 'accept' } }]);
    stream.close();
  });
});

it('a modern client cannot be asked', async () => {
  harness.gateway.on('tools/call', ({ ask }) => modernResult({ asked: ask !== undefined }));
  const { json } = await send(mcp, modern('tools/call', { name: 'a' }));
  expect(json).toMatchObject({ result: { asked: false } });
});
