import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpFixture } from '../fixtures/http/listen.ts';

/** What a server would answer that guards nothing, by what the browser wants it for. */
const KINDS: Readonly<Record<string, readonly [string, string | Buffer]>> = {
  image: ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'],
  script: ['text/javascript', 'globalThis.read = true'],
  style: ['text/css', 'body {}'],
};

/** Lets every page do and read everything: what the ways of test/fixtures/pages are tried out on. */
export async function startOpenServer(): Promise<HttpFixture> {
  const server = createServer((req, res) => answer(req, res));
  server.on('upgrade', (req, socket) => {
    const key = `${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
    socket.on('error', () => {}).end(`${head.join('\r\n')}\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => void (server.close(() => resolve()), server.closeAllConnections())),
  };
}

function answer(req: IncomingMessage, res: ServerResponse): void {
  req.resume();
  const { origin = '*', accept = '', 'sec-fetch-dest': wanted = '' } = req.headers;
  const wantsEvents = accept.includes('text/event-stream');
  const [type, body] = KINDS[String(wanted)] ?? (wantsEvents ? ['text/event-stream', 'data: {}\n\n'] : ['text/html', 'secret']);
  res.writeHead(200, {
    'content-type': type,
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': String(req.headers['access-control-request-headers'] ?? ''),
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
    'access-control-allow-private-network': 'true',
  });
  res.end(body);
}
