import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Clock, createLogger, type LogRecord } from '../../src/base/index.ts';
import { EventStreams } from '../../src/http/event-streams.ts';
import type { EventLog } from '../../src/hub/event-log.ts';
import { send } from '../downstream/harness.ts';
import { documentedEvents, undocumented } from '../support/documented-events.ts';
import { eventLog, readEvents } from '../support/event-readers.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';

let clock: FakeClock;
let log: EventLog;
let streams: EventStreams;
let server: Server;
let origin: string;
let records: LogRecord[];
const sockets: Socket[] = [];

beforeEach(async () => {
  clock = new FakeClock();
  records = [];
  await serve(clock);
});
afterEach(async () => {
  streams.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function serve(time: Clock): Promise<void> {
  log = eventLog(time);
  streams = new EventStreams({ feed: () => log, clock: time, logger: createLogger([(record) => void records.push(record)]) });
  server = createServer((req, res) => {
    const problem = streams.open(req, res, new URL(req.url ?? '', 'http://hub'));
    if (problem) res.writeHead(problem.kind.httpStatus).end(problem.code);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const say = (message: string): void => log.publish({ name: 'log', data: { type: 'info', message } });

it('has one form: event, id, data, nothing else', async () => {
  const reader = await readEvents(origin);
  say('a\r\nb');
  await clock.advance(9_000);
  await eventually(() => expect(reader.blocks).toHaveLength(3));
  const timestamp = '1970-01-01T00:16:40.000Z';
  expect(reader.text()).toBe(
    `event: hub_state\nid: b0-0\ndata: {"state":"starting","server_id":"mcp-hub","version":"4.2.1","pid":${process.pid},"port":4242,"timestamp":"${timestamp}"}\n\n` +
      `event: log\nid: b0-1\ndata: {"type":"info","message":"a\\r\\nb","timestamp":"${timestamp}"}\n\n` +
      `event: heartbeat\ndata: {"connections":1,"timestamp":"1970-01-01T00:16:49.000Z"}\n\n`,
  );
  expect(reader.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': expect.stringContaining('no-cache'),
    'x-accel-buffering': 'no',
  });
  expect(reader.blocks.filter(({ event }) => event !== 'log').flatMap((block) => undocumented(documentedEvents(), block))).toEqual([]);
  reader.cut();
});

it('resumes after the id of the header or of the query, and says so', async () => {
  for (const message of ['a', 'b', 'c']) say(message);
  const byHeader = await readEvents(origin, { lastId: 'b0-2' });
  const byQuery = await readEvents(origin, { path: '/api/events?lastEventId=b0-2' });
  const unknown = await readEvents(origin, { lastId: 'another-2' });
  await eventually(() => expect([byHeader, byQuery, unknown].map(({ blocks }) => blocks.length)).toEqual([2, 2, 1]));
  for (const { blocks } of [byHeader, byQuery]) {
    expect(blocks.map(({ event, id }) => [event, id])).toEqual([
      ['hub_state', undefined],
      ['log', 'b0-3'],
    ]);
    expect(blocks[0]?.data['resumed']).toBe(true);
  }
  expect([unknown.blocks[0]?.id, unknown.blocks[0]?.data['resumed']]).toEqual(['b0-3', undefined]);
  for (const reader of [byHeader, byQuery, unknown]) reader.cut();
});

it('tells who reads, and runs a timer only while somebody does', async () => {
  expect([streams.summary(), clock.pending]).toEqual([{ activeClients: 0, connections: { totalConnections: 0, connections: [] } }, 0]);
  const readers = [await readEvents(origin), await readEvents(origin)];
  await clock.advance(9_000);
  const time = expect.stringMatching(/^1970-01-01T00:16:4[09]\.000Z$/);
  const one = { id: expect.stringMatching(/^[0-9a-f-]{36}$/), state: 'connected', connectedAt: time, lastEventAt: time };
  expect(streams.summary()).toEqual({ activeClients: 2, connections: { totalConnections: 2, connections: [one, one] } });
  expect(clock.pending).toBe(1);
  for (const reader of readers) reader.cut();
  await eventually(() => expect([streams.count, streams.opened, clock.pending]).toEqual([0, 2, 0]));
});

it.each(['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])('is not read with %s', async (method) => {
  const status = await new Promise((resolve, reject) => {
    const req = request(`${origin}/api/events`, { method, agent: false }, (res) => {
      res.resume();
      resolve([res.statusCode, res.headers.allow]);
    });
    req.on('error', reject).end();
  });
  expect(status).toEqual([405, 'GET']);
});

it('ends every stream in an orderly way, and opens no other', async () => {
  const reader = await readEvents(origin);
  log.publish({ name: 'hub_state', data: { state: 'stopping' } });
  streams.close();
  log.publish({ name: 'hub_state', data: { state: 'stopped' } });
  expect(await reader.ended).toBe(true);
  expect(reader.blocks.at(-1)?.data['state']).toBe('stopping');
  expect((await send(`${origin}/api/events`, { method: 'GET' })).status).toBe(503);
  expect(clock.pending).toBe(0);
});

/** A reader that never reads. */
async function deaf(): Promise<Socket> {
  const { port, hostname } = new URL(origin);
  const socket = connect({ port: Number(port), host: hostname });
  sockets.push(socket);
  socket.on('error', () => {
    // Expected: ECONNRESET when it is dropped.
  });
  socket.pause();
  socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const before = streams.opened;
  await eventually(() => expect(streams.opened).toBe(before + 1));
  return socket;
}

it('drops who does not read, and says so', async () => {
  const reader = await readEvents(origin);
  await deaf();
  let sent = 0;
  for (; streams.count === 2 && sent < 500; sent += 1) {
    say('x'.repeat(64 * 1024));
    await eventually(() => expect(reader.blocks).toHaveLength(sent + 2));
  }
  expect([streams.count, reader.blocks.length]).toEqual([1, sent + 1]);
  expect(records).toMatchObject([{ type: 'warn', message: '1 reader of /api/events did not read and had to be dropped.' }]);
  reader.cut();
});

it('lets a piece be larger than what may wait: a list, or all that a reader has missed', async () => {
  const reader = await readEvents(origin);
  say('x'.repeat(12 * 1024 * 1024));
  say('after');
  await eventually(() => expect(reader.blocks.at(-1)?.data['message']).toBe('after'));
  for (let at = 1; at <= 30; at += 1) {
    say('y'.repeat(100_000));
    await eventually(() => expect(reader.blocks).toHaveLength(3 + at));
  }
  const late = await readEvents(origin, { lastId: 'b0-2' });
  say('now');
  await eventually(() =>
    expect(late.blocks.map(({ id }) => id)).toEqual([undefined, ...Array.from({ length: 31 }, (_, at) => `b0-${at + 3}`)]),
  );
  expect(streams.count).toBe(2);
  for (const each of [reader, late]) each.cut();
});
