import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modern, open, send } from '../downstream/harness.ts';
import { at, CLIENT_ERAS, connectClient } from '../support/era-pairs.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { RawClient } from '../support/raw-client.ts';
import { stdioRecorder } from '../support/recorder.ts';

const MEGABYTE = 1024 * 1024;

let hub: RunningHub;
beforeAll(async () => {
  const mcpServers = {
    big: fixture('big.mjs'),
    echo: fixture('echo.mjs'),
    grows: fixture('changes-list.mjs'),
    rec: stdioRecorder('rec', 'legacy'),
  };
  hub = await runHub({ mcpServers });
});
afterAll(() => hub.stop());

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe.each(CLIENT_ERAS)('for a %s client', (era) => {
  it.each([
    ['ASCII', false, 'x'.repeat(10 * MEGABYTE)],
    ['three-byte characters', true, '€'.repeat(Math.floor((10 * MEGABYTE) / 3))],
  ])('a result of 10 MB of %s passes byte for byte', async (_what, wide, expected) => {
    const { client, close } = await connectClient(hub.url, era);
    const result = await client.callTool({ name: 'big__big', arguments: { bytes: 10 * MEGABYTE, wide } });
    await close();
    const text = String(at(result.content[0], 'text'));
    expect([text.length, sha256(text)]).toEqual([expected.length, sha256(expected)]);
  });

  it('an argument of 200 KB passes', async () => {
    const { client, close } = await connectClient(hub.url, era);
    const said = 'ü'.repeat(100 * 1024);
    const result = await client.callTool({ name: 'echo__echo', arguments: { text: said } });
    await close();
    expect(sha256(String(at(result.content[0], 'text')))).toBe(sha256(said));
  });

  it('a body of 9 MB is answered with a JSON-RPC error that names the setting, and the next request is served', async () => {
    const client = await RawClient.connect(hub.url, era);
    const { status, response } = await client.request('tools/call', { name: 'echo__echo', arguments: { text: 'x'.repeat(9 * MEGABYTE) } });
    expect(status).toBe(413);
    expect(response).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: expect.any(Number) as unknown } });
    expect(at(response, 'error', 'message')).toContain('maxBodySize');
    const after = await client.request('tools/call', { name: 'echo__echo', arguments: { text: 'still here' } });
    expect(after.response).toMatchObject({ result: { content: [{ type: 'text', text: 'still here' }] } });
    await client.close();
  });
});

it.each([
  [2048, 1000, 200],
  [2048, 2000, 413],
  [10 * MEGABYTE, 9 * MEGABYTE, 200],
])('with a maxBodySize of %i, a text of %i bytes is answered with %i', async (maxBodySize, bytes, expected) => {
  const other = await runHub({ mcpServers: { echo: fixture('echo.mjs') }, maxBodySize });
  const { status } = await send(other.url, modern('tools/call', { name: 'echo__echo', arguments: { text: 'x'.repeat(bytes) } }));
  await other.stop();
  expect(status).toBe(expected);
});

describe('a client that does not read', () => {
  /** Sends a request on a socket that is never read. */
  function deaf(sent: ReturnType<typeof modern>) {
    const { hostname, port } = new URL(hub.url);
    const socket = connect(Number(port), hostname).pause();
    const body = JSON.stringify(sent.body);
    const given = { host: 'localhost', 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...sent.headers };
    const headers = Object.entries({ ...given, 'content-length': String(Buffer.byteLength(body)) });
    socket.write(`POST /mcp HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
    return socket;
  }

  it('its answer stops nobody else', async () => {
    const sockets = Array.from({ length: 3 }, () => deaf(modern('tools/call', { name: 'big__big', arguments: { bytes: 10 * MEGABYTE } })));
    const { client, close } = await connectClient(hub.url, 'legacy');
    for (const server of ['echo__echo', 'grows__echo']) {
      const result = await client.callTool({ name: server, arguments: { text: 'here' } });
      expect(result.content).toEqual([{ type: 'text', text: 'here' }]);
    }
    const big = await client.callTool({ name: 'big__big', arguments: { bytes: MEGABYTE } });
    expect(String(at(big.content[0], 'text'))).toHaveLength(MEGABYTE);
    await close();
    for (const socket of sockets) socket.destroy();
  });

  it('its call is taken back when too much waits for it', async () => {
    const params = { name: 'rec__steps', arguments: { who: 'x'.repeat(200_000), steps: 1000 } };
    const socket = deaf(modern('tools/call', params, { progressToken: 1 }));
    const { client, close } = await connectClient(hub.url, 'modern');
    const cancelled = async () => {
      const recorded = await client.callTool({ name: 'rec__recorded', arguments: { method: 'notifications/cancelled' } });
      return (at(recorded.structuredContent, 'seen') as unknown[]).length;
    };
    await expect.poll(cancelled, { timeout: 30_000, interval: 100 }).toBe(1);
    await close();
    socket.destroy();
  });

  it('its stream of changes stops neither the changes of others nor the server', async () => {
    const socket = deaf(modern('subscriptions/listen', { notifications: { toolsListChanged: true } }));
    const listening = await open(hub.url, modern('subscriptions/listen', { notifications: { toolsListChanged: true } }, {}, 'mine'));
    const methods = () => listening.events.map(({ data }) => at(JSON.parse(data), 'method'));
    await expect.poll(methods).toEqual(['notifications/subscriptions/acknowledged']);
    await send(hub.url, modern('tools/call', { name: 'grows__grow', arguments: {} }));
    await expect.poll(methods).toContain('notifications/tools/list_changed');
    listening.close();
    socket.destroy();
  });
});

describe('a foreign page', () => {
  /** `fetch` does not let a caller choose these headers. */
  const statusOf = (path: string, headers: Record<string, string>, method = 'POST'): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(modern('tools/list').body);
      const all = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...modern('tools/list').headers,
        ...headers,
      };
      const req = httpRequest(hub.origin + path, { method, headers: all, agent: false }, (res) => {
        res.resume().on('end', () => resolve(res.statusCode));
      });
      req.on('error', reject);
      req.end(method === 'POST' ? body : undefined);
    });

  it.each(['/mcp', '/mcp/echo'])('is refused at %s', async (path) => {
    expect(await statusOf(path, { host: 'evil.example' })).toBe(403);
    expect(await statusOf(path, { host: '127.0.0.1.evil.example:80' })).toBe(403);
    expect(await statusOf(path, { origin: 'https://evil.example' })).toBe(403);
    expect(await statusOf(path, { origin: 'null' })).toBe(403);
    expect(await statusOf(path, { origin: 'http://localhost:5173' })).toBe(200);
    expect(await statusOf(path, {})).toBe(200);
  });

  it('is refused everywhere else too', async () => {
    for (const path of ['/api/health', '/sse', '/', '/nowhere']) {
      expect(await statusOf(path, { origin: 'https://evil.example' }, 'GET')).toBe(403);
    }
  });
});
