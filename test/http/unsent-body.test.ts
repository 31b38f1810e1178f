import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { Endpoint } from '../../src/downstream/index.ts';
import { HttpServer, MESSAGES_PATH } from '../../src/http/index.ts';
import { eventLog } from '../support/event-readers.ts';
import { FakeGateway } from '../support/fake-gateway.ts';
import { MemoryManagement } from '../support/memory-management.ts';

let server: HttpServer | undefined;
afterEach(() => server?.close());

async function start(): Promise<number> {
  const base = { clock: systemClock, logger: silentLogger };
  const limits = { maxBodyBytes: 100_000, sessionIdleTimeoutMs: 60_000, maxSessions: 10, shutdownTimeoutMs: 0 };
  const gateway = new FakeGateway();
  const endpoint = new Endpoint({ ...base, gateway, serverInfo: { name: 'x' }, limits: () => limits, messagesPath: MESSAGES_PATH });
  const management = Object.assign(new MemoryManagement(), { events: eventLog() });
  const maxBodyBytes = (): number => limits.maxBodyBytes;
  server = new HttpServer({
    ...base,
    endpoint,
    management,
    version: '0',
    maxBodyBytes,
    allowedHosts: () => [],
    host: '127.0.0.1',
    port: 0,
  });
  return (await server.start()).port;
}

/** What comes for a request whose body is announced and never sent, and whether the connection is closed after that. */
function announce(port: number, head: string): Promise<{ readonly status: string | undefined; readonly isClosed: boolean }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const settle = (isClosed: boolean): void => {
      clearTimeout(late);
      socket.destroy();
      resolve({ status: /^HTTP\/1\.1 (\d+)/.exec(text)?.[1], isClosed });
    };
    const late = setTimeout(() => settle(false), 8_000);
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => settle(true));
    socket.write(`${head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx`);
  });
}

it('does not wait for ever for a body that nobody wants any more', { timeout: 15_000 }, async () => {
  const port = await start();
  const wanted = [
    ['GET /mcp', '405'],
    ['HEAD /mcp', '200'],
    ['POST /mcp', '415'],
    ['GET /', '200'],
    ['GET /nothing', '404'],
    ['GET /api/servers', '200'],
  ] as const;
  const outcomes = await Promise.all(wanted.map(([head]) => announce(port, head)));
  expect(outcomes).toEqual(wanted.map(([, status]) => ({ status, isClosed: true })));
});
