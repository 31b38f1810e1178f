import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { EventStream } from '../../src/downstream/event-stream.ts';
import { sendJson } from '../../src/downstream/reply.ts';
import { type Message, readMessage } from '../../src/protocol/index.ts';
import { until } from './harness.ts';

const MIB = 1024 * 1024;

/** A result of so many bytes, which are the same ones for all who get it. */
function large(bytes: number): Message {
  return readMessage(Buffer.from(`{"jsonrpc":"2.0","id":7,"result":{"a":"${'x'.repeat(bytes)}"}}`)) as Message;
}

let server: Server;
let sockets: Socket[];
/** Which answers were cut off, in the order in which that happened. */
let cut: number[];
/** How many answers were begun. */
let begun: number;

const answers: Readonly<Record<string, Message>> = { '/small': large(10), '/large': large(60 * MIB) };

beforeEach(async () => {
  [sockets, cut, begun] = [[], [], 0];
  server = createServer((req, res) => {
    begun += 1;
    const number = begun;
    res.on('error', () => {
      // Expected: the connection is gone.
    });
    const cutOff = cut;
    res.once('close', () => {
      if (req.socket.destroyed) cutOff.push(number);
    });
    const [, kind = '', how] = /^(\/\w+)(-stream)?$/.exec(req.url ?? '') ?? [];
    const message = answers[kind] as Message;
    if (how === undefined) return sendJson(res, 200, message);
    EventStream.open(res, { clock: systemClock }).send(message);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const socket of sockets) socket.destroy();
  server.closeAllConnections();
  await closed;
});

/** Asks for something and does not read it. */
async function ask(path: string): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {
    // Expected: the hub ends some of them.
  });
  socket.pause();
  sockets.push(socket);
  await once(socket, 'connect');
  const before = begun;
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  await until(() => begun > before, 'the answer has begun');
  return socket;
}

it.each(['/large', '/large-stream'])(
  'clients that do not read hold a quarter of a GiB together, at %s, and those who do are not disturbed',
  async (path) => {
    const small = await ask('/small-stream');
    for (let round = 0; round < 6; round += 1) await ask(path);
    await until(() => cut.length === 2, 'the first two are cut off');
    expect(cut).toEqual([2, 3]);
    small.destroy();
    const reply = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/large`);
    expect((await reply.arrayBuffer()).byteLength).toBeGreaterThan(60 * MIB);
  },
);

it('one who reads makes room for others', async () => {
  for (let round = 0; round < 4; round += 1) {
    const socket = await ask('/large');
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
    });
    socket.resume();
    await until(() => got > 60 * MIB, 'all of it is read');
  }
  for (let round = 0; round < 4; round += 1) await ask('/large');
  expect(cut).toEqual([]);
});
