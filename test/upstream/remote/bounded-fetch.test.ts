import { afterEach, describe, expect, it } from 'vitest';
import { boundedFetch } from '../../../src/upstream/remote/bounded-fetch.ts';
import { type HttpFixture, listen } from '../../fixtures/http/listen.ts';

const peer = { id: 'srv', label: 'http://x', redact: (text: string) => text };
let server: HttpFixture | undefined;

async function served(contentType: string, body: string): Promise<string> {
  server = await listen((_, response) => void response.writeHead(200, { 'content-type': contentType }).end(body));
  return server.url;
}

afterEach(() => server?.close());

describe('boundedFetch', () => {
  it('passes what is within the limit, and streams of any length in short lines', async () => {
    const url = await served('application/json', '{"a":"12345"}');
    expect(await (await boundedFetch(peer, url, {}, 13)).json()).toEqual({ a: '12345' });
    await server?.close();
    const lines = 'data: x\n\n'.repeat(10_000);
    expect(await (await boundedFetch(peer, await served('text/event-stream; charset=utf-8', lines), {}, 100)).text()).toBe(lines);
  });

  it('takes the limit of the peer, and names its setting', async () => {
    const response = await boundedFetch({ ...peer, maxMessageBytes: 10 }, await served('application/json', '"1234567890"'));
    await expect(response.text()).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining('more than 10 bytes, which was not read. Ask for less at once, or raise "maxMessageSize"'),
      details: { setting: 'maxMessageSize' },
    });
  });

  it('reads a flood of events at a bounded rate', async () => {
    const url = await served('text/event-stream', 'data: x\n\n'.repeat(10_000));
    const startMs = Date.now();
    await (await boundedFetch(peer, url)).text();
    // 20,000 lines; whoever is not told of the last pause need not wait for it.
    expect(Date.now() - startMs).toBeGreaterThan(500);
  });

  it('reads a long message in steps, so that others get their turn', async () => {
    const text = 'x'.repeat(9 * 1024 * 1024);
    const url = await served('application/json', text);
    const startMs = Date.now();
    expect((await (await boundedFetch(peer, url)).text()).length).toBe(text.length);
    // 1 MiB over what is read at once, 256 KiB in 62.5 ms; whoever is not told of the last pause need not wait for it.
    expect(Date.now() - startMs).toBeGreaterThan(150);
  });

  it('reads nothing of a message that says it is too long, and tells of that beside the response', async () => {
    let written = 0;
    server = await listen((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 64 * 1024 * 1024 });
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) written += 64 * 1024;
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    });
    const told: unknown[] = [];
    const response = await boundedFetch(peer, server.url, {}, 1_000, (error) => told.push(error));
    await expect(response.text()).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL', message: expect.stringContaining('1000 bytes') });
    expect(told).toMatchObject([{ code: 'UPSTREAM_PROTOCOL' }]);
    // What the sockets of both sides hold.
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  it.each([
    ['application/json', 'x\n'.repeat(200)],
    ['text/event-stream', `data: a\n\ndata: ${'x'.repeat(200)}`],
  ])('breaks off a message of %s that is too long', async (contentType, body) => {
    const response = await boundedFetch(peer, await served(contentType, body), {}, 100);
    await expect(response.text()).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining('more than 100 bytes'),
    });
  });
});
