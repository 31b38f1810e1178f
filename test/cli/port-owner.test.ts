import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { probeHub } from '../../src/cli/health-probe.ts';
import { findListener, listeningInodes, nameOf, parseLsof, parseNetstat } from '../../src/cli/listeners.ts';
import { describePortInUse, findPortOwner } from '../../src/cli/port-owner.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

const answering = (body: string): Server => createHttpServer((_, response) => response.end(body));

describe('probeHub', () => {
  it('knows a hub by its server_id, on either loopback address', async () => {
    const health = JSON.stringify({ server_id: 'mcp-hub', version: '4.2.1', hubVersion: '4.3.0', pid: 7 });
    expect(await probeHub(await listen(answering(health)))).toEqual({ version: '4.3.0', pid: 7 });
    expect(await probeHub(await listen(answering('{"server_id":"mcp-hub","version":"4.2.1"}'), '::1'))).toEqual({
      version: '4.2.1',
      pid: undefined,
    });
  });

  it.each([['{"server_id":"other"}'], ['null'], ['<html>'], ['']])('takes no other program for one (%s)', async (body) => {
    expect(await probeHub(await listen(answering(body)))).toBeUndefined();
  });

  it('gives up on a listener that says nothing, and on a closed port', async () => {
    const silent = createServer();
    const port = await listen(silent);
    const start = performance.now();
    expect(await probeHub(port)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(900);
    servers.splice(servers.indexOf(silent), 1);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    expect(await probeHub(port)).toBeUndefined();
  });
});

describe('findListener', () => {
  it.runIf(process.platform === 'linux').each(['127.0.0.1', '::1', '0.0.0.0'])('finds this process by /proc on %s', async (host) => {
    const found = await findListener(await listen(createServer(), host), 'linux');
    expect(found?.pid).toBe(process.pid);
    expect(found?.name).toContain('node');
  });

  it('finds nobody where nobody listens', async () => {
    const server = createServer();
    const port = await listen(server);
    servers.pop();
    await new Promise((resolve) => server.close(resolve));
    expect(await findListener(port, process.platform)).toBeUndefined();
  });

  it('reads /proc/net/tcp: listening sockets of the port only', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:91FD 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0',
      '   1: 0100007F:91FD 0100007F:8000 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 20 4 30 10 -1',
      '   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0',
      '',
    ].join('\n');
    expect(listeningInodes(table, 0x91fd)).toEqual(['4711']);
    expect(listeningInodes(table, 22)).toEqual(['4713']);
    expect(listeningInodes('', 22)).toEqual([]);
  });

  it('reads lsof', () => {
    expect(parseLsof('p4242\ncnode\nf22\n')).toEqual({ pid: 4242, name: 'node' });
    expect(parseLsof('')).toBeUndefined();
  });

  it('reads netstat of Windows, in any language', () => {
    const text = [
      '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
      '  TCP    127.0.0.1:37373        127.0.0.1:50000        HERGESTELLT      999',
      '  TCP    [::1]:37373            [::]:0                 ABHÖREN          4242',
    ].join('\r\n');
    expect(parseNetstat(text, 37_373)).toBe(4242);
    expect(parseNetstat(text, 80)).toBeUndefined();
  });

  it.each([
    [['/usr/bin/node', '/opt/mcp-hub/bin/mcp-hub.js', '--token', 'hush'], 'node /opt/mcp-hub/bin/mcp-hub.js'],
    [['/usr/bin/psql', 'password'], 'psql'],
    [['python3', 'app.py'], 'python3 app.py'],
    [['nginx: master process'], 'nginx: master process'],
    [[], 'unknown'],
  ])('names %j %s', (argv, name) => {
    expect(nameOf(argv)).toBe(name);
  });
});

describe('findPortOwner', () => {
  it('ends within a second, whatever listens', async () => {
    const port = await listen(createServer());
    const start = performance.now();
    const owner = await findPortOwner(port, process.platform, systemClock);
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(owner.hub).toBeUndefined();
    expect([process.pid, undefined]).toContain(owner.process?.pid);
  });
});

describe('describePortInUse', () => {
  it('names a foreign process', () => {
    expect(describePortInUse(80, { process: { pid: 5, name: 'ng\u001B[31minx' }, hub: undefined })).toEqual([
      'EADDRINUSE: port 80 is in use by nginx (pid 5), which is not an mcp-hub.',
      'End that process, or choose another port: --port 81',
    ]);
  });

  it('names a hub and how to use or replace it', () => {
    expect(describePortInUse(37_373, { process: { pid: 5, name: 'node x.js' }, hub: { version: '4.3.0', pid: 5 } })).toEqual([
      'EADDRINUSE: port 37373 is in use by node x.js (pid 5), an mcp-hub (version 4.3.0).',
      'Clients can use it as it is: http://localhost:37373/mcp',
      'To replace it, stop it (kill 5) and start again. To run a second one, choose another port: --port 37374',
    ]);
  });

  it('knows a hub that is still starting by its name', () => {
    const [first, second] = describePortInUse(37_373, { process: { pid: 5, name: 'node /usr/bin/mcp-hub' }, hub: undefined });
    expect(first).toBe('EADDRINUSE: port 37373 is in use by node /usr/bin/mcp-hub (pid 5), an mcp-hub that does not answer yet.');
    expect(second).toBe('Clients can use it as it is: http://localhost:37373/mcp');
  });

  it('says what it can when it knows little', () => {
    expect(describePortInUse(65_535, { process: undefined, hub: undefined })).toEqual([
      'EADDRINUSE: port 65535 is in use by another process.',
      'Nobody is seen there: it belongs to another user (with their rights, "lsof -i :65535" names it), is too busy to answer, or is a connection that is about to end. Try again.',
      'End that process, or choose another port: --port 65534',
    ]);
    expect(describePortInUse(1, { process: undefined, hub: { version: undefined, pid: 9 } })[0]).toBe(
      'EADDRINUSE: port 1 is in use by pid 9, an mcp-hub.',
    );
  });
});
