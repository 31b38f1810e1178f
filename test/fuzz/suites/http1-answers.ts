import { request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { ChunkedBody } from '../../../src/base/http1/chunked-body.ts';
import { Http1Connections } from '../../../src/base/http1/connections.ts';
import type { Road } from '../../../src/base/outgoing.ts';
import { cutInto } from '../arbitraries/event-streams.ts';
import { httpAnswer } from '../arbitraries/http-answers.ts';
import { cases, type Suite, type Target } from '../suite.ts';

const input = fc.record({ answer: httpAnswer, cuts: fc.array(fc.nat({ max: 400 }), { maxLength: 3 }), isKept: fc.boolean() });
type Hostile = typeof input extends fc.Arbitrary<infer T> ? T : never;

/** What came of a request: the answer, or nothing. */
type Outcome = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string } | 'failed';

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

/** Over the hub's own reader of HTTP/1.1, beside Node's own: what one refuses the other refuses, and what they take they take for the same. */
async function start(): Promise<Target> {
  let next: Hostile | undefined;
  let written = Promise.resolve();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {
      // Expected: whoever asked has heard enough.
    });
    socket.on('data', (bytes) => {
      if (bytes.includes('GET /good ')) socket.write(GOOD);
      else if (next) written = answer(socket, next);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const origin = `http://127.0.0.1:${address.port}`;
  const own = new Http1Connections();
  const road = own.roadTo(new URL(origin));
  const ask = async (asked: Promise<Outcome>): Promise<Outcome> => {
    const outcome = await asked;
    await written;
    await new Promise((resolve) => setImmediate(resolve));
    return outcome;
  };
  const check = cases(input, async (hostile) => {
    next = hostile;
    const theirs = await ask(requestedByNode(origin));
    const ours = await ask(requested(road, '/'));
    if (theirs === 'failed' && ours !== 'failed') {
      // Node drops an answer that more bytes come after; here they end the connection alone.
      next = { ...hostile, answer: { ...hostile.answer, bytes: hostile.answer.bytes.subarray(0, endOf(hostile.answer.bytes, ours)) } };
      compare(ours, await ask(requestedByNode(origin)), next);
    } else compare(ours, theirs, hostile);
    const good = await ask(requested(road, '/good'));
    if (good === 'failed' || good.body !== Buffer.from('good').toString('base64'))
      throw new Error(`The next answer is ${JSON.stringify(good)}.`);
  });
  const alive = async (): Promise<void> => {
    const good = await ask(requested(road, '/good'));
    if (good === 'failed') throw new Error('A good answer does not arrive.');
  };
  const close = async (): Promise<void> => {
    own.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { check, alive, close };
}

async function answer(socket: Socket, { answer: { bytes, isPlain }, cuts, isKept }: Hostile): Promise<void> {
  for (const piece of cutInto(bytes, cuts)) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (isPlain && isKept) return;
  socket.end();
  // Until the other side knows: no client can tell beforehand.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

function requested(road: Road, path: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const body: Buffer[] = [];
    let head: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;
    road.send(
      { method: 'GET', path, headers: [], silenceMs: 5_000 },
      {
        head: (status, headers) => {
          head = { status, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')])) };
        },
        data: (piece) => void body.push(Buffer.from(piece)),
        end: () => resolve(head ? { ...head, body: Buffer.concat(body).toString('base64') } : 'failed'),
        failed: () => resolve('failed'),
      },
    );
  });
}

function requestedByNode(origin: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const asked = request(origin, (answered) => {
      const headers: Record<string, string> = {};
      for (let at = 0; at < answered.rawHeaders.length; at += 2) {
        const name = (answered.rawHeaders[at] ?? '').toLowerCase();
        const value = answered.rawHeaders[at + 1] ?? '';
        headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
      }
      const body: Buffer[] = [];
      answered.on('data', (piece: Buffer) => body.push(piece));
      answered.on('error', () => resolve('failed'));
      answered.on('end', () => resolve({ status: answered.statusCode ?? 0, headers, body: Buffer.concat(body).toString('base64') }));
    });
    asked.on('error', () => resolve('failed'));
    asked.end();
  });
}

/** Where the answer ends, if it is what it was taken for. */
function endOf(bytes: Buffer, { status, headers }: Exclude<Outcome, 'failed'>): number {
  let start = 0;
  for (let head = ''; start === 0 || /^HTTP\/1\.[01] 1/.test(head); ) {
    const end = bytes.indexOf('\r\n\r\n', start, 'latin1') + 4;
    head = bytes.toString('latin1', start, end);
    start = end;
  }
  if (status === 204 || status === 304) return start;
  if (headers['transfer-encoding'] !== undefined) return new ChunkedBody().read(bytes, start, { data: () => true });
  return headers['content-length'] === undefined ? bytes.length : start + Number(headers['content-length']);
}

/** What nobody sends, and Node takes: other codings than chunks, chunks in chunks, line ends before the answer or within its first line, a status that begins
 * with 0, extensions of chunks that have no name or no value. */
function isRefusedHere(bytes: Buffer, { status, headers }: Exclude<Outcome, 'failed'>): boolean {
  const coding = headers['transfer-encoding'] ?? 'chunked';
  if (status < 100 || coding.toLowerCase() !== 'chunked') return true;
  const text = bytes.toString('latin1');
  return /^(?:HTTP\/1\.[01] 1[^]*?\r\n\r\n)*[\r\n]/.test(text) || /^HTTP\/[^\n]*\r[^\n]/m.test(text) || /^[\da-f]+[^\r\n]*;/im.test(text);
}

function compare(ours: Outcome, theirs: Outcome, { answer: { bytes } }: Hostile): void {
  if (ours === 'failed' && theirs !== 'failed' && isRefusedHere(bytes, theirs)) return;
  const [mine, other] = [JSON.stringify(ours), JSON.stringify(theirs)];
  if (mine !== other) throw new Error(`Here it is ${mine.slice(0, 300)}, there ${other.slice(0, 300)}.`);
}

/** Answers of a server in bytes that may be no HTTP at all. */
export const http1Answers: Suite = { name: 'http1-answers', start };
