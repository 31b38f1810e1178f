import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readJson } from '../../src/downstream/body.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { until } from './harness.ts';

const LIMIT = 1_500;

let clock: FakeClock;
let server: Server;
let socket: Socket;
/** What the bodies came to, in the order in which they did. */
let read: unknown[];

beforeEach(async () => {
  clock = new FakeClock();
  read = [];
  server = createServer((req, res) => {
    const serve = async (): Promise<void> => {
      const body = await readJson(req, LIMIT, clock);
      read.push(body ? (body.problem?.code ?? body.json) : 'left');
      res.end();
    };
    void serve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.resume().on('error', () => {
    // Expected: some of the bodies end the connection.
  });
  await once(socket, 'connect');
});
afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  socket.destroy();
  server.closeAllConnections();
  await closed;
});

const head = (...lines: string[]): string =>
  `${['POST / HTTP/1.1', 'host: localhost', 'content-type: application/json', ...lines].join('\r\n')}\r\n\r\n`;
const whole = (body: string): string => `${head(`content-length: ${Buffer.byteLength(body)}`)}${body}`;
/** Until the hub waits for what is missing. */
const waiting = (): Promise<void> => until(() => clock.pending === 1, 'there is a deadline');

it('one that comes with its headers needs no deadline, and neither do those right behind it', async () => {
  let most = 0;
  const after = clock.after.bind(clock);
  clock.after = (delayMs, action) => {
    most += 1;
    return after(delayMs, action);
  };
  socket.write([1, 2, 3].map((value) => whole(JSON.stringify({ value }))).join(''));
  await until(() => read.length === 3, 'all are read');
  expect([read, most]).toEqual([[{ value: 1 }, { value: 2 }, { value: 3 }], 0]);
});

it('one that comes in pieces has a deadline until it is there', async () => {
  const text = whole('{"a":"é"}');
  const bytes = Buffer.from(text);
  socket.write(bytes.subarray(0, -4));
  await waiting();
  socket.write(bytes.subarray(-4));
  await until(() => read.length === 1, 'it is read');
  expect([read, clock.pending]).toEqual([[{ a: 'é' }], 0]);
});

it('one of unknown length ends where it says so', async () => {
  socket.write(`${head('transfer-encoding: chunked')}4\r\n{"a"\r\n`);
  await waiting();
  socket.write('3\r\n:1}\r\n0\r\n\r\n');
  await until(() => read.length === 1, 'it is read');
  expect([read, clock.pending]).toEqual([[{ a: 1 }], 0]);
});

it.each([
  ['of which nothing comes', head('content-length: 9')],
  ['that stops in the middle', `${head('content-length: 9')}{"a"`],
])('one %s is not waited for for ever', async (_, text) => {
  socket.write(text);
  await waiting();
  await clock.advance(119_000);
  expect(read).toEqual([]);
  await clock.advance(1_000);
  expect([read, clock.pending]).toEqual([['REQUEST_TIMEOUT'], 0]);
});

it.each([
  ['announced', whole(`"${'x'.repeat(LIMIT)}"`)],
  ['not announced', `${head('transfer-encoding: chunked')}7d0\r\n"${'x'.repeat(1_998)}"\r\n0\r\n\r\n`],
])('one that is too large, which was %s, is refused', async (_, text) => {
  socket.write(text);
  await until(() => read.length === 1, 'it is refused');
  expect([read, clock.pending]).toEqual([['BODY_TOO_LARGE'], 0]);
});

it('one that is too large and does not end is read for five seconds', async () => {
  socket.write(`${head('transfer-encoding: chunked')}7d0\r\n"${'x'.repeat(1_998)}"\r\n`);
  await waiting();
  await clock.advance(5_000);
  expect([read, clock.pending]).toEqual([['BODY_TOO_LARGE'], 0]);
});

it('ends with its sender', async () => {
  socket.write(`${head('content-length: 9')}{"a"`);
  await waiting();
  socket.destroy();
  await until(() => read.length === 1, 'it is over');
  expect([read, clock.pending]).toEqual([['left'], 0]);
});

it('one that is too deep is refused, however short it is', async () => {
  for (const levels of [501, 500]) socket.write(whole(`${'['.repeat(levels)}${']'.repeat(levels)}`));
  await until(() => read.length === 2, 'both are read');
  expect(read).toEqual(['INVALID_REQUEST', expect.any(Array)]);
});
