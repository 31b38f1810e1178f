import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fixtureServer } from '../support/fixtures.ts';
import {
  endHubs,
  environment,
  HUB_BIN,
  healthOf,
  type HubProcess,
  makeFolder,
  settled,
  spawnHub,
  startHub,
} from '../support/hub-process.ts';
import { eventually, isRunning, stubbornPids } from '../support/processes.ts';

/** Processes that a test expects to end; one that fails has to end them itself. */
const stubbornOnes: number[] = [];

afterEach(async () => {
  await endHubs();
  for (const pid of stubbornOnes.splice(0).filter(isRunning)) process.kill(pid, 'SIGKILL');
});

/** The issue asks for one second; a machine that runs other tests besides gets another. */
const PROMPT_MS = 2_000;

const echo = { command: process.execPath, args: [fixtureServer('echo')] };

/** A hub over a server that does not go when asked, and the ids of its process and of that one's child. */
async function stubbornHub(): Promise<{ readonly hub: HubProcess; readonly pids: readonly number[] }> {
  const pidFile = join(await makeFolder(), 'pids.json');
  const stubborn = { command: process.execPath, args: [fixtureServer('stubborn'), pidFile] };
  const hub = await startHub({ config: { mcpServers: { stubborn, echo } } });
  const pids = await stubbornPids(pidFile);
  stubbornOnes.push(...pids);
  await settled(hub);
  expect(pids.map(isRunning)).toEqual([true, true]);
  return { hub, pids };
}

describe('the end', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s leaves no child and no grandchild, within five seconds, with exit code 0',
    async (signal) => {
      const { hub, pids } = await stubbornHub();
      const start = performance.now();
      expect(await hub.stop(signal)).toEqual({ code: 0, signal: null });
      expect(performance.now() - start).toBeLessThan(5_000);
      expect(pids.filter(isRunning)).toEqual([]);
      await expect(fetch(`${hub.origin}/api/health`)).rejects.toThrow('fetch failed');
    },
  );

  it('by kill -9 leaves no child and no grandchild', async () => {
    const { hub, pids } = await stubbornHub();
    expect(await hub.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await eventually('all children are gone', () => pids.every((pid) => !isRunning(pid)), 8_000);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('comes at once when asked twice, and leaves nothing even so', async () => {
    const { hub, pids } = await stubbornHub();
    const exit = hub.stop('SIGINT');
    const port = (): Promise<string> =>
      fetch(`${hub.origin}/api/health`).then(
        () => 'open',
        () => 'closed',
      );
    await expect.poll(port).toBe('closed');
    const start = performance.now();
    hub.process.kill('SIGINT');
    expect(await exit).toEqual({ code: 130, signal: null });
    expect(performance.now() - start).toBeLessThan(900);
    await eventually('all children are gone', () => pids.every((pid) => !isRunning(pid)), 8_000);
  });
});

describe('a port in use', () => {
  it('by another hub of the same person: the log says so between the lines of that one', async () => {
    const first = await startHub({ config: {} });
    const log = join(environment(first.folder)['XDG_STATE_HOME'] ?? '', 'mcp-hub/logs/mcp-hub.log');
    await eventually('the log', () => existsSync(log));
    const { hub, exit } = await runToEnd({ port: first.port, config: {}, env: environment(first.folder) });
    expect(exit.code).toBe(2);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    const told = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): Told => JSON.parse(line));
    const ends = told.filter(({ type, message }) => type === 'error' || message === 'The hub has stopped');
    expect(ends).toMatchObject([
      { type: 'error', code: 'PORT_IN_USE', pid: hub.pid, message: expect.stringContaining(`Port ${first.port} on `) },
      { message: 'The hub has stopped', pid: first.pid },
    ]);
  });

  it('by another mcp-hub: exit code 2, its port, its pid and that it is one', async () => {
    const first = await startHub({ config: { mcpServers: {} } });
    const { exit, tookMs, hub } = await runToEnd({ port: first.port, config: { mcpServers: { echo } } });
    expect(exit).toEqual({ code: 2, signal: null });
    expect(tookMs).toBeLessThan(PROMPT_MS);
    expect(hub.stderr()).toMatch(
      new RegExp(`EADDRINUSE: port ${first.port} is in use by .*\\(pid ${first.pid}\\), an mcp-hub \\(version 4\\.`),
    );
    expect(hub.stdout()).toBe('');
  });

  it.each(['127.0.0.1', '::1'])('by a foreign program on %s: exit code 2, its name, and nothing started', async (host) => {
    const script = `require('node:net').createServer().listen(0, '${host}', function () { console.log(this.address().port) })`;
    const marker = join(await makeFolder(), 'started');
    const foreign = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [chunk] = await once(foreign.stdout, 'data');
      const { exit, tookMs, hub } = await runToEnd({ port: Number(chunk), config: { mcpServers: { touch: touch(marker) } } });
      expect(exit).toEqual({ code: 2, signal: null });
      expect(tookMs).toBeLessThan(PROMPT_MS);
      expect(hub.stderr()).toContain(`port ${Number(chunk)} is in use by node (pid ${foreign.pid}), which is not an mcp-hub`);
      expect(existsSync(marker)).toBe(false);
    } finally {
      foreign.kill();
      await once(foreign, 'close');
    }
  });
});

describe('a config file', () => {
  it('that is invalid: exit code 1, every error with its place, nothing started', async () => {
    const marker = join(await makeFolder(), 'started');
    const config = `{
  // Two mistakes in the settings, and one warning.
  "allowedHosts": "soon",
  "auth": 3,
  "startupWiat": 5,
  "mcpServers": { "touch": ${JSON.stringify(touch(marker))} },
}`;
    const { exit, hub } = await runToEnd({ config });
    expect(exit).toEqual({ code: 1, signal: null });
    const errors = hub.stderr().split('\n');
    expect(errors).toContainEqual(expect.stringMatching(/^error: .*mcp-servers\.json:3:19: allowedHosts: /));
    expect(errors).toContainEqual(expect.stringMatching(/^error: .*mcp-servers\.json:4:11: auth: /));
    expect(errors).toContainEqual(expect.stringMatching(/^warning: .*mcp-servers\.json:5:3: startupWiat: .*"startupWait"/));
    expect(hub.stdout()).toBe('');
    expect(existsSync(marker)).toBe(false);
  });

  it('that is no JSON5: exit code 1 and the place', async () => {
    const { exit, hub } = await runToEnd({ config: '{\n  "mcpServers": {\n    "a": { "command": "x" "args": [] }\n  }\n}\n' });
    expect(exit.code).toBe(1);
    expect(hub.stderr()).toMatch(/^error: .*mcp-servers\.json:3:27: /);
  });

  it('with one broken entry: the others start, and the entry says all that is wrong with it', async () => {
    const config = { mcpServers: { broken: { command: 5, url: 'http://localhost/' }, echo, other: echo } };
    const hub = await startHub({ config });
    await settled(hub);
    const { servers } = await healthOf(hub);
    expect(servers.map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
      'broken disconnected',
      'echo connected',
      'other connected',
    ]);
    const error = servers.find(({ name }) => name === 'broken')?.error ?? '';
    expect(error).toMatch(/mcp-servers\.json:4:18: .*mcp-servers\.json:5:/);
    await eventually('the screen', () => hub.stdout().includes('2 of 3 servers ready.'));
  });
});

describe('the command line', () => {
  it('that is wrong: exit code 1 and every error', async () => {
    const { exit, hub } = await runToEnd({ args: ['--port', 'x', '--host', '--confg', 'file'] });
    expect(exit).toEqual({ code: 1, signal: null });
    expect(hub.stderr()).toContain('--port "x"');
    expect(hub.stderr()).toContain('--host needs a value');
    expect(hub.stderr()).toContain('Unknown option --confg. Did you mean --config?');
    expect(hub.stdout()).toBe('');
  });

  it('asks for the version: it stands alone on the first line', () => {
    const { status, stdout } = spawnSync(process.execPath, [HUB_BIN, '--version'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^4\.\d+\.\d+$/);
  });
});

describe('a reader of the output that goes', () => {
  it('does not end the hub', async () => {
    const late = { command: process.execPath, args: [fixtureServer('slow-start'), '1000'] };
    const hub = await spawnHub({ config: { mcpServers: { echo, late } }, args: ['--verbose'] });
    hub.process.stdout?.destroy();
    hub.process.stderr?.destroy();
    await settled(hub);
    const { servers } = await healthOf(hub);
    expect(servers.map(({ status }) => status)).toEqual(['connected', 'connected']);
    expect(await hub.stop()).toEqual({ code: 0, signal: null });
  });
});

/** A line of the log. */
interface Told {
  readonly type: string;
  readonly message: string;
  readonly pid: number;
}

/** A server that writes a file as soon as it runs. */
function touch(file: string): { command: string; args: string[] } {
  return { command: process.execPath, args: ['-e', `require('node:fs').writeFileSync(${JSON.stringify(file)}, '')`] };
}

/** Runs a hub that ends by itself; the time is that from its start to the end of the process. */
async function runToEnd(options: Parameters<typeof spawnHub>[0]) {
  const hub = await spawnHub(options);
  const start = performance.now();
  const exit = await hub.exit;
  return { hub, exit, tookMs: performance.now() - start };
}
