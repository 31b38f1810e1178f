import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HubError, silentLogger, systemClock } from '../../src/base/index.ts';
import { Endpoint } from '../../src/downstream/index.ts';
import { HttpServer, MESSAGES_PATH } from '../../src/http/index.ts';
import { ENVELOPE, until } from '../downstream/harness.ts';
import { eventLog } from '../support/event-readers.ts';
import { FakeGateway } from '../support/fake-gateway.ts';
import { MemoryManagement } from '../support/memory-management.ts';

let gateway: FakeGateway;
let endpoint: Endpoint;
let server: HttpServer;
let port: number;
const sockets: Socket[] = [];

beforeEach(async () => {
  gateway = new FakeGateway();
  const base = { clock: systemClock, logger: silentLogger };
  const limits = { maxBodyBytes: 100_000, sessionIdleTimeoutMs: 60_000, maxSessions: 1_000, shutdownTimeoutMs: 0 };
  endpoint = new Endpoint({ ...base, gateway, serverInfo: { name: 'x' }, limits: () => limits, messagesPath: MESSAGES_PATH });
  const management = Object.assign(new MemoryManagement(), { events: eventLog() });
  const api = { management, version: '0.0.0-test', maxBodyBytes: () => limits.maxBodyBytes };
  server = new HttpServer({ ...base, ...api, endpoint, allowedHosts: () => [], host: '127.0.0.1', port: 0 });
  ({ port } = await server.start());
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close();
});

/** What comes back for some bytes, so far. */
function talk(...parts: readonly string[]): { readonly text: () => string; readonly socket: Socket; readonly closed: Promise<void> } {
  let text = '';
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {
    // Expected where the hub closes first.
  });
  for (const part of parts) socket.write(part);
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  return { text: () => text, socket, closed };
}

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly string[];
}

const ask = ({ method = 'GET', path = '/mcp', headers = ['Connection: Upgrade', 'Upgrade: mcp-stdio'] }: Asked = {}): string =>
  `${[`${method} ${path} HTTP/1.1`, ...(headers.some((line) => line.startsWith('Host:')) ? [] : ['Host: localhost']), ...headers].join('\r\n')}\r\n\r\n`;

const discover = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server/discover', params: { _meta: ENVELOPE } });

describe('an upgrade to mcp-stdio', () => {
  it.each([
    ['/mcp', { kind: 'all' }],
    ['/mcp/', { kind: 'all' }],
    ['/mcp/two%20words', { kind: 'server', id: 'two words' }],
  ])('on %s carries lines both ways, also those that came with the request', async (path, scope) => {
    const { text, socket } = talk(`${ask({ path })}${discover}\n`);
    await until(() => text().includes('"result"'), 'the first answer');
    expect(text()).toMatch(
      new RegExp(`^HTTP/1\\.1 101 [^\\r]+\\r\\nConnection: Upgrade\\r\\nUpgrade: mcp-stdio\\r\\nMcp-Hub-Pid: ${process.pid}\\r\\n\\r\\n{`),
    );
    socket.write(`${discover.replace('"id":1', '"id":2')}\n`);
    await until(() => text().includes('"id":2'), 'the second answer');
    expect(gateway.calls.map((call) => call.scope)).toEqual([scope, scope]);
    expect(endpoint.clientCount).toBe(1);
  });

  it.each([
    ['a foreign host', { headers: ['Host: evil.example', 'Connection: Upgrade', 'Upgrade: mcp-stdio'] }, 403],
    ['a foreign page', { headers: ['Origin: https://evil.example', 'Connection: Upgrade', 'Upgrade: mcp-stdio'] }, 403],
    ['a server that is not there', { path: '/mcp/nobody' }, 404],
    ['another path', { path: '/nothing' }, 404],
    ['the REST routes', { path: '/api/nothing' }, 404],
    ['another method', { method: 'DELETE' }, 400],
  ] as [string, Asked, number][])('from or for %s is not made; the request is answered as any other', async (_, asked, status) => {
    const { text } = talk(ask(asked));
    await until(() => text().includes('\r\n\r\n'), 'an answer');
    expect(text()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(endpoint.clientCount).toBe(0);
  });

  it('is refused when there are too many', async () => {
    const all = Array.from({ length: 500 }, () => talk(ask()));
    await until(() => all.every(({ text }) => text().startsWith('HTTP/1.1 101')), 'as many as there may be');
    const { text, closed } = talk(ask());
    await closed;
    expect(text()).toMatch(/^HTTP\/1\.1 503 [^]*LIMIT_EXCEEDED/);
  });
});

describe('a wish for another protocol', () => {
  it.each(['h2c', 'websocket'])('(%s) is passed over, and the connection can be used again', async (protocol) => {
    const body = discover;
    const headers = [
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      'MCP-Protocol-Version: 2026-07-28',
      'Mcp-Method: server/discover',
      `Content-Length: ${body.length}`,
    ];
    const upgrade = ['Connection: keep-alive, Upgrade, HTTP2-Settings', `Upgrade: ${protocol}`, 'HTTP2-Settings: AAMAAABk'];
    const { text, socket } = talk(`${ask({ method: 'POST', headers: [...headers, ...upgrade] })}${body.slice(0, 20)}`);
    await until(() => socket.bytesWritten > 0, 'the first part');
    socket.write(body.slice(20));
    await until(() => text().includes('"result"'), 'the answer');
    expect(text()).toMatch(/^HTTP\/1\.1 200 /);
    socket.write(ask({ path: '/', headers: [] }));
    await until(() => text().includes('Point your MCP client'), 'the second answer');
  });
});

describe('a wish to upgrade that is sent before the request in front of it is answered', () => {
  it.each([
    ['mcp-stdio', 101],
    ['h2c', 405],
  ])('(%s) waits for that answer', async (protocol, status) => {
    let answer = (): void => {};
    gateway.on(
      'server/discover',
      () => new Promise((resolve) => void (answer = () => resolve({ era: 'modern', outcome: { result: { first: true } } }))),
    );
    const headers = [
      'Content-Type: application/json',
      'Accept: application/json',
      'MCP-Protocol-Version: 2026-07-28',
      'Mcp-Method: server/discover',
      `Content-Length: ${discover.length}`,
    ];
    const { text } = talk(
      `${ask({ method: 'POST', headers })}${discover}${ask({ headers: ['Connection: Upgrade', `Upgrade: ${protocol}`] })}`,
    );
    await until(() => gateway.calls.length === 1, 'the call');
    // The wish is there as well by now: both came in one piece.
    answer();
    await until(() => text().includes(`HTTP/1.1 ${status} `), 'the second answer');
    expect(text()).toMatch(new RegExp(`^HTTP/1\\.1 200 [^]*"first":true[^]*HTTP/1\\.1 ${status} `));
  });
});

describe('the end of the hub', () => {
  it('ends the streams, with the answers that are still due', async () => {
    gateway.on('tools/call', () => new Promise(() => {}));
    const { text, closed } = talk(ask(), `${discover.replace('server/discover', 'tools/call')}\n`);
    await until(() => gateway.calls.length === 1, 'the call');
    await server.close();
    await closed;
    expect(text()).toContain('SHUTTING_DOWN');
  });
});

describe('a connection whose upgrade was refused', () => {
  it.each([
    ['is let go when its client closes', false],
    ['is let go when its client keeps its own side open', true],
  ])('%s', async (_title, staysOpen) => {
    vi.spyOn(endpoint, 'streamRefusal').mockReturnValue(new HubError('LIMIT_EXCEEDED', 'Too many.'));
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: staysOpen });
    sockets.push(socket);
    socket.on('error', () => {
      // Expected where the hub closes first.
    });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.write(ask());
    await until(() => text.includes('Too many.'), 'the refusal');
    // The server is closed only when all of its connections are.
    await expect(server.close()).resolves.toBeUndefined();
  });
});
