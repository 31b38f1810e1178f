import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { routes } from '../../src/http/api/routes.ts';
import { neededScope } from '../../src/http/auth/route-access.ts';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, environment, HUB_BIN, type HubProcess, makeFolder, spawnHub, startHub } from '../support/hub-process.ts';
import { eventually } from '../support/processes.ts';

afterEach(endHubs);

const config = (more: object = {}): object => ({
  mcpServers: { echo: { command: process.execPath, args: [fixtureServer('echo')] } },
  ...more,
});
/** Gives a command a terminal, where the system has it. */
const SCRIPT = '/usr/bin/script';
const GIVEN = 'a-key-of-some-operator-0123456789';

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command of the same person, with nothing in the environment but what is given. */
function command(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [HUB_BIN, ...args], {
    cwd: folder,
    env: { ...environment(folder), ...env },
    encoding: 'utf8',
    timeout: 30_000,
    input,
  });
  return { status, stdout, stderr };
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
async function statusOf(hub: HubProcess, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number> {
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: '{}' };
  const response = await fetch(hub.origin + path, { method, headers: { 'content-type': 'application/json', ...headers }, ...body });
  await response.body?.cancel();
  return response.status;
}

describe('a hub that other machines can reach', () => {
  it('does not start without a key, says how to get one, and makes none unseen', async () => {
    const hub = await spawnHub({ config: config(), args: ['--host', '0.0.0.0'] });
    expect(await hub.exit).toMatchObject({ code: 1 });
    expect(hub.stderr()).toContain('error: --host 0.0.0.0 opens the hub to other machines, which takes an API key, and there is none.');
    expect(hub.stderr()).toContain('mcp-hub key create <name>');
    expect(existsSync(join(hub.folder, 'home/data/mcp-hub/api-keys.json'))).toBe(false);
    expect(hub.output()).not.toContain('mcphub_');
  });

  it.each([['::'], ['localhost.localdomain'], ['127.0.0.1.example']])('is also one on %s', async (host) => {
    const hub = await spawnHub({ config: config(), args: ['--host', host] });
    expect(await hub.exit).toMatchObject({ code: 1 });
    expect(hub.stderr()).toContain(`error: --host ${host} opens the hub to other machines, which takes an API key`);
  });

  it('refuses a key that is too short to be one', async () => {
    const hub = await spawnHub({ config: config(), args: ['--host', '0.0.0.0'], env: { MCP_HUB_API_KEY: 'secret' } });
    expect(await hub.exit).toMatchObject({ code: 1 });
    expect(hub.stderr()).toContain('MCP_HUB_API_KEY is shorter than 24 characters');
    expect(hub.stderr()).not.toContain('secret');
  });

  it('asks everybody for it, on every route and every address', async () => {
    const hub = await startHub({ config: config(), args: ['--host', '0.0.0.0'], env: { MCP_HUB_API_KEY: GIVEN } });
    for (const route of routes.filter((one) => neededScope(one) !== 'nothing')) {
      const path = route.path.replace(/:\w+/g, 'echo');
      expect([route.method, path, await statusOf(hub, path, {}, route.method.toUpperCase())]).toEqual([route.method, path, 401]);
    }
    for (const path of ['/mcp', '/mcp/echo', '/sse', '/']) expect([path, await statusOf(hub, path)]).toEqual([path, 401]);
    expect(await (await fetch(`${hub.origin}/api/health`)).json()).toEqual({
      status: 'ok',
      server_id: 'mcp-hub',
      auth: 'keys',
      timestamp: expect.any(String),
    });
    expect(await statusOf(hub, '/api/servers', bearer(GIVEN))).toBe(200);
    await eventually('the addresses are shown', () => hub.stdout().includes('goes the one in MCP_HUB_API_KEY.'), 10_000);
    expect(await statusOf(hub, `/api/servers?api_key=${GIVEN}`)).toBe(401);
    const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    for (const { address } of outside.filter(({ family }) => family === 'IPv4')) {
      const there = { ...hub, origin: `http://${address}:${hub.port}` };
      expect([await statusOf(there, '/api/servers'), await statusOf(there, '/api/servers', bearer(GIVEN))]).toEqual([401, 200]);
    }
    expect(hub.output()).not.toContain(GIVEN);
    const log = join(hub.folder, 'home/state/mcp-hub/logs/mcp-hub.log');
    await eventually('the log is written', () => existsSync(log) && readFileSync(log, 'utf8').length > 0, 10_000);
    expect(readFileSync(log, 'utf8')).not.toContain(GIVEN);
  });

  it('takes the key of a file', async () => {
    const files = { 'key.txt': `${GIVEN}\n` };
    const hub = await startHub({ config: config(), files, args: ['--host', '0.0.0.0', '--api-key-file', 'key.txt'] });
    expect(await statusOf(hub, '/api/servers', { 'x-api-key': GIVEN })).toBe(200);
    expect(await statusOf(hub, '/api/servers')).toBe(401);
    await eventually('the addresses are shown', () => /in place of <key> goes the one in \S*key\.txt\./.test(hub.stdout()), 10_000);
    expect(hub.output()).not.toContain(GIVEN);
    const missing = await spawnHub({ config: config(), args: ['--api-key-file', 'nowhere'] });
    expect(await missing.exit).toMatchObject({ code: 1 });
  });

  const script = spawnSync(SCRIPT, ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;
  it.runIf(script)('makes the first key on a terminal, shows it once, and keeps it out of the log', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'c.json'), '{"mcpServers":{}}');
    const line = `${process.execPath} ${HUB_BIN} --port 0 --host 0.0.0.0 --config c.json --auto-shutdown --shutdown-delay 300`;
    const run = (): string => {
      const options = { cwd: folder, env: environment(folder), encoding: 'utf8', timeout: 30_000 } as const;
      return spawnSync(SCRIPT, ['-qec', line, '/dev/null'], options).stdout;
    };
    const first = run();
    const [key = ''] = /mcphub_\w+/.exec(first) ?? [];
    expect(key).toMatch(/^mcphub_[0-9a-z]{8}_\w{43}$/);
    expect(first.split(key)).toHaveLength(2);
    expect(first).toContain('in place of <key> goes the one that is shown above');
    expect(run()).not.toContain('mcphub_');
    const kept = readFileSync(join(folder, 'home/data/mcp-hub/api-keys.json'), 'utf8');
    expect(JSON.parse(kept)).toMatchObject({ keys: [{ name: 'first', scopes: ['admin'] }] });
    expect(kept + readFileSync(join(folder, 'home/state/mcp-hub/logs/mcp-hub.log'), 'utf8')).not.toContain(key.slice(16));
  });
});

describe('keys made and revoked by commands', () => {
  it('count at once in a hub that runs', async () => {
    const hub = await startHub({ config: config(), args: ['--require-key'] });
    await eventually('the addresses are shown', () => hub.stdout().includes('goes one that "mcp-hub key create <name>" makes'), 10_000);
    const made = command(hub.folder, ['key', 'create', 'dash board', '--scope', 'read,mcp', '--expires', '90d']);
    const key = made.stdout.trim();
    expect(made).toMatchObject({ status: 0, stderr: expect.stringContaining('shown this once') });
    expect(await statusOf(hub, '/api/servers', bearer(key))).toBe(200);
    expect(await statusOf(hub, '/api/restart', bearer(key), 'POST')).toBe(403);
    const list = (): { keys: { name: string; lastUsedAt: string | null }[] } =>
      JSON.parse(command(hub.folder, ['key', 'list', '--json']).stdout);
    expect(list().keys).toMatchObject([{ name: 'dash board', scopes: ['mcp', 'read'] }]);
    await eventually('the use of the key is noted', () => list().keys[0]?.lastUsedAt !== null, 10_000);
    expect(command(hub.folder, ['key', 'list']).stdout).toMatch(/dash board +mcp, read/);
    expect(command(hub.folder, ['key', 'create', 'dash board'])).toMatchObject({ status: 3, stdout: '' });

    const events = await fetch(`${hub.origin}/api/events`, { headers: bearer(key) });
    expect(events.status).toBe(200);
    expect(command(hub.folder, ['key', 'revoke', 'dash board'])).toMatchObject({ status: 0 });
    await expect.poll(() => statusOf(hub, '/api/servers', bearer(key)), { timeout: 2_000 }).toBe(401);
    // The stream is cut off: whether that reads as its end or as an error is the reader's affair.
    await events.text().catch(() => '');
    expect(command(hub.folder, ['key', 'revoke', 'dash board'])).toMatchObject({ status: 3 });
    expect(list().keys).toEqual([]);
  });

  it.each([
    [['key', 'create']],
    [['key', 'burn', 'x']],
    [['key', 'create', 'x', '--scope', 'root']],
    [['key', 'create', 'x', '--expires', 'soon']],
    [['key', 'create', ' ']],
  ])('are not made by %j', async (args) => {
    const folder = await makeFolder();
    expect(command(folder, args).status).toBe(1);
    expect(existsSync(join(folder, 'home/data/mcp-hub/api-keys.json'))).toBe(false);
  });
});

describe('the commands of the person who runs the hub', () => {
  it('need no key, and neither does stdio; another person does', async () => {
    const hub = await startHub({ config: config(), args: ['--require-key'] });
    const run = (...args: string[]): Run => command(hub.folder, args);
    await eventually('the hub is ready', () => run('status').stdout.includes('1 connected'), 15_000);
    expect(run('call', 'echo__add', 'a=1', 'b=2')).toMatchObject({ status: 0, stdout: expect.stringContaining('3') });
    expect(run('tools')).toMatchObject({ status: 0, stdout: expect.stringContaining('echo__') });
    expect(run('restart', 'echo')).toMatchObject({ status: 0 });
    expect(run('add', 'more', '--dry-run', '--', 'sh')).toMatchObject({ status: 0 });
    const hello = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
    };
    const said = command(hub.folder, ['stdio', '--config', 'mcp-servers.json', '--verbose'], {}, `${JSON.stringify(hello)}\n`);
    expect(said.stderr).toContain(`Connected to the hub on port ${hub.port} (pid ${hub.pid})`);
    expect(JSON.parse(said.stdout.split('\n')[0] ?? '')).toMatchObject({ id: 1, result: { serverInfo: { name: 'mcp-hub' } } });

    const folder = join(hub.folder, 'home/state/mcp-hub/owner-keys');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, String(hub.pid))).mode & 0o777).toBe(0o600);

    const stranger = await makeFolder();
    const asked = (env: Record<string, string> = {}, ...more: string[]): Run =>
      command(stranger, ['servers', '--port', String(hub.port), ...more], env);
    expect(asked()).toMatchObject({ status: 3, stderr: expect.stringContaining('The hub asks for an API key') });
    expect(asked({ MCP_HUB_API_KEY: 'mcphub_wrong' }).stderr).toContain('does not know this API key');
    const key = run('key', 'create', 'stranger', '--scope', 'read').stdout.trim();
    expect(asked({ MCP_HUB_API_KEY: key })).toMatchObject({ status: 0, stdout: expect.stringContaining('echo') });
    await writeFile(join(stranger, 'key'), key);
    expect(asked({}, '--api-key-file', 'key')).toMatchObject({ status: 0 });
    expect(run('shutdown')).toMatchObject({ status: 0 });
    expect(await readdir(folder)).toEqual([]);
  });

  it('connect clients with a key that is given, and say so where one is missing', async () => {
    const hub = await startHub({ config: config(), args: ['--require-key'] });
    const run = (...args: string[]): Run => command(hub.folder, args);
    const port = ['--port', String(hub.port)];
    const file = join(hub.folder, 'home/.cursor/mcp.json');
    // A moment after it listens, it is in the list of this person's hubs.
    await eventually('the hub is ready', () => run('status').stdout.includes('1 connected'), 15_000);
    expect(run('connect', 'cursor', '--dry-run', ...port).stderr).toContain(
      'asks for an API key, and the entry has none. "mcp-hub key create cursor"',
    );
    expect(run('connect', 'cursor', '--stdio', '--dry-run').stderr).not.toContain('API key');

    const key = run('key', 'create', 'cursor').stdout.trim();
    await writeFile(join(hub.folder, 'cursor.key'), `${key}\n`);
    const given = ['--api-key-file', 'cursor.key'];
    for (const args of [
      ['connect', 'claude-code', '--scope', 'project', ...given],
      ['connect', 'cursor', '--stdio', ...given],
    ])
      expect([args, run(...args, ...port)]).toMatchObject([
        args,
        { status: 1, stderr: expect.stringMatching(/Leave out --(scope|api-key-file)/) },
      ]);
    for (const args of [['--dry-run'], ['--json', '--dry-run'], []]) {
      const said = run('connect', 'cursor', ...args, ...given, ...port);
      expect([args, said.status, said.stderr.includes('asks for an API key')]).toEqual([args, 0, false]);
      expect(said.stdout + said.stderr).not.toContain(key);
    }
    const entry = JSON.parse(readFileSync(file, 'utf8')).mcpServers.Hub;
    await writeFile(join(hub.folder, 'reader.key'), run('key', 'create', 'reader', '--scope', 'read').stdout);
    await writeFile(join(hub.folder, 'wrong.key'), 'mcphub_wrong');
    for (const [name, reason] of [
      ['wrong.key', 'does not know this API key'],
      ['reader.key', 'scope'],
    ] as const) {
      const said = run('connect', 'windsurf', '--api-key-file', name, ...port);
      expect([name, said]).toMatchObject([
        name,
        { status: 3, stderr: expect.stringMatching(new RegExp(`${name}[^]*${reason}[^]*Nothing was written`)) },
      ]);
    }
    expect(existsSync(join(hub.folder, 'home/.codeium'))).toBe(false);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const call = (headers: Record<string, string>): Promise<Response> =>
      fetch(entry.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
        }),
      });
    expect((await call({})).status).toBe(401);
    expect((await call(entry.headers)).status).toBe(200);
    expect(run('connect', 'cursor', ...port)).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('connected already'),
    });
    expect(run('connect', 'cursor', '--undo').stdout).not.toContain(key);
    expect(existsSync(file)).toBe(false);

    await mkdir(join(hub.folder, 'home/.cursor'));
    await writeFile(file, '{}', { mode: 0o644 });
    expect(run('connect', 'cursor', ...given, ...port, '--dry-run').stderr).toContain('note: others on this machine may be able to read');
    const other = await makeFolder();
    expect(command(other, ['connect', 'cursor', '--dry-run', ...port]).stderr).toContain('Ask whoever runs it for one; put it into a file');
    expect(run('connect', 'vscode', '--scope', 'project', '--dry-run', ...port).stderr).toContain('leave out --scope project');
  });

  it('need none either once the config asks for keys', async () => {
    const hub = await startHub({ config: config(), args: ['--watch'] });
    expect(await statusOf(hub, '/api/servers')).toBe(200);
    await writeFile(join(hub.folder, 'mcp-servers.json'), JSON.stringify(config({ auth: 'keys' })));
    await expect.poll(() => statusOf(hub, '/api/servers'), { timeout: 10_000 }).toBe(401);
    await eventually('the commands have theirs', () => command(hub.folder, ['servers']).status === 0, 10_000);
    await writeFile(join(hub.folder, 'mcp-servers.json'), JSON.stringify(config()));
    expect(command(hub.folder, ['reload']).status).toBe(0);
    expect(await statusOf(hub, '/api/servers')).toBe(200);
  });
});

describe('a hub with a Unix socket alone', () => {
  it('is found and used by commands, and takes its place over from one that was killed', async () => {
    const start = async (folder?: string): Promise<HubProcess> => {
      const hub = await spawnHub({
        config: config(),
        args: ['--no-port', '--socket', 'hub.sock'],
        ...(folder !== undefined && { cwd: folder }),
      });
      await eventually('it listens', () => hub.stdout().includes('Unix socket:'), 15_000);
      return hub;
    };
    const hub = await start();
    const run = (...args: string[]): Run => command(hub.folder, args);
    const path = join(hub.folder, 'hub.sock');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await overSocket(path, '/api/servers')).toBe(200);
    await expect(fetch(`${hub.origin}/api/health`)).rejects.toThrow('fetch failed');
    for (const which of [[], ['--socket', 'hub.sock'], ['--hub', `unix:${path}`], ['--config', 'mcp-servers.json']]) {
      expect([which, run('servers', ...which)]).toMatchObject([which, { status: 0, stdout: expect.stringContaining('echo') }]);
    }
    expect(run('status')).toMatchObject({ status: 0, stdout: expect.stringContaining(`unix:${path}`) });
    expect(run('status', '--all', '--json').stdout).toContain(String(hub.pid));
    expect(run('doctor').stdout).toContain(`socket ${path}`);
    const ping = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
    };
    expect(command(hub.folder, ['stdio', '--config', 'mcp-servers.json'], {}, `${JSON.stringify(ping)}\n`).stdout).toContain('mcp-hub');

    const second = await spawnHub({ config: config(), args: ['--no-port', '--socket', path] });
    expect(await second.exit).toMatchObject({ code: 2 });
    expect(second.stderr()).toContain(`Another program listens on the Unix socket ${path}`);
    await hub.stop('SIGKILL');
    expect(existsSync(path)).toBe(true);
    const third = await spawnHub({ config: config(), args: ['--no-port', '--socket', path] });
    await eventually('it listens', () => third.stdout().includes('Unix socket:'), 15_000);
    expect(await overSocket(path, '/api/servers')).toBe(200);
    expect(command(third.folder, ['shutdown'])).toMatchObject({ status: 0 });
    expect(existsSync(path)).toBe(false);
  });

  it('does not start without a way in', async () => {
    const hub = await spawnHub({ config: config(), args: ['--no-port'] });
    expect(await hub.exit).toMatchObject({ code: 1 });
    expect(hub.stderr()).toContain('--no-port leaves nobody a way in');
  });
});

function overSocket(socketPath: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const req = request({ socketPath, path, headers: { host: 'localhost' }, agent: false }, (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    });
    req.on('error', reject).end();
  });
}
