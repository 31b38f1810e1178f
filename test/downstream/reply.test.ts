import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { EventStream } from '../../src/downstream/event-stream.ts';
import { sendJson } from '../../src/downstream/reply.ts';
import { systemClock } from '../../src/base/index.ts';
import { type Message, readMessage } from '../../src/protocol/index.ts';

let server: Server;
afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

/** What a client gets of such an answer, read to the end that its length says. */
const answered = (message: Message): Promise<Response> => served((res) => sendJson(res, 200, message, { 'x-own': 'a' }));

async function served(answer: (res: ServerResponse) => void): Promise<Response> {
  server = createServer((_, res) => answer(res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

it.each([
  ['short', 10],
  ['just short enough', 4_095],
  ['longer', 4_096],
  ['very long', 3_000_000],
])('a result that is %s goes out in the bytes that it came in', async (_, length) => {
  const text = `{"jsonrpc":"2.0", "id":7, "result": {"a" : "${'é'.repeat(length / 2)}"}}`;
  const message = readMessage(Buffer.from(text));
  const reply = await answered(message as Message);
  const body = await reply.text();
  expect([reply.status, reply.headers.get('x-own')]).toEqual([200, 'a']);
  expect(body).toContain('{"a" : "é');
  expect(JSON.parse(body)).toEqual(JSON.parse(text));
});

it('so does an answer that the hub has made', async () => {
  const message: Message = { jsonrpc: '2.0', id: 'é', result: { a: 'é'.repeat(10_000) } };
  expect(await (await answered(message)).json()).toEqual(message);
});

it.each([
  ['on one line', '{"jsonrpc":"2.0","id":7,"result":{"a":"é"}}'],
  ['on several lines', '{\n"jsonrpc":"2.0",\r\n"id":7,"result":\r{"a":\n"é"}}'],
  ['very long', `{"jsonrpc":"2.0","id":7,"result":{"a":"${'é'.repeat(1_000_000)}"}}`],
])('a result that came %s is one event on a stream', async (_, text) => {
  const message = readMessage(Buffer.from(text)) as Message;
  const reply = await served((res) => {
    const stream = EventStream.open(res, { clock: systemClock });
    stream.send(message);
    stream.end();
  });
  const data = (await reply.text()).split('\n').filter((line) => line.startsWith('data: '));
  expect(data).toHaveLength(1);
  expect(JSON.parse(data[0]?.slice('data: '.length) ?? '')).toEqual(JSON.parse(text));
});
