import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallbackPorts } from '../../../src/upstream/oauth/callback-ports.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const OWN = 'http://localhost:37373/api/oauth/callback?server_name=srv';
let clock: FakeClock;
let ports: CallbackPorts;
let port: number;

beforeEach(async () => {
  clock = new FakeClock();
  ports = new CallbackPorts({ clock, serve: (search, _, res) => void res.end(`served ${search}`) });
  port = await freePort();
});
afterEach(async () => {
  await ports.close();
  expect(clock.pending).toBe(0);
});

const hold = (state: string): Promise<void> => ports.await({ url: `http://localhost:${port}/back`, own: OWN, state, withinMs: 1_000 });
const get = (path: string): Promise<Response> => fetch(`http://localhost:${port}${path}`, { redirect: 'manual' });

describe('a callback address at another port', () => {
  it('answers as that of the hub does, and is closed with its last login', async () => {
    await Promise.all([hold('a'), hold('b')]);
    const answer = await get('/back?code=c%26d&state=a&iss=x');
    expect([answer.status, await answer.text()]).toEqual([200, 'served ?code=c%26d&state=a&iss=x']);
    expect((await get('/back?state=a')).status).toBe(404);
    expect((await get('/back?state=b')).status).toBe(200);
    await eventually(async () => expect(await get('/back?state=b').catch(() => 'closed')).toBe('closed'));
  });

  it('answers to nothing else', async () => {
    await hold('a');
    expect((await get('/?state=a')).status).toBe(404);
    expect((await get('/back')).status).toBe(404);
    expect((await fetch(`http://localhost:${port}/back?state=a`, { method: 'POST' })).status).toBe(404);
  });

  it('is closed when the login takes too long', async () => {
    await hold('a');
    await clock.advance(1_001);
    await eventually(async () => expect(await get('/back?state=a').catch(() => 'closed')).toBe('closed'));
  });

  it('says so when another program has the port', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
    try {
      await expect(hold('a')).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining(`port ${port}`) });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    await hold('a');
    expect((await get('/back?state=a')).status).toBe(200);
  });

  it('is there for a hub that has no port of its own', async () => {
    await ports.await({ url: `http://localhost:${port}/back`, own: undefined, state: 'a', withinMs: 1_000 });
    expect((await get('/back?state=a')).status).toBe(200);
  });

  it.each(['https://hub.example/back', 'http://hub.example:80/back', 'http://localhost:37373/back'])('is not made for %s', async (url) => {
    await ports.await({ url, own: OWN, state: 'a', withinMs: 1_000 });
    expect(clock.pending).toBe(0);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port: free } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return free;
}
