import type { CancelSignal } from '../../src/base/index.ts';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notification } from '../../src/protocol/index.ts';
import { legacyResult } from '../support/fake-gateway.ts';
import { type Harness, initialize, legacy, modern, open, send, startHarness, startSession, until } from './harness.ts';

let harness: Harness;
let mcp: string;
beforeEach(async () => {
  harness = await startHarness({ maxBodyBytes: 100_000 });
  mcp = `${harness.url}/mcp`;
});
afterEach(() => harness.close());

it('answers HEAD at once, and refuses other methods by name', async () => {
  expect(await send(mcp, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  for (const method of ['PUT', 'PATCH', 'OPTIONS']) {
    const reply = await send(mcp, { method });
    expect(reply).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST, DELETE' }, json: { error: { code: -32600 } } });
  }
  const get = await send(mcp, { method: 'GET', headers: { accept: 'text/html,*/*' } });
  expect(get).toMatchObject({ status: 405, headers: { allow: 'POST, DELETE' } });
  const modernGet = { accept: 'text/event-stream', 'mcp-protocol-version': '2026-07-28' };
  expect(await send(mcp, { method: 'GET', headers: modernGet })).toMatchObject({ status: 405, headers: { allow: 'POST, DELETE' } });
});

it('says that a server is not configured', async () => {
  const reply = await send(`${harness.url}/mcp/nobody`, modern('tools/list'));
  expect([reply.status, reply.json]).toMatchObject([404, { error: { message: expect.stringContaining('"nobody"') } }]);
});

it('answers the very request that was posted to a server that is not configured, with the closest one', async () => {
  harness.gateway.servers.add('everything');
  const url = `${harness.url}/mcp/evrything`;
  const message = 'No server named "evrything" is configured. Did you mean "everything"?';
  const refusal = { error: { code: -32602, message } };
  expect(await send(url, modern('tools/list', {}, {}, 'seven'))).toMatchObject({ status: 404, json: { id: 'seven', ...refusal } });
  const ping = legacy('ping', {}, 7);
  expect(await send(url, { body: ping })).toMatchObject({ status: 404, json: { id: 7, ...refusal } });
  expect(await send(url, { body: [ping] })).toMatchObject({ status: 404, json: { id: null, ...refusal } });
  expect(await send(url, { method: 'GET', headers: { accept: 'text/event-stream' } })).toMatchObject({
    status: 404,
    json: { id: null, ...refusal },
  });
});

describe('bodies', () => {
  it.each([
    ['{', 400, -32700],
    ['', 400, -32700],
    ['null', 400, -32600],
    ['7', 400, -32600],
    ['{"jsonrpc":"2.0"}', 400, -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, -32600],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', 400, -32600],
    ['[]', 400, -32600],
  ])('%s', async (text, status, code) => {
    const reply = await send(mcp, { body: Buffer.from(text) });
    expect([reply.status, reply.json]).toMatchObject([status, { jsonrpc: '2.0', error: { code } }]);
  });

  it('repeat the id of what is no request', async () => {
    expect((await send(mcp, { body: { id: 'x', method: 'ping' } })).json).toMatchObject({ id: 'x', error: { code: -32600 } });
  });

  it.each([
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/jsonx' },
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
  ])('are JSON: %j', async (headers) => {
    const reply = await send(mcp, { headers: headers as Record<string, string>, body: initialize() });
    expect([reply.status, reply.json]).toMatchObject([415, { error: { code: -32600 } }]);
  });

  it('may have parameters in their type', async () => {
    expect((await send(mcp, { headers: { 'content-type': 'application/json; charset=utf-8' }, body: initialize() })).status).toBe(200);
  });

  it('have a limit that the answer names, also without a length', async () => {
    const body = Buffer.from(JSON.stringify(legacy('ping', { x: 'y'.repeat(3_000_000) })));
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }] as Record<string, string>[]) {
      const reply = await send(mcp, { body, headers });
      expect(reply.status).toBe(413);
      expect(reply.json).toMatchObject({ error: { message: expect.stringMatching(/100000.*maxBodySize/), data: { limit: 100_000 } } });
    }
  });

  it('that announce themselves as too large are refused before they come', async () => {
    const { port } = new URL(harness.url);
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    let text = '';
    socket.on('data', (chunk: string) => (text += chunk));
    socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100001\r\n\r\n{');
    await until(() => text.includes('maxBodySize'), 'a refusal');
    expect(text).toMatch(/^HTTP\/1\.1 413 .*connection: close/is);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('x'.repeat(100_000));
    await closed;
  });

  it('may stop coming', async () => {
    const { port } = new URL(harness.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"json');
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.destroy();
    expect((await send(mcp, modern('server/discover'))).status).toBe(200);
  });
});

it('serves both eras on one URL at the same time', async () => {
  const session = await startSession(mcp);
  harness.gateway.on('tools/call', async (call) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    return legacyResult({ content: [], era: call.downstream.era, name: call.params?.['name'] });
  });
  const asks = Array.from({ length: 60 }, async (_, at) => {
    const name = `t${at}`;
    const isModern = at % 2 === 0;
    const headers = { 'mcp-session-id': session };
    const { json } = await send(mcp, isModern ? modern('tools/call', { name }) : { headers, body: legacy('tools/call', { name }, at) });
    expect(json['result']).toMatchObject({ name, era: isModern ? 'modern' : 'legacy' });
    expect(json['id']).toBe(isModern ? 1 : at);
  });
  await Promise.all(asks);
});

it('drops the stream of a client that does not read', async () => {
  let signal: CancelSignal | undefined;
  let events = 0;
  const event = notification('notifications/progress', { progressToken: 1, progress: 1, message: 'x'.repeat(64 * 1024) });
  harness.gateway.on('tools/call', async (call) => {
    signal = call.signal;
    while (!call.signal.aborted) {
      call.notify(event);
      events += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return legacyResult({ content: [] });
  });
  const { port } = new URL(harness.url);
  const { headers, body } = modern('tools/call', { name: 'a' });
  const text = JSON.stringify(body);
  const lines = Object.entries({ ...headers, accept: 'application/json, text/event-stream', 'content-type': 'application/json' });
  const socket = connect(Number(port), '127.0.0.1').on('error', () => {
    // Expected: the hub resets the connection.
  });
  socket.pause();
  socket.write(`POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${text.length}\r\n`);
  socket.write(`${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${text}`);
  await until(() => signal?.aborted === true, 'the call is cancelled');
  // What the hub and the system's own buffers hold, not what the server would have sent.
  expect(events).toBeLessThan(1_000);
  socket.destroy();
});

it('does not count strays', async () => {
  const stray = await open(mcp, { method: 'GET' });
  await send(mcp, { body: legacy('server/discover') });
  await send(mcp, modern('server/discover'));
  expect(harness.endpoint.clientCount).toBe(0);
  stray.close();
});
