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
