import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { modern, open, send } from '../downstream/harness.ts';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, healthOf, type HubProcess, makeFolder, PROJECT, settled, startHub } from '../support/hub-process.ts';
import { eventually, isRunning } from '../support/processes.ts';

const FAULTS = join(PROJECT, 'test/fixtures/faults');
const gauge = { command: process.execPath, args: [fixtureServer('gauge')] };

afterEach(endHubs);

const work = (ms: number, n: number) => modern('tools/call', { name: 'gauge__work', arguments: { ms, n } });
const begun = async (hub: HubProcess): Promise<boolean> =>
  (await send(hub.url, modern('tools/call', { name: 'gauge__begun' }))).text.includes('"text":"1"');

async function hubWith(more: object = {}, env: Readonly<Record<string, string>> = {}): Promise<HubProcess> {
  const hub = await startHub({ config: { mcpServers: { gauge }, ...more }, env });
  await settled(hub);
  return hub;
}

describe('SIGTERM with a call in flight', () => {
  it('lets the call be answered, takes no connection meanwhile, and ends with exit code 0', async () => {
    const hub = await hubWith({ shutdownTimeout: 5_000 });
    const call = open(hub.url, work(1_200, 7));
    await eventually('the call runs', () => begun(hub));
    const start = performance.now();
    const exit = hub.stop();
    await eventually('the port is closed', () =>
      send(hub.url, modern('tools/list')).then(
        () => false,
        () => true,
      ),
    );
    expect(performance.now() - start).toBeLessThan(1_000);
    const reading = await call;
    await reading.ended;
    expect(reading.text()).toContain('"structuredContent":{"n":7,"begun":1,"most":1}');
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  it('takes the call back after shutdownTimeout, tells its client why, and ends within five seconds', async () => {
    const hub = await hubWith();
    const call = open(hub.url, work(60_000, 7));
    await eventually('the call runs', () => begun(hub));
    const start = performance.now();
    const exit = hub.stop();
    const reading = await call;
    await reading.ended;
    expect(reading.text()).toContain('SHUTTING_DOWN');
    expect(reading.text()).toContain('shutdownTimeout');
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('ends at once by a second signal, and leaves no server behind', async () => {
    const hub = await hubWith({ shutdownTimeout: 60_000 });
    const children = childrenOf(hub.pid);
    const call = open(hub.url, work(60_000, 7))
      .then((reading) => reading.ended)
      .catch(() => undefined);
    await eventually('the call runs', () => begun(hub));
    const exit = hub.stop();
    await eventually('the port is closed', () =>
      send(hub.url, modern('tools/list')).then(
        () => false,
        () => true,
      ),
    );
    const start = performance.now();
    hub.process.kill('SIGTERM');
    expect(await exit).toEqual({ code: 143, signal: null });
    expect(performance.now() - start).toBeLessThan(1_000);
    await call;
    expect(children.length).toBeGreaterThan(0);
    await eventually('all children are gone', () => children.every((pid) => !isRunning(pid)), 8_000);
  });
});

describe.skipIf(process.platform === 'win32')('an error that nothing waits for', () => {
  const provoking = (count: string) => ({
    NODE_OPTIONS: `--import ${pathToFileURL(join(FAULTS, 'stray-errors.mjs')).href}`,
    PROVOKE: count,
  });

  it('of a socket, a promise or a timer does not end the hub, and is logged once', async () => {
    const hub = await hubWith({}, provoking('0'));
    for (let round = 0; round < 3; round += 1) {
      hub.process.kill('SIGUSR2');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await eventually('all is logged', () =>
      ['ECONNREFUSED', 'provoked rejection', 'provoked exception'].every((text) => hub.output().includes(text)),
    );
    expect(hub.output().split('provoked rejection. It goes on.')).toHaveLength(2);
    expect(hub.output().split('(ECONNREFUSED)')).toHaveLength(2);
    expect((await healthOf(hub)).state).toBe('ready');
    expect((await send(hub.url, work(1, 1))).text).toContain('"n":1');
    expect(await hub.stop()).toEqual({ code: 0, signal: null });
  });

  it('that comes in numbers ends it in order, with exit code 3', async () => {
    const hub = await hubWith({}, provoking('50'));
    const children = childrenOf(hub.pid);
    hub.process.kill('SIGUSR2');
    expect(await hub.exit).toEqual({ code: 3, signal: null });
    expect(hub.output()).toContain('its state is not known any more');
    expect(children.filter(isRunning)).toEqual([]);
  });
});

const hasSystemd = spawnSync('systemd-notify', ['--version']).status === 0 && spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasSystemd)('under a service manager', () => {
  let manager: ChildProcess | undefined;
  afterEach(async () => {
    if (!manager) return;
    manager.kill();
    await once(manager, 'close');
    manager = undefined;
  });

  /** What a manager that listens on `socket` hears. */
  async function listen(socket: string): Promise<string[]> {
    const heard: string[] = [];
    const child = spawn('python3', [join(FAULTS, 'notify-socket.py'), socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    manager = child;
    createInterface({ input: child.stdout }).on('line', (line) => heard.push(String(JSON.parse(line))));
    await eventually('the socket', () => heard.length === 1, 10_000);
    heard.pop();
    return heard;
  }

  it('the hub tells that it is ready, alive, loads its config and stops; no server learns of the socket', async () => {
    const socket = join(await makeFolder(), 'notify');
    const heard = await listen(socket);
    const env = { command: process.execPath, args: [fixtureServer('echo')] };
    const hub = await startHub({
      config: { mcpServers: { env } },
      env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' },
    });
    await eventually('READY', () => heard.some((text) => text.split('\n').includes('READY=1')));
    await eventually('WATCHDOG', () => heard.some((text) => text.split('\n').includes('WATCHDOG=1')));
    const peek = modern('tools/call', { name: 'env__env-peek', arguments: { name: 'NOTIFY_SOCKET' } });
    expect((await send(hub.url, peek)).text).toContain('"text":"null"');
    hub.process.kill('SIGHUP');
    await eventually('RELOADING', () => heard.some((text) => /^RELOADING=1\nMONOTONIC_USEC=\d+/.test(text)));
    const reloadAt = heard.findIndex((text) => text.startsWith('RELOADING=1'));
    await eventually('READY again', () => heard.slice(reloadAt).some((text) => text.startsWith('READY=1')));
    expect(await hub.stop()).toEqual({ code: 0, signal: null });
    await eventually('STOPPING', () => heard.some((text) => text.startsWith('STOPPING=1')));
  });
});

it.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)('the unit in examples is one that systemd understands', () => {
  const unit = join(PROJECT, 'examples/service/mcp-hub.service');
  const env = { ...process.env, XDG_RUNTIME_DIR: tmpdir() };
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--user', '--man=no', unit], { encoding: 'utf8', env });
  expect(stderr.split('\n').filter((line) => line.includes('mcp-hub.service'))).toEqual([]);
});

it('a socket of a service manager that is not there is a warning, and the hub runs', async () => {
  const hub = await hubWith({}, { NOTIFY_SOCKET: '/nowhere/notify' });
  await eventually('the warning', () => hub.output().includes('The service manager cannot be told'));
  expect(await hub.stop()).toEqual({ code: 0, signal: null });
});

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.filter(([, parent]) => parent === pid).map(([child]) => child ?? 0);
}
