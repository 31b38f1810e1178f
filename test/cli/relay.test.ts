import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { relay } from '../../src/cli/relay.ts';

let server: Server;
let hub: Socket;
let socket: Socket;

beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
  const [accepted] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  hub = accepted[0];
  hub.on('error', () => {
    // Expected: ECONNRESET.
  });
});
afterEach(async () => {
  hub.destroy();
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

it('ends when its input fails, and tells the hub that nobody waits any more', async () => {
  const input = new PassThrough();
  const gone = new Promise((resolve) => hub.once('close', resolve));
  hub.resume();
  const end = relay({ input, output: new PassThrough(), socket, head: Buffer.alloc(0), signal: new AbortController().signal });
  input.write('{}\n');
  input.destroy(new Error('read ECONNRESET'));
  expect(await end).toBe('output-closed');
  await gone;
});
