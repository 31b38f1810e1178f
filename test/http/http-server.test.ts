import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isHubError, silentLogger, systemClock } from '../../src/base/index.ts';
import { Endpoint } from '../../src/downstream/index.ts';
import { HttpServer, MESSAGES_PATH } from '../../src/http/index.ts';
import { initialize, modern, open, send, until } from '../downstream/harness.ts';
import { eventLog, readEvents } from '../support/event-readers.ts';
import { FakeGateway } from '../support/fake-gateway.ts';
import { MemoryManagement } from '../support/memory-management.ts';

const running: HttpServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function start(options: { host?: string; port?: number; health?: () => object } = {}) {
  const gateway = new FakeGateway();
  const base = { clock: systemClock, logger: silentLogger };
  const limits = { maxBodyBytes: 100_000, sessionIdleTimeoutMs: 60_000, maxSessions: 1_000, shutdownTimeoutMs: 0 };
  const endpoint = new Endpoint({ ...base, gateway, serverInfo: { name: 'x' }, limits: () => limits, messagesPath: MESSAGES_PATH });
  const answer = options.health ?? (() => ({ status: 'ok' }));
  const server = new HttpServer({
    ...base,
    endpoint,
    management: Object.assign(new MemoryManagement(), { health: async () => answer(), events: eventLog() }),
    version: '0.0.0-test',
    maxBodyBytes: () => limits.maxBodyBytes,
    allowedHosts: () => ['Hub.example'],
    host: options.host ?? 'localhost',
    port: options.port ?? 0,
  });
  running.push(server);
  const { port, addresses } = await server.start();
  return { gateway, endpoint, server, port, addresses, url: `http://127.0.0.1:${port}` };
}

const get = (url: string, headers: Record<string, string> = {}) =>
  send(url, { method: 'GET', headers: { accept: 'application/json', ...headers } });

describe('listening', () => {
  it('is on both loopback addresses, on one port', async () => {
    const { addresses, port } = await start();
    expect(addresses[0]).toBe('127.0.0.1');
    for (const address of addresses) {
      const host = address.includes(':') ? `[${address}]` : address;
      expect((await get(`http://${host}:${port}/`)).status).toBe(200);
    }
  });

  it('may be on another address', async () => {
    const { addresses } = await start({ host: '0.0.0.0' });
    expect(addresses).toEqual(['0.0.0.0']);
  });

  it('says that the port is in use, on either address', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const other = createServer();
      const isOpen = await new Promise<boolean>((resolve) => {
        other.once('error', () => resolve(false));
        other.listen(0, host, () => resolve(true));
      });
      if (!isOpen) continue;
      const { port } = other.address() as AddressInfo;
      const failed = await start({ port }).catch((error: unknown) => error);
      await new Promise((resolve) => other.close(resolve));
      expect(isHubError(failed, 'PORT_IN_USE') && failed.details).toMatchObject({ port });
      const again = await start({ port });
      expect(again.port).toBe(port);
      await again.server.close();
    }
  });

  it('says why an address cannot be bound', async () => {
    const failed = await start({ host: '192.0.2.1' }).catch((error: unknown) => error);
    expect(isHubError(failed, 'CONNECTION_ERROR')).toBe(true);
  });
});

describe('the guard', () => {
  it.each([
    [{}, true],
    [{ host: 'localhost:1' }, true],
    [{ host: '[::1]:99' }, true],
    [{ host: 'LOCALHOST' }, true],
    [{ host: 'hub.example:80' }, true],
    [{ host: 'evil.example' }, false],
    [{ host: 'localhost.evil.example' }, false],
    [{ host: 'evil.example#@localhost' }, false],
    [{ host: 'user@localhost' }, false],
    [{ origin: 'http://localhost:5173' }, true],
    [{ origin: 'https://hub.example' }, true],
    [{ origin: 'http://[::1]:3000' }, true],
    [{ origin: 'http://evil.example' }, false],
    [{ origin: 'null' }, false],
    [{ origin: 'localhost' }, false],
    [{ origin: 'http://localhost.evil.example' }, false],
  ] as [Record<string, string>, boolean][])('%j: %s', async (headers, allowed) => {
    const { url } = await start();
    const rest = await get(`${url}/api/health`, headers);
    const mcp = await send(`${url}/mcp`, { body: initialize(), headers });
    const sse = await open(`${url}/sse`, { method: 'GET', headers });
    sse.close();
    expect([rest.status, mcp.status, sse.status]).toEqual(allowed ? [200, 200, 200] : [403, 403, 403]);
    if (allowed) return;
    expect(rest.json).toMatchObject({ code: 'FORBIDDEN', error: expect.any(String), data: {}, timestamp: expect.any(String) });
    expect(mcp.json).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32600 } });
  });
});

/** What browsers send for images, scripts, links and frames: no `Origin`. */
describe('a page of another site', () => {
  const page = (site: string, more: Record<string, string> = {}): Record<string, string> => ({ 'sec-fetch-site': site, ...more });
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  it.each([
    ['/api/refresh', page('cross-site', { 'sec-fetch-mode': 'no-cors' }), 403],
    ['/api/refresh', page('cross-site', navigation), 403],
    ['/api/refresh', page('Cross-Site'), 403],
    ['/api/refresh', page('same-site', { host: 'hub.example' }), 403],
    ['/api/health', page('cross-site', { 'sec-fetch-mode': 'no-cors' }), 403],
    ['/api/events', page('cross-site', { 'sec-fetch-mode': 'no-cors' }), 403],
    ['/sse', page('cross-site', { 'sec-fetch-mode': 'no-cors' }), 403],
    ['/api/oauth/callback?code=a', page('cross-site', { 'sec-fetch-mode': 'no-cors' }), 403],
    ['/api/oauth/callback?code=a', page('cross-site', { ...navigation, 'sec-fetch-dest': 'iframe' }), 403],
    ['/api/oauth/callback', page('cross-site', navigation), 400],
    ['/api/oauth/callback?code=a', page('cross-site', { ...navigation, 'sec-fetch-dest': 'object' }), 403],
    ['/api/oauth/callback?code=a', page('cross-site', { ...navigation, origin: 'http://localhost:5173' }), 403],
    ['/api/oauth/callback', page('same-site', navigation), 400],
    ['/api/refresh', page('same-site'), 403],
    ['/api/refresh', page('same-site', { origin: 'http://localhost:5173' }), 403],
    ['/api/refresh', page('cross-site', { origin: 'http://127.0.0.1:5173' }), 403],
    ['/api/refresh', page('same-site', { host: 'hub.example', origin: 'http://hub.example:5173' }), 403],
    ['/api/refresh', page('same-origin', { origin: 'http://localhost:5173' }), 200],
    ['/api/refresh', { 'sec-websocket-key': 'a', origin: 'http://localhost:5173', host: 'localhost:37373' }, 403],
    ['/api/refresh', { 'sec-websocket-key': 'a', origin: 'http://localhost:37373', host: 'localhost:37373' }, 200],
    ['/api/refresh', { 'sec-websocket-key': 'a' }, 200],
    ['/api/refresh', page('same-origin'), 200],
    ['/api/refresh', page('none', navigation), 200],
    ['/api/health', page('cross-site', { origin: 'https://hub.example', 'sec-fetch-mode': 'cors' }), 200],
  ] as [string, Record<string, string>, number][])('%s with %j: %d', async (path, headers, status) => {
    const { url } = await start();
    expect((await get(`${url}${path}`, headers)).status).toBe(status);
  });

  it.each(['/api/refresh', '/api/oauth/callback?code=a&state=b'])('has no HEAD of %s, which would do what GET does', async (path) => {
    const { url } = await start();
    const { status, headers } = await send(`${url}${path}`, { method: 'HEAD' });
    expect([status, headers['allow']]).toEqual([405, expect.not.stringContaining('HEAD')]);
  });

  it.each(['/api/health', '/api/nothing', '/api/oauth/callback', '/api/openapi.json'])(
    'can make nothing of an answer to %s',
    async (path) => {
      const { url } = await start();
      for (const headers of [{}, { host: 'evil.example' }]) {
        expect((await get(`${url}${path}`, headers)).headers).toMatchObject({
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'cache-control': 'no-store',
          'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
          'cross-origin-resource-policy': 'same-origin',
        });
      }
    },
  );
});

describe('routes', () => {
  it('are MCP, for all servers and for one', async () => {
    const { url, gateway } = await start();
    for (const path of ['/mcp', '/mcp/', '/mcp/two%20words', '/mcp?x=1']) {
      expect((await send(`${url}${path}`, modern('server/discover'))).status).toBe(200);
    }
    expect(gateway.calls.map(({ scope }) => ('id' in scope ? scope.id : ''))).toEqual(['', '', 'two words', '']);
    expect((await send(`${url}/mcp/nobody`, modern('server/discover'))).json).toMatchObject({ jsonrpc: '2.0', error: { code: -32602 } });
    const stream = await open(`${url}/sse`, { method: 'GET' });
    await until(() => stream.events.length === 1, 'the endpoint event');
    expect((await send(`${url}${stream.events[0]?.data}`, { body: initialize() })).status).toBe(202);
    stream.close();
  });

  it.each([
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-authorization-server/mcp',
    '/mcp/.well-known/openid-configuration',
    '/mcp/.well-known',
    '/mcp/%E0%A4%A',
    '/mcp/a/b',
    '/nothing',
  ])('%s is a JSON 404', async (path) => {
    const { url } = await start();
    const reply = await get(`${url}${path}`);
    expect([reply.status, reply.headers['content-type']]).toEqual([404, 'application/json']);
  });

  it('have a hint at the root', async () => {
    const { url } = await start();
    expect((await get(`${url}/`)).json).toMatchObject({ mcp: '/mcp' });
  });

  it('are REST under /api, in its own shape of errors', async () => {
    const { url } = await start({ health: () => ({ status: 'ok', version: '4.2.1' }) });
    const health = await get(`${url}/api/health`);
    expect([health.status, JSON.parse(health.text)]).toMatchObject([200, { status: 'ok', version: '4.2.1' }]);
    for (const path of ['/api', '/api/', '/api/nothing', '/api/%E0%A4%A']) {
      const reply = await get(`${url}${path}`);
      expect(reply.status).toBe(404);
      expect(Object.keys(JSON.parse(reply.text)).sort()).toEqual(['code', 'data', 'error', 'timestamp']);
      expect(reply.headers['x-powered-by']).toBeUndefined();
    }
  });

  it('are the events, behind the guard, with readers that show in the health', async () => {
    const { url, server } = await start();
    const readers = [await readEvents(url), await readEvents(url, { path: '/api/events/?x=1' })];
    await until(() => readers.every(({ blocks }) => blocks[0]?.event === 'hub_state'), 'the first blocks');
    expect(server.eventReaders).toMatchObject({ count: 2, opened: 2 });
    const health = JSON.parse((await get(`${url}/api/health`)).text);
    expect(health).toMatchObject({ status: 'ok', activeClients: 2, connections: { totalConnections: 2, connections: [{}, {}] } });
    expect((await get(`${url}/api/events`, { origin: 'http://evil.example' })).status).toBe(403);
    const posted = await send(`${url}/api/events`, { body: initialize() });
    expect([posted.status, posted.headers['allow'], JSON.parse(posted.text)]).toEqual([
      405,
      'GET',
      { code: 'METHOD_NOT_ALLOWED', error: expect.stringContaining('GET'), data: {}, timestamp: expect.any(String) },
    ]);
    await server.close();
    expect(await Promise.all(readers.map(({ ended }) => ended))).toEqual([true, true]);
  });

  it('say so when the hub itself fails', async () => {
    const { url } = await start({
      health: () => {
        throw new Error('broken');
      },
    });
    const reply = await get(`${url}/api/health`);
    expect([reply.status, JSON.parse(reply.text)]).toMatchObject([500, { code: 'UNHANDLED_ERROR', error: 'broken' }]);
  });
});

it('answers bytes that are no HTTP, and headers that are too long, with JSON', async () => {
  const { port } = await start();
  const talk = (text: string) =>
    new Promise<string>((resolve) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1');
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        answer += chunk;
      });
      socket.on('error', () => {
        // Expected where the hub closes before everything was sent.
      });
      socket.on('close', () => resolve(answer));
      socket.write(text);
    });
  expect(await talk('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*"jsonrpc":"2.0"/);
  expect(await talk(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431 [^]*"jsonrpc":"2.0"/,
  );
  expect(await talk('GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
  expect(await talk('GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
  expect(await talk('GET http://[ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
});

describe('closing', () => {
  it('ends streams and calls, and frees the port within its grace', async () => {
    const { url, port, server, gateway } = await start();
    gateway.on('tools/call', () => new Promise(() => {}));
    const listen = await open(`${url}/mcp`, modern('subscriptions/listen', { notifications: { toolsListChanged: true } }));
    const stream = await open(`${url}/sse`, { method: 'GET' });
    const call = send(`${url}/mcp`, modern('tools/call', { name: 'a' }));
    const idle = connect(port, '127.0.0.1').on('error', () => {
      // Expected: the hub closes it.
    });
    await until(() => gateway.calls.length === 1 && listen.events.length === 1, 'the call and the subscription');
    const before = performance.now();
    await Promise.all([server.close(), server.close()]);
    expect(performance.now() - before).toBeLessThan(1_500);
    await Promise.all([listen.ended, stream.ended]);
    expect(JSON.parse(listen.events.at(-1)?.data ?? '')).toMatchObject({ result: { resultType: 'complete' } });
    expect((await call).json).toMatchObject({ error: { data: { code: 'SHUTTING_DOWN' } } });
    idle.destroy();
    await expect(get(`${url}/`)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('is quick when nothing is open, and before it was started', async () => {
    const { url, server } = await start();
    await get(`${url}/`);
    const before = performance.now();
    await server.close();
    expect(performance.now() - before).toBeLessThan(500);
  });
});
