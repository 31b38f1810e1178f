import { describe, expect, it, onTestFinished } from 'vitest';
import { wayOut } from '../../src/base/index.ts';
import { startLegacyHttp } from '../fixtures/http/legacy-http.ts';
import { TestHttp, startProxy } from '../support/registries.ts';
import { connectTo, remoteLaunch, toolCall } from '../support/remote.ts';

function outgoing(env: NodeJS.ProcessEnv) {
  const way = wayOut(env);
  onTestFinished(() => way.close());
  return way;
}

async function proxyTo(hosts: Readonly<Record<string, number>>) {
  const proxy = await startProxy(hosts);
  onTestFinished(() => proxy.stop());
  return proxy;
}

describe('the way out', () => {
  it('goes through the proxy of the environment, with streams and sessions', async () => {
    const server = await startLegacyHttp();
    onTestFinished(() => server.close());
    const proxy = await proxyTo({ 'tools.test': Number(new URL(server.url).port) });
    const { connection } = await connectTo({ ...remoteLaunch('http://tools.test/mcp'), ...outgoing({ HTTP_PROXY: proxy.url }) });
    const told: string[] = [];
    const params = { name: 'echo', _meta: { progressToken: 1 } };
    const { outcome } = await connection.request(toolCall('echo', { params, onNotification: ({ method }) => void told.push(method) }));
    expect(outcome.result).toMatchObject({ content: [{ type: 'text', text: '{}' }] });
    expect(told).toContain('notifications/progress');
    expect(proxy.connects.length + proxy.seen.length).toBeGreaterThan(0);
    await connection.close();
    expect(server.sessions.size).toBe(0);
  });

  it.each(['127.0.0.1', 'localhost'])('goes to %s without it, whatever the environment says', async (host) => {
    const server = await new TestHttp((_, response) => void response.end('here')).start();
    onTestFinished(() => server.stop());
    const { fetch } = outgoing({ http_proxy: 'http://127.0.0.1:1', https_proxy: 'http://127.0.0.1:1' });
    const response = await fetch(`http://${host}:${server.port}/`);
    expect(await response.text()).toBe('here');
  });

  it('leaves out the hosts of NO_PROXY', async () => {
    const proxy = await proxyTo({});
    const { fetch } = outgoing({ HTTP_PROXY: proxy.url, NO_PROXY: 'inside.invalid' });
    await expect(fetch('http://inside.invalid/')).rejects.toThrow('fetch failed');
    expect([proxy.connects, proxy.seen]).toEqual([[], []]);
  });

  it('sends forms, as logins do', async () => {
    const bodies: string[] = [];
    const server = await new TestHttp((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => void bodies.push(text));
      request.on('end', () => response.writeHead(204).end());
    }).start();
    onTestFinished(() => server.stop());
    const proxy = await proxyTo({ 'login.test': server.port });
    const { fetch } = outgoing({ HTTP_PROXY: proxy.url });
    const response = await fetch('http://login.test/token', { method: 'POST', body: new URLSearchParams({ code: 'a b' }) });
    expect([response.status, bodies, server.seen[0]?.headers['content-type']]).toEqual([
      204,
      ['code=a+b'],
      'application/x-www-form-urlencoded;charset=UTF-8',
    ]);
  });

  it('tells what the proxy answers, and what is wrong with the variable', async () => {
    const proxy = await proxyTo({});
    const refused = connectTo({ ...remoteLaunch('http://nowhere.test/mcp'), ...outgoing({ HTTP_PROXY: proxy.url }) });
    await expect(refused).rejects.toMatchObject({
      code: 'CONNECTION_ERROR',
      message: expect.stringContaining('the proxy of the environment'),
    });
    const broken = connectTo({ ...remoteLaunch('http://nowhere.test/mcp'), ...outgoing({ HTTP_PROXY: 'socks5://user:secret@x' }) });
    await expect(broken).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringMatching(/^(?!.*secret).*HTTP_PROXY/) });
  });
});
