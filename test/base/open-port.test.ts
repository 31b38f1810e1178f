import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { claimPort } from '../../src/base/index.ts';

const close = (servers: readonly Server[]): Promise<unknown> =>
  Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));

const answering = (): Server => createServer((_, res) => void res.setHeader('connection', 'close').end('here'));

describe('a port that is opened before its server is there', () => {
  it('is open on both loopback addresses, and nobody else can have it', async () => {
    const claimed = await claimPort('localhost', 0);
    await expect(claimPort('localhost', claimed.port)).rejects.toMatchObject({ code: 'PORT_IN_USE', details: { port: claimed.port } });
    claimed.dispose();
    const again = await claimPort('localhost', claimed.port);
    again.dispose();
  });

  it('answers those who have come early, and those who come late', async () => {
    const claimed = await claimPort('localhost', 0);
    const early = connect(claimed.port, '127.0.0.1');
    await once(early, 'connect');
    early.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let answer = '';
    early.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    // The claim has taken the connection by now, or soon will have.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { port, servers } = claimed.handTo(answering);
    expect(port).toBe(claimed.port);
    await once(early, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[^]*here/);
    const late = await Promise.all(servers.map((server) => fetchFrom(server)));
    expect(late).toEqual(servers.map(() => 'here'));
    claimed.dispose();
    expect(await fetchFrom(servers[0])).toBe('here');
    await close(servers);
    const free = await claimPort('localhost', port);
    free.dispose();
  });

  it('can be closed while those who came early still hold on', async () => {
    const claimed = await claimPort('127.0.0.1', 0);
    const early = connect(claimed.port, '127.0.0.1');
    await once(early, 'connect');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { servers } = claimed.handTo(() => createServer((_, res) => void res.end('here')));
    early.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(early, 'data');
    const closed = once(early, 'close');
    await close(servers);
    expect(await closed).toEqual([false]);
  });

  it('lets go of those who have come when it is given up', async () => {
    const claimed = await claimPort('127.0.0.1', 0);
    const early = connect(claimed.port, '127.0.0.1');
    early.on('error', () => {});
    await once(early, 'connect');
    await new Promise((resolve) => setTimeout(resolve, 50));
    claimed.dispose();
    await once(early, 'close');
    await expect(fetch(`http://127.0.0.1:${claimed.port}`)).rejects.toThrow('fetch failed');
  });
});

async function fetchFrom(server: Server | undefined): Promise<string> {
  const address = server?.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server does not listen');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return (await fetch(`http://${host}:${address.port}/`)).text();
}
