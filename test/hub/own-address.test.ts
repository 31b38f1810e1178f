import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { isOwnAddress } from '../../src/hub/own-address.ts';
import { type RunningHub, runHub } from '../support/in-process-hub.ts';

describe('isOwnAddress', () => {
  it.each([
    ['http://localhost:8080/mcp', 'localhost', true],
    ['http://LOCALHOST.:8080/mcp/files', 'localhost', true],
    ['http://hub.localhost:8080/', 'localhost', true],
    ['http://127.0.0.1:8080/sse', 'localhost', true],
    ['http://127.1:8080/mcp', 'localhost', true],
    ['http://2130706433:8080/mcp', '127.0.0.1', true],
    ['http://[::1]:8080/mcp', 'localhost', true],
    ['http://[::ffff:127.0.0.1]:8080/mcp', 'localhost', true],
    ['http://0.0.0.0:8080/mcp', 'localhost', true],
    ['http://localhost:8080/mcp', '0.0.0.0', true],
    ['http://192.0.2.7:8080/mcp', '192.0.2.7', true],
    ['http://localhost:8081/mcp', 'localhost', false],
    ['http://localhost/mcp', 'localhost', false],
    ['https://localhost:8080/mcp', 'localhost', false],
    ['http://example.com:8080/mcp', 'localhost', false],
    ['http://localhost.example.com:8080/mcp', 'localhost', false],
    ['http://192.0.2.7:8080/mcp', 'localhost', false],
    ['http://localhost:8080/mcp', '192.0.2.7', false],
  ])('%s of a hub on %s: %s', (url, host, own) => {
    expect(isOwnAddress(new URL(url), host, 8080)).toBe(own);
  });

  it('knows port 80, and the addresses of the machine when it listens on all of them', () => {
    expect(isOwnAddress(new URL('http://localhost/mcp'), 'localhost', 80)).toBe(true);
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    for (const { address, family } of addresses.filter(({ scopeid }) => !scopeid)) {
      expect(isOwnAddress(new URL(`http://${family === 'IPv6' ? `[${address}]` : address}:8080/`), '0.0.0.0', 8080)).toBe(true);
    }
  });
});

describe('a hub whose config has its own address', () => {
  let running: RunningHub | undefined;
  afterEach(() => running?.stop());

  it('refuses that server in words, and no other one', async () => {
    // The port is free for the second hub once the first one has ended.
    const first = await runHub({});
    const { port } = new URL(first.origin);
    await first.stop();
    running = await runHub(
      { mcpServers: { me: { url: 'http://${NAME}:${PORT}/mcp', env: { NAME: 'localhost', PORT: port } } } },
      {},
      Number(port),
    );
    const health = await (await fetch(`${running.origin}/api/health`)).text();
    const [me] = JSON.parse(health).servers;
    expect(me).toMatchObject({
      status: 'disconnected',
      error: expect.stringContaining('Server "me": url is the address of this hub itself'),
    });
  });
});
