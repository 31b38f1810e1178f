import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type HubError, systemClock } from '../../../src/base/index.ts';
import type { Message } from '../../../src/protocol/index.ts';
import { provablyNotRun } from '../../../src/upstream/not-run.ts';
import { HttpExchange } from '../../../src/upstream/remote/http-exchange.ts';
import { RequestHeaders } from '../../../src/upstream/remote/request-headers.ts';
import { serverRoad } from '../../../src/upstream/remote/server-road.ts';
import { type HttpFixture, listen } from '../../fixtures/http/listen.ts';
import { eventually } from '../../support/eventually.ts';
import { remoteLaunch } from '../../support/remote.ts';

let fixture: HttpFixture | undefined;

afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

/** An address at which nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/mcp`;
}

/** What comes of a request with id 1. */
function exchange(url: string) {
  const server = serverRoad('a', remoteLaunch(url), () => {});
  const heard: Message[] = [];
  const ends: (HubError | 'unreachable' | undefined)[] = [];
  const one = new HttpExchange(
    { request: { jsonrpc: '2.0', id: 1, method: 'tools/call' }, options: {}, refusals: 0 },
    {
      server,
      headers: new RequestHeaders(server.target, undefined, '2025-11-25'),
      clock: systemClock,
      maxResumptions: 0,
      listener: {
        message: (message) => void heard.push(message),
        ended: (error) => void ends.push(error),
        sessionGone: () => {},
        unreachable: () => void ends.push('unreachable'),
        isGone: async () => false,
      },
    },
  );
  one.run();
  return { one, heard, ends };
}

async function answering(body: string | Buffer, type = 'application/json'): Promise<string> {
  fixture = await listen((_, response) => void response.writeHead(200, { 'content-type': type }).end(body));
  return fixture.url;
}

const answer = { jsonrpc: '2.0', id: 1, result: { content: [] } };
const log = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'ü' } };

describe('an exchange', () => {
  it.each([
    ['a message', JSON.stringify(answer), [answer]],
    ['one behind a byte order mark and white space', `\uFEFF \r\n\t${JSON.stringify(answer)}\n`, [answer]],
    ['a batch', JSON.stringify([log, answer]), [log, answer]],
    ['an answer whose id is a text', JSON.stringify({ ...answer, id: '1' }), [{ ...answer, id: '1' }]],
  ])('hands on %s', async (_, body, expected) => {
    const { heard, ends } = exchange(await answering(body));
    await eventually(() => expect(ends).toEqual([undefined]));
    expect(heard.map((message) => JSON.parse(JSON.stringify(message)))).toEqual(expected);
  });

  it.each([
    ['a batch with something else in it', JSON.stringify([answer, 7]), 'JSON that is no JSON-RPC message'],
    ['half a message', JSON.stringify(answer).slice(0, -3), 'JSON that is no JSON-RPC message'],
    ['nothing', '', 'gave no answer'],
  ])('ends with an error for %s', async (_, body, words) => {
    const { heard, ends } = exchange(await answering(body));
    await eventually(() => expect(ends).toMatchObject([{ code: 'UPSTREAM_PROTOCOL', message: expect.stringContaining(words) }]));
    expect(heard).toEqual([]);
  });

  it('hands on the messages of a stream, and leaves out what is none', async () => {
    const events = ['data: {"half', 'event: other\ndata: {"jsonrpc":"2.0","method":"x"}', `data: ${JSON.stringify(log)}`, 'data: 7', ': c'];
    const body = `${[...events, `event: message\ndata: ${JSON.stringify(answer)}`].join('\n\n')}\n\n`;
    const { heard, ends } = exchange(await answering(body, 'Text/Event-Stream;charset=utf-8'));
    await eventually(() => expect(ends).toEqual([undefined]));
    expect(heard.map((message) => JSON.parse(JSON.stringify(message)))).toEqual([log, answer]);
  });

  it('tells a server that takes no connection from one that breaks it off', async () => {
    const away = exchange(await deadUrl());
    await eventually(() => expect(away.ends).toEqual([undefined, 'unreachable']));
    fixture = await listen((request) => void request.socket.destroy());
    const broken = exchange(fixture.url);
    await eventually(() => expect(broken.ends).toMatchObject([{ code: 'CONNECTION_ERROR', message: expect.stringContaining('broke') }]));
  });

  it('that a server breaks off on a connection which it had kept may have run, and is not sent again', async () => {
    const calls = new Map<object, number>();
    fixture = await listen((request, response) => {
      const nth = (calls.get(request.socket) ?? 0) + 1;
      calls.set(request.socket, nth);
      if (nth > 1) return void request.socket.destroy();
      request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)));
    });
    const first = exchange(fixture.url);
    await eventually(() => expect(first.ends).toEqual([undefined]));
    const second = exchange(fixture.url);
    await eventually(() => expect(second.ends).toMatchObject([{ code: 'CONNECTION_ERROR' }]));
    expect(provablyNotRun(second.ends[0])).toBe(false);
    expect([...calls.values()]).toEqual([2]);
  });

  it('is closed without a word, before and after it has a connection', async () => {
    let gone = 0;
    fixture = await listen((request) => void request.socket.on('close', () => (gone += 1)));
    const early = exchange(fixture.url);
    early.one.close();
    const late = exchange(fixture.url);
    await new Promise((resolve) => setTimeout(resolve, 100));
    late.one.close();
    await eventually(() => expect(gone).toBeGreaterThan(0));
    expect([early.ends, late.ends, early.heard, late.heard]).toEqual([[undefined], [undefined], [], []]);
  });
});
