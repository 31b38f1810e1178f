import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GuardedResponse, SECURITY_LINES } from '../../src/http/guards/security-headers.ts';

type Begin = (res: ServerResponse) => void;
/** Every way in which an answer can be begun, and what of it has to be there besides. */
const ways: readonly (readonly [name: string, begin: Begin, own: Readonly<Record<string, string>>])[] = [
  ['headers', (res) => res.writeHead(200, { 'x-own': 'a', 'x-list': ['a', 'b'] }), { 'x-own': 'a', 'x-list': 'a, b' }],
  ['one of its own', (res) => res.writeHead(200, { 'cache-control': 'no-cache' }), { 'cache-control': 'no-cache' }],
  ['a reason', (res) => res.writeHead(200, 'Fine', { 'x-own': 'a' }), { 'x-own': 'a' }],
  ['nothing', (res) => res.writeHead(200), {}],
  ['a list', (res) => res.writeHead(200, ['x-own', 'a']), { 'x-own': 'a' }],
  ['some before', (res) => res.setHeader('x-own', 'a').writeHead(200, { 'x-more': '1' }), { 'x-own': 'a', 'x-more': '1' }],
  ['its own before', (res) => res.setHeader('cache-control', 'no-cache').writeHead(200), { 'cache-control': 'no-cache' }],
  ['only some before', (res) => res.setHeader('x-own', 'a'), { 'x-own': 'a' }],
];

let server: Server;
beforeAll(async () => {
  server = createServer({ ServerResponse: GuardedResponse }, (req, res) => {
    ways[Number(req.url?.slice(1))]?.[1](res);
    res.end('x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

const security = SECURITY_LINES.trimEnd()
  .split('\r\n')
  .map((line) => line.split(': '));

it.each(ways.map(([name, , own], at) => [name, at, own] as const))(
  'the security headers are on an answer that begins with %s',
  async (_, at, own) => {
    const { port } = server.address() as AddressInfo;
    const { headers } = await fetch(`http://127.0.0.1:${port}/${at}`);
    expect(Object.fromEntries(headers)).toMatchObject({ ...Object.fromEntries(security), ...own });
  },
);
