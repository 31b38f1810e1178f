import type { LookupAddress } from 'node:dns';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loginFetch } from '../../src/upstream/oauth/login-fetch.ts';
import { wayOut } from '../../src/base/index.ts';
import { publicLookup, type Resolver } from '../../src/base/public-addresses.ts';
import { startLegacyHttp } from '../fixtures/http/legacy-http.ts';
import { startProxy, TestHttp } from '../support/registries.ts';
import { connectTo, remoteLaunch, toolCall } from '../support/remote.ts';

/** A DNS in which every name has these addresses, other ones with every question. */
function dns(...answers: string[][]): { readonly resolve: Resolver; readonly asked: string[] } {
  const asked: string[] = [];
  const resolve: Resolver = (hostname, _, callback) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { resolve, asked };
}

function outgoing(resolve: Resolver, env: NodeJS.ProcessEnv = {}) {
  const way = wayOut(env, resolve);
  onTestFinished(() => way.close());
  return way;
}

async function served() {
  const server = await new TestHttp((_, response) => void response.end('inside')).start();
  onTestFinished(() => server.stop());
  return server;
}

describe('the lookup of names that must be out in the world', () => {
  it('gives those addresses that are', async () => {
    const { resolve } = dns(['10.0.0.1', '203.0.113.7', 'fd00::1', '2001:db8::7']);
    const lookup = publicLookup(resolve);
    await expect(promisify(lookup)('x.test', { all: true })).resolves.toEqual([
      { address: '203.0.113.7', family: 4 },
      { address: '2001:db8::7', family: 6 },
    ]);
    const one = new Promise((done) => lookup('x.test', {}, (error, address, family) => done([error, address, family])));
    expect(await one).toEqual([null, '203.0.113.7', 4]);
  });

  it('fails where there are none, and where the lookup does', async () => {
    await expect(promisify(publicLookup(dns(['127.0.0.1', '::ffff:10.0.0.1']).resolve))('x.test', {})).rejects.toMatchObject({
      code: 'ERR_PRIVATE_ADDRESS',
    });
    const broken: Resolver = (_, __, callback) => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
    await expect(promisify(publicLookup(broken))('x.test', {})).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('requests that must stay out in the world', () => {
  it('do not reach a name that leads to this machine', async () => {
    const server = await served();
    const { resolve, asked } = dns(['127.0.0.1']);
    await expect(outgoing(resolve).publicFetch(`http://inside.test:${server.port}/`)).rejects.toMatchObject({
      cause: { code: 'ERR_PRIVATE_ADDRESS' },
    });
    expect(asked).toEqual(['inside.test']);
    expect(server.seen).toEqual([]);
  });

  it('do not reach a name that leads here only when it is looked up once more', async () => {
    const server = await served();
    // Nobody answers at the first address, which documentation has for itself (RFC 5737).
    const { resolve, asked } = dns(['203.0.113.1'], ['127.0.0.1']);
    const { publicFetch } = outgoing(resolve);
    const url = `http://rebound.test:${server.port}/`;
    await expect(publicFetch(url, { signal: AbortSignal.timeout(300) })).rejects.not.toMatchObject({
      cause: { code: 'ERR_PRIVATE_ADDRESS' },
    });
    await expect(publicFetch(url)).rejects.toMatchObject({ cause: { code: 'ERR_PRIVATE_ADDRESS' } });
    expect(asked.length).toBeGreaterThan(1);
    expect(server.seen).toEqual([]);
  });

  it.each(['127.0.0.1', '2130706433', '0x7f000001', '[::ffff:127.0.0.1]', 'localhost'])('do not reach %s', async (host) => {
    const server = await served();
    const { resolve, asked } = dns(['203.0.113.1']);
    await expect(outgoing(resolve).publicFetch(`http://${host}:${server.port}/`)).rejects.toMatchObject({ code: 'ERR_PRIVATE_ADDRESS' });
    expect([server.seen, asked]).toEqual([[], []]);
  });

  it('are held to that beside a proxy as well, and leave names to the proxy', async () => {
    const server = await served();
    const proxy = await startProxy({ 'tools.test': server.port });
    onTestFinished(() => proxy.stop());
    const { resolve, asked } = dns(['127.0.0.1']);
    const { publicFetch } = outgoing(resolve, { HTTP_PROXY: proxy.url, NO_PROXY: 'inside.test' });
    await expect(publicFetch(`http://inside.test:${server.port}/`)).rejects.toMatchObject({ cause: { code: 'ERR_PRIVATE_ADDRESS' } });
    await expect(publicFetch(`http://169.254.169.254/`)).rejects.toMatchObject({ code: 'ERR_PRIVATE_ADDRESS' });
    expect(asked).toEqual(['inside.test']);
    expect(await (await publicFetch('http://tools.test/')).text()).toBe('inside');
  });

  it('say so, and what to do, where a server is meant', async () => {
    const { publicOutgoing } = outgoing(dns(['192.168.1.9']).resolve);
    const connecting = connectTo({ ...remoteLaunch('http://mcp.test/mcp'), outgoing: publicOutgoing });
    await expect(connecting).rejects.toMatchObject({ code: 'CONNECTION_ERROR', message: expect.stringContaining('"publicOnly"') });
  });

  it('are as good as others where nothing is private', async () => {
    const server = await startLegacyHttp();
    onTestFinished(() => server.close());
    const proxy = await startProxy({ 'tools.test': Number(new URL(server.url).port) });
    onTestFinished(() => proxy.stop());
    const { publicOutgoing } = outgoing(dns([]).resolve, { HTTP_PROXY: proxy.url });
    const { connection } = await connectTo({ ...remoteLaunch('http://tools.test/mcp'), outgoing: publicOutgoing });
    expect((await connection.request(toolCall('echo', { params: { name: 'echo', arguments: {} } }))).outcome.result).toBeDefined();
    await connection.close();
  });
});

describe('a login', () => {
  const peer = { id: 'srv', label: 'srv', redact: (text: string): string => text };

  it('of a server in the world does not go to a name that leads here', async () => {
    const server = await served();
    const { publicFetch } = outgoing(dns(['127.0.0.1']).resolve);
    const url = `http://login.test:${server.port}/token`;
    const login = loginFetch(peer, 'https://mcp.example/mcp', { publicFetch });
    const error: unknown = await login(url, { method: 'POST', body: 'refresh_token=hunter2' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'UPSTREAM_PROTOCOL', message: expect.stringContaining('"publicOnly": false') });
    expect(server.seen).toEqual([]);
  });

  it('of a server that is said to be within may', async () => {
    const server = await served();
    const { publicFetch } = outgoing(dns(['127.0.0.1']).resolve);
    const login = loginFetch(peer, 'https://mcp.example/mcp', { publicFetch, publicOnly: false });
    expect(await (await login(`http://127.0.0.1:${server.port}/token`)).text()).toBe('inside');
  });

  it('may be at the origin of the server itself, unless that is guarded too', async () => {
    const server = await served();
    const { publicFetch } = outgoing(dns(['127.0.0.1']).resolve);
    const own = `http://mcp.test:${server.port}`;
    // The way that requests to the server itself take.
    const fetchOwn = (input: string | URL, init?: RequestInit): Promise<Response> =>
      fetch(String(input).replace('mcp.test', '127.0.0.1'), init);
    const login = loginFetch({ ...peer, fetch: fetchOwn }, `${own}/mcp`, { publicFetch });
    expect(await (await login(`${own}/.well-known/x`)).text()).toBe('inside');
    await expect(login('http://mcp.test:4242/')).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
    const guarded = loginFetch({ ...peer, fetch: fetchOwn }, `${own}/mcp`, { publicFetch, publicOnly: true });
    await expect(guarded(`${own}/.well-known/x`)).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
  });
});
