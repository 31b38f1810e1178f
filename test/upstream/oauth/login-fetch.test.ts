import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { loginFetch } from '../../../src/upstream/oauth/login-fetch.ts';
import { type HttpFixture, listen } from '../../fixtures/http/listen.ts';

const open: HttpFixture[] = [];
afterEach(async () => {
  for (const fixture of open.splice(0)) await fixture.close();
});

async function serve(handler: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  const fixture = await listen((req, res) => {
    req.resume();
    handler(req, res);
  }, '');
  open.push(fixture);
  return fixture.url;
}

const fetchFor = (server: string): typeof fetch => loginFetch({ id: 'srv', label: server, redact: (text) => text }, server);

describe('requests of a login', () => {
  it.each([
    'http://127.0.0.1:1/x',
    'http://2130706433/x',
    'https://localhost/x',
    'https://any.localhost/x',
    'https://localhost./x',
    'https://10.1.2.3/x',
    'https://172.31.0.1/x',
    'https://192.168.0.1/x',
    'http://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/x',
    'https://0.0.0.0/x',
    'https://[::1]/x',
    'https://[::]/x',
    'https://[fd00::1]/x',
    'https://[fe80::1]/x',
    'https://[::ffff:10.0.0.1]/x',
  ])('of a server out in the world do not go to %s', async (url) => {
    await expect(fetchFor('https://mcp.example/mcp')(url)).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining('network'),
    });
  });

  it.each(['file:///etc/passwd', 'data:,x', 'ftp://auth.example/', 'https://user:pw@auth.example/'])('do not go to %s', async (url) => {
    const error = await fetchFor('http://127.0.0.1:9/mcp')(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
    expect(String(error)).not.toContain('pw');
  });

  it('of a server on this machine may stay on it', async () => {
    const url = await serve((_, res) => res.end('here'));
    expect(await (await fetchFor('http://localhost:9/mcp')(url)).text()).toBe('here');
  });

  it('carry nothing that is sent to where they are redirected', async () => {
    const seen: string[] = [];
    const elsewhere = await serve((req, res) => {
      seen.push(`${req.method} ${req.url}`);
      res.end('{}');
    });
    const url = await serve((_, res) => res.writeHead(307, { location: `${elsewhere}/token` }).end());
    const post = fetchFor(url)(`${url}/token`, { method: 'POST', body: 'refresh_token=secret' });
    await expect(post).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL', message: expect.stringContaining('redirect') });
    await expect(fetchFor(url)(`${url}/x`, { headers: { authorization: 'Bearer x' } })).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
    });
    expect(seen).toEqual([]);
    expect(await (await fetchFor(url)(`${url}/.well-known/x`)).text()).toBe('{}');
    expect(seen).toEqual(['GET /token']);
  });

  it('are not redirected without end, or to where they may not go', async () => {
    const round = await serve((req, res) => res.writeHead(302, { location: req.url }).end());
    await expect(fetchFor(round)(`${round}/x`)).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
    const away = await serve((_, res) => res.writeHead(302, { location: 'file:///etc/passwd' }).end());
    await expect(fetchFor(away)(`${away}/x`)).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
  });

  it('read no endless answer', async () => {
    const url = await serve((_, res) => {
      const pour = (): void => {
        while (!res.destroyed && res.write('x'.repeat(65_536)));
      };
      res.on('drain', pour);
      pour();
    });
    const response = await fetchFor(url)(`${url}/x`);
    await expect(response.text()).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
  });
});
