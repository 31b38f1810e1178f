import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { EventBody, WholeBody } from '../../../src/upstream/remote/body.ts';
import { HttpRequest } from '../../../src/upstream/remote/http-request.ts';
import { serverRoad } from '../../../src/upstream/remote/server-road.ts';
import { type HttpFixture, listen } from '../../fixtures/http/listen.ts';
import { remoteLaunch } from '../../support/remote.ts';

let server: HttpFixture | undefined;

afterEach(() => server?.close());

async function served(contentType: string, body: string | Buffer, more: Record<string, string> = {}): Promise<string> {
  server = await listen((_, response) => void response.writeHead(200, { 'content-type': contentType, ...more }).end(body));
  return server.url;
}

/** The body of the answer to a GET, or the data of its events, as text. */
function read(url: string, maxMessageBytes?: number, onEvent: (text: string) => void = () => {}): Promise<string> {
  const launch = { ...remoteLaunch(url), ...(maxMessageBytes !== undefined && { maxMessageBytes }) };
  const road = serverRoad('srv', launch, () => {});
  return new Promise((resolve, reject) => {
    const data: Buffer[] = [];
    const request = new HttpRequest(
      road,
      { method: 'GET', headers: [], inSession: false, silenceMs: 0 },
      {
        accepted: (_, headers) =>
          headers['content-type']?.startsWith('text/event-stream')
            ? new EventBody({
                maxBytes: road.maxMessageBytes,
                onEvent: (event) => {
                  data.push(event.data ?? Buffer.alloc(0));
                  onEvent(String(event.data));
                },
                onEnd: () => resolve(Buffer.concat(data).toString()),
              })
            : new WholeBody((bytes) => resolve(bytes.toString())),
        refused: ({ status }) => reject(new Error(`HTTP ${status}`)),
        failed: reject,
      },
    );
    request.send();
  });
}

describe('the answer to a request', () => {
  it('is read where it is within the limit, and streams of any length with short events', async () => {
    expect(await read(await served('application/json', '{"a":"12345"}'), 13)).toBe('{"a":"12345"}');
    await server?.close();
    const url = await served('text/event-stream; charset=utf-8', 'data: x\n\n'.repeat(10_000));
    expect(await read(url, 100)).toBe('x'.repeat(10_000));
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['gzip, br', (text: string) => brotliCompressSync(gzipSync(text))],
  ])('is decoded from %s', async (coding, encode) => {
    const text = JSON.stringify('ü'.repeat(300_000));
    expect(await read(await served('application/json', encode(text), { 'content-encoding': coding }))).toBe(text);
  });

  it('is decoded event by event', async () => {
    const zip = createGzip();
    server = await listen((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      zip.pipe(response);
      zip.write('data: first\n\n');
      zip.flush();
    });
    const told: string[] = [];
    const whole = read(server.url, undefined, (text) => {
      told.push(text);
      if (told.length === 1) zip.end('data: second\n\n');
    });
    expect(await whole).toBe('firstsecond');
    expect(told).toEqual(['first', 'second']);
  });

  it('is not what comes before it', async () => {
    server = await listen((_, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}');
    });
    expect(await read(server.url)).toBe('{"a":1}');
  });

  it('fails when the connection breaks in the middle of it', async () => {
    server = await listen((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"a":');
      setTimeout(() => request.socket.destroy(), 20);
    });
    await expect(read(server.url)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('is measured against the limit as it is when it is decoded', async () => {
    const url = await served('application/json', gzipSync('x'.repeat(2_000_000)), { 'content-encoding': 'gzip' });
    await expect(read(url, 1_000_000)).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining('1000000 bytes'),
    });
  });

  it('fails where it says that it is coded and is not', async () => {
    await expect(read(await served('application/json', '{}', { 'content-encoding': 'gzip' }))).rejects.toMatchObject({
      code: 'Z_DATA_ERROR',
    });
  });

  it('is bounded by the limit of the entry, which is named', async () => {
    await expect(read(await served('application/json', '"1234567890"'), 10)).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining('more than 10 bytes, which was not read. Ask for less at once, or raise "maxMessageSize"'),
      details: { setting: 'maxMessageSize' },
    });
  });

  it('is read at a bounded rate when it is a flood of events', async () => {
    const url = await served('text/event-stream', 'data: x\n\n'.repeat(10_000));
    const startMs = Date.now();
    await read(url);
    // 20,000 lines; nobody waits for the last pause.
    expect(Date.now() - startMs).toBeGreaterThan(500);
  });

  it('is read at a bounded rate also where thousands of lines come in one piece of the network', async () => {
    server = await listen((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.cork();
      for (let chunk = 0; chunk < 20; chunk += 1) response.write('\n'.repeat(1_000));
      response.end();
    });
    const startMs = Date.now();
    await read(server.url);
    expect(Date.now() - startMs).toBeGreaterThan(500);
  });

  it.each([
    ['identity', (text: string) => Buffer.from(text)],
    // Random, so that it stays long.
    ['gzip', (text: string) => gzipSync(text, { level: 0 })],
  ])('is read in steps when it is long, so that others get their turn (%s)', async (coding, encode) => {
    const text = 'x'.repeat(9 * 1024 * 1024);
    const url = await served('application/json', encode(text), { 'content-encoding': coding });
    const startMs = Date.now();
    expect((await read(url)).length).toBe(text.length);
    // 1 MiB over what is read at once, 256 KiB in 62.5 ms; nobody waits for the last pause.
    expect(Date.now() - startMs).toBeGreaterThan(150);
  });

  it('is not read at all when it says that it is too long', async () => {
    let written = 0;
    server = await listen((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 64 * 1024 * 1024 });
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) written += 64 * 1024;
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    });
    await expect(read(server.url, 1_000)).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining('1000 bytes'),
    });
    // What the sockets of both sides hold.
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  it.each([
    ['application/json', 'x\n'.repeat(200)],
    ['text/event-stream', `data: a\n\ndata: ${'x'.repeat(200)}`],
    ['text/event-stream', `data: ${'x'.repeat(200)}\n\n`],
    ['text/event-stream', 'data: x\n'.repeat(200)],
    ['text/event-stream', `: ${'x'.repeat(200)}`],
  ])('breaks off at a message of %s that is too long', async (contentType, body) => {
    await expect(read(await served(contentType, body), 100)).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining('more than 100 bytes'),
    });
  });
});
