import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isHubError, systemClock } from '../../src/base/index.ts';
import { openUnixSocket } from '../../src/http/unix-socket.ts';
import { type DoorHarness, startDoor } from './door-harness.ts';

let dir: string;
let path: string;
const servers: Server[] = [];
const doors: DoorHarness[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hub-s-'));
  path = join(dir, 'hub.sock');
});
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true, force: true });
});

const place = () => ({ path, locksDir: join(dir, 'locks') });
async function start(options: Parameters<typeof startDoor>[0] = {}): Promise<DoorHarness> {
  const door = await startDoor({ socket: place(), port: undefined, ...options });
  doors.push(door);
  door.keys.isNeeded = false;
  return door;
}

function ask(method: string, at: string, headers: Record<string, string> = {}, body?: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const type = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
    const req = request({ socketPath: path, path: at, method, headers: { host: 'localhost', ...type, ...headers }, agent: false });
    req.on('error', reject).on('response', (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    });
    req.end(text);
  });
}

const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await work.catch((reason: unknown) => reason);
  return isHubError(error) ? error.code : error;
};

describe('a hub behind a Unix socket', () => {
  it('serves its own user there, as a program of this machine, and leaves nothing behind', async () => {
    const door = await start();
    expect(door.port).toBe(0);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(await ask('GET', '/api/servers')).toBe(200);
    expect(await ask('POST', '/api/servers', {}, { name: 'new', config: { command: 'sh' } })).toBe(201);
    expect(await ask('POST', '/api/servers', { 'x-forwarded-for': '192.0.2.1' }, { name: 'other', config: { command: 'sh' } })).toBe(403);
    expect(await ask('GET', '/api/servers', { host: 'evil.example' })).toBe(403);
    await door.close();
    expect(existsSync(path)).toBe(false);
  });

  it('asks for a key there too', async () => {
    const door = await start();
    door.keys.isNeeded = true;
    expect(await ask('GET', '/api/servers')).toBe(401);
    expect(await ask('GET', '/api/servers', { 'x-api-key': 'mcphub_look' })).toBe(200);
  });

  it('may have a port besides', async () => {
    const door = await start({ port: 0 });
    expect(await ask('GET', '/api/servers')).toBe(200);
    expect((await fetch(`${door.url}/api/servers`)).status).toBe(200);
  });

  it('has the mode at every moment, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      await start();
    } finally {
      process.umask(before);
    }
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
  });
});

describe('the place of a socket', () => {
  it('is taken over from a hub that was killed', async () => {
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(lstatSync(path).isSocket()).toBe(true);
    await start();
    expect(await ask('GET', '/api/servers')).toBe(200);
  });

  it('is left to one that listens', async () => {
    await start();
    expect(await codeOf(start())).toBe('PORT_IN_USE');
    expect(await ask('GET', '/api/servers')).toBe(200);
  });

  it.each([
    ['a file', () => writeFile(path, 'precious')],
    ['a link', () => symlink('/nowhere', path)],
    [
      'a file behind a link',
      async () => {
        await writeFile(join(dir, 'file'), 'precious');
        await symlink(join(dir, 'file'), path);
      },
    ],
  ])('is refused and left alone when %s is there', async (_, put) => {
    await put();
    const before = lstatSync(path);
    expect(await codeOf(start())).toBe('CONFIG_ERROR');
    expect(lstatSync(path)).toMatchObject({ ino: before.ino, size: before.size });
  });

  it.runIf(process.platform === 'linux')(
    'may have a path as long as sockets have, and no longer one, which the system would cut off',
    async () => {
      const deep = join(dir, 'd'.repeat(107 - '/.hub-XXXXXX/s'.length - dir.length - 1));
      await mkdir(deep);
      path = join(deep, 's');
      await start();
      expect([lstatSync(path).mode & 0o777, await ask('GET', '/api/servers')]).toEqual([0o600, 200]);
      for (const longer of [join(`${deep}d`, 's'), join(dir, 'x'.repeat(120))]) {
        const opened = openUnixSocket(createServer(), { ...place(), path: longer, clock: systemClock });
        await expect(opened).rejects.toThrow(/has \d+ bytes, and one of a socket has at most 107\. Choose a shorter one\./);
      }
    },
  );

  it('is refused where no socket can be', async () => {
    path = join(dir, 'missing', 'hub.sock');
    expect(await codeOf(start())).toBe('CONFIG_ERROR');
    path = join(dir, 'x'.repeat(90), 'y'.repeat(40));
    expect(await codeOf(start())).toBe('CONFIG_ERROR');
  });

  it('goes to one of several that start at once', async () => {
    const all = Array.from({ length: 6 }, () => createServer());
    const outcomes = await Promise.all(
      all.map((server) => openUnixSocket(server, { ...place(), clock: systemClock }).catch((error: unknown) => error)),
    );
    servers.push(...all.filter(({ listening }) => listening));
    expect(servers).toHaveLength(1);
    expect(outcomes.filter((outcome) => isHubError(outcome, 'PORT_IN_USE'))).toHaveLength(5);
  });

  it('is not removed by a hub that has lost it', async () => {
    const first = createServer();
    servers.push(first);
    const own = await openUnixSocket(first, { ...place(), clock: systemClock });
    await rm(path);
    await start();
    own.dispose();
    expect(await ask('GET', '/api/servers')).toBe(200);
  });
});
