import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleSource } from '../support/bundle-source.ts';
import { sample } from './clients/samples.ts';

const bundle = bundleSource('src/cli/main.ts');
afterAll(() => bundle.remove());

const start = 'import(process.argv[1]).then(({ main }) => main(process));';

let root: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'mcp-hub-commands-')));
  env = { HOME: root, PATH: dirname(process.execPath) };
});
afterEach(() => rm(root, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function mcpHub(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['-e', start, bundle.file, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  await once(child, 'close');
  return { code: child.exitCode, ...output };
}

async function put(path: string, text: string): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const config = (servers: object): string => JSON.stringify({ mcpServers: servers }, null, 2);
const DEFAULT = '.config/mcp-hub/mcp-servers.json';

describe('mcp-hub validate', () => {
  it('ends with 0 for a good config', async () => {
    await put(DEFAULT, config({ a: { command: 'node' } }));
    expect(await mcpHub('validate')).toEqual({ code: 0, stdout: '1 server, 0 errors, 0 warnings.\n', stderr: '' });
  });

  it('tells every error with its place, and ends with 1', async () => {
    const file = await put(
      'c.json',
      '{\n  "mcpServers": {\n    "a": { "comand": "x" },\n    "b": { "command": "x", "args": "y" }\n  }\n}\n',
    );
    const { code, stdout } = await mcpHub('validate', '--config', file);
    expect(code).toBe(1);
    expect(stdout).toContain(`error: ${file}:3:5: mcpServers.a: Has neither "command" nor "url".`);
    expect(stdout).toContain(`${file}:4:36: mcpServers.b.args: Must be a list`);
    expect(stdout).toContain('2 servers, 2 errors, 1 warning.');
  });

  it('tells a broken file as JSON where that is asked for', async () => {
    const file = await put('c.json', '{ "mcpServers": ');
    const { code, stdout } = await mcpHub('validate', '--config', file, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, errors: 1, diagnostics: [{ file, line: 1, severity: 'error' }] });
  });

  it('resolves placeholders where that is asked for, and runs their commands only where that is too', async () => {
    const mark = join(root, 'ran');
    const text = config({
      a: { command: 'node', args: ['${cmd: echo yes > ran; echo x}', '${MISSING}'], env: { KEY: '${cmd: echo k}' } },
      b: { url: 'https://${HOST}/', headers: { A: '${env:NOT_THERE}' } },
      c: { command: 'node', cwd: './nowhere' },
      off: { command: '${NOT_THERE_EITHER}', disabled: true },
    });
    const file = await put('c.json', text);
    env['HOST'] = 'example.com';
    expect((await mcpHub('validate', '--config', file)).code).toBe(0);
    const { code, stdout } = await mcpHub('validate', '--config', file, '--resolve');
    expect(code).toBe(1);
    const line = (needle: string): number => text.split('\n').findIndex((one) => one.includes(needle)) + 1;
    expect(stdout).toContain(`${file}:${line('MISSING')}:9: mcpServers.a.args[1]: `);
    expect(stdout).toContain(`${file}:${line('NOT_THERE')}:`);
    expect(stdout).toContain(`${file}:${line('nowhere')}:14: mcpServers.c.cwd: "./nowhere" is not a folder.`);
    expect(stdout).toContain('3 errors');
    expect(await readdir(root)).not.toContain('ran');
    await mcpHub('validate', '--config', file, '--resolve', '--run-commands');
    expect(await readFile(mark, 'utf8')).toBe('yes\n');
  });
});

describe('mcp-hub import', () => {
  it('lists the clients of this machine', async () => {
    expect((await mcpHub('import')).stdout).toBe('No client that this command knows has a config file on this machine.\n');
    await put('.codex/config.toml', await readFile(sample('codex/config.toml'), 'utf8'));
    await put('.cursor/mcp.json', '{ broken');
    const { stdout } = await mcpHub('import');
    expect(stdout).toMatch(/^codex +2 servers: context7, figma$/m);
    expect(stdout).toMatch(/^cursor +.*mcp\.json:1:9: /m);
    const { clients } = JSON.parse((await mcpHub('import', '--json')).stdout);
    expect(clients).toMatchObject([
      { client: 'cursor', problem: expect.any(String) },
      { client: 'codex', servers: ['context7', 'figma'] },
    ]);
  });

  it('shows a diff without keys and writes nothing with --dry-run, and then writes it with comments kept', async () => {
    const file = await put(DEFAULT, '{\n  // mine\n  "mcpServers": {\n    "old": { "command": "x" } // stays\n  }\n}\n');
    const source = sample('claude-desktop/claude_desktop_config.json');
    const dry = await mcpHub('import', source, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toContain('+    "brave-search": {');
    expect(dry.stdout).toContain('+        "BRAVE_API_KEY": "[redacted]",');
    expect(dry.stdout).toContain('- Hub  skipped');
    expect(await readFile(file, 'utf8')).not.toContain('brave');
    expect((await mcpHub('import', source)).code).toBe(0);
    const text = await readFile(file, 'utf8');
    expect(text).toMatch(/^\{\n {2}\/\/ mine\n[^]*\/\/ stays\n/);
    expect(text).toContain('"BRAVE_API_KEY": "BSA-0123456789"');
    const again = await mcpHub('import', source, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      written: false,
      servers: [{ outcome: 'same' }, { outcome: 'same' }, { outcome: 'hub' }],
    });
  });

  it('leaves out what the hub could not use, and takes the rest over', async () => {
    const servers = { good: { command: 'node' }, bad: { command: 'node', args: ['x'], env: { A: [] } }, '': { command: 'node' } };
    const source = await put('.mcp.json', config(servers));
    const { code, stdout } = await mcpHub('import', source);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\+ good {2}added/m);
    expect(stdout).toMatch(/^- bad {2}skipped.*\n {4}.*mcpServers\.bad\.env\.A: Must be/m);
    expect(stdout).toContain('\nWrote 1 to ');
    expect(JSON.parse(await readFile(join(root, DEFAULT), 'utf8'))).toEqual({ mcpServers: { good: { command: 'node' } } });
  });

  it('writes nothing into a config that is broken', async () => {
    const file = await put(DEFAULT, '{ "mcpServers": {}, "auth": -1 }');
    const { code, stderr } = await mcpHub('import', sample('cursor/mcp.json'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('auth')]);
    expect(await readFile(file, 'utf8')).toBe('{ "mcpServers": {}, "auth": -1 }');
  });

  it('says what it does not know', async () => {
    expect(await mcpHub('import', 'emacs')).toMatchObject({ code: 1, stderr: expect.stringContaining('neither a client nor a file') });
    const { code, stderr } = await mcpHub('import', sample('cursor/mcp.json'), '--server', 'nope');
    expect([code, stderr]).toEqual([3, expect.stringContaining('It has linear, sentry, notes, mcp-hub.')]);
  });
});

describe('mcp-hub connect', () => {
  it('shows the diff, connects, says when that is done already, and undoes it', async () => {
    const file = await put('.gemini/settings.json', '{\r\n\t"ui": {} // mine\r\n}');
    const dry = await mcpHub('connect', 'gemini', '--port', '40001', '--dry-run');
    expect(dry.stdout).toContain('+\t\t\t"httpUrl": "http://localhost:40001/mcp"');
    expect(await readFile(file, 'utf8')).toBe('{\r\n\t"ui": {} // mine\r\n}');
    const done = await mcpHub('connect', 'gemini', '--port', '40001');
    expect(done).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('\nThe file as it was is kept in ') });
    expect((await mcpHub('connect', 'cursor', '--port', '40001')).stdout).toContain(
      '\nThe file is new; "mcp-hub connect cursor --undo" removes it.\n',
    );
    expect(await readFile(file, 'utf8')).toContain('"httpUrl": "http://localhost:40001/mcp"');
    expect(await mcpHub('connect', 'gemini', '--port', '40001')).toMatchObject({
      code: 0,
      stdout: `Gemini CLI is connected already, as "Hub" in ${file}.\n`,
    });
    expect(await mcpHub('connect', 'gemini', '--undo')).toMatchObject({ code: 0, stdout: expect.stringContaining('byte by byte') });
    expect(await readFile(file, 'utf8')).toBe('{\r\n\t"ui": {} // mine\r\n}');
    expect(await mcpHub('connect', 'gemini', '--undo')).toMatchObject({ code: 3, stderr: expect.stringContaining('nothing to undo') });
  });

  it('gives a client that only spawns a command with full paths', async () => {
    await put(DEFAULT, '{}');
    await mcpHub('connect', 'claude-desktop', '--config', 'mine.json', '--server', 'a b');
    const { mcpServers } = JSON.parse(await readFile(join(root, '.config/Claude/claude_desktop_config.json'), 'utf8'));
    expect(mcpServers.Hub.args.slice(-5)).toEqual(['stdio', '--config', join(root, 'mine.json'), '--server', 'a b']);
    // There is no mcp-hub in PATH here, so it is what runs now.
    expect(mcpServers.Hub.command).toBe(process.execPath);
  });

  it('says when the client has a hub under another name too', async () => {
    await put('.cursor/mcp.json', config({ old: { url: 'http://localhost:37373/mcp' }, 'own-server': { url: 'http://localhost:4/mcp' } }));
    const { code, stderr } = await mcpHub('connect', 'cursor', '--port', '45000');
    expect([code, stderr]).toEqual([
      0,
      'note: Cursor has a hub under another name too (old). If it is the same one, its tools are there twice: take one of them out.\n',
    ]);
  });

  it('refuses a file that it cannot read, with the place', async () => {
    const file = await put('.cursor/mcp.json', '{\n  "mcpServers": {,}\n}');
    const { code, stderr } = await mcpHub('connect', 'cursor', '--port', '1');
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${file}:2:18: `)]);
    expect(stderr).toMatch(/\nNothing was done\.\n$/);
    expect((await mcpHub('connect', 'windsrf')).stderr).toMatch(/Did you mean windsurf\?\nRun "mcp-hub connect --help"/);
  });
});

describe('mcp-hub doctor', () => {
  let blocker: Server | undefined;
  afterEach(async () => {
    const server = blocker;
    blocker = undefined;
    if (server) await new Promise((resolve) => server.close(resolve));
  });

  const findings = (stdout: string): { area: string; level: string; text: string; remedy?: string }[] => JSON.parse(stdout).findings;

  it('finds nothing to say of a machine in order', async () => {
    const file = await put(DEFAULT, config({ a: { command: 'node' } }));
    await chmod(file, 0o600);
    const { code, stdout } = await mcpHub('doctor', '--json', '--port', '0');
    expect(findings(stdout).filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(code).toBe(0);
  });

  it('tells what is wrong, with what to do about it, and ends with 1', async () => {
    const file = await put(
      DEFAULT,
      config({ a: { command: 'not-a-program-here', env: { API_TOKEN: 'abcdefgh' } }, b: { url: 'nonsense' } }),
    );
    await chmod(file, 0o644);
    await put('.local/state/mcp-hub/workspaces.json', JSON.stringify({ 4: { pid: 2 ** 22 + 1, port: 4, cwd: '/', config_files: [] } }));
    await put('.cursor/mcp.json', '{ broken');
    env['HTTP_PROXY'] = 'http://proxy.example.com:3128';
    const port = await listen();
    const { code, stdout } = await mcpHub('doctor', '--json', '--port', String(port));
    expect(code).toBe(1);
    const bad = findings(stdout).filter(({ level }) => level !== 'ok');
    expect(bad.map(({ area, level }) => [area, level])).toEqual([
      ['config', 'warn'],
      ['config', 'fail'],
      ['command', 'fail'],
      ['port', 'fail'],
      ['hub', 'warn'],
      ['proxy', 'warn'],
      ['client', 'warn'],
    ]);
    expect(bad.every(({ remedy }) => remedy !== undefined && remedy !== '')).toBe(true);
    expect(stdout).not.toContain('abcdefgh');
    expect(bad[5]?.remedy).toBe('Set NO_PROXY=localhost,127.0.0.1');
    const { stdout: lines } = await mcpHub('doctor', '--port', String(port));
    expect(lines).toMatch(/^FAIL {2}command {2}not-a-program-here is not found; needed by a\.$/m);
  });

  it('does not call a broken file well, and gives one remedy for it', async () => {
    await put(DEFAULT, '{ broken');
    const client = await put('.cursor/mcp.json', '{ broken');
    const all = findings((await mcpHub('doctor', '--json', '--port', '0')).stdout);
    expect(all.filter(({ area }) => area === 'config').map(({ level }) => level)).toEqual(['fail']);
    const [cursor] = all.filter(({ area }) => area === 'client');
    expect(cursor?.text).toMatch(new RegExp(`^${client}:1:9: [^.]*\\.$`));
    expect(cursor?.remedy).toContain('Cursor');
  });

  async function listen(): Promise<number> {
    // Whoever asks whether a hub is here is sent away.
    blocker = createServer((socket) => socket.on('error', () => {}).destroy()).listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address();
    return typeof address === 'object' && address ? address.port : 0;
  }
});

describe('beside a hub that runs', () => {
  let hub: HttpServer;
  let port: number;
  let servers: readonly object[] | undefined;
  const asked: string[] = [];
  beforeEach(async () => {
    asked.length = 0;
    servers = undefined;
    hub = createHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      request.resume();
      const body =
        request.url === '/api/health'
          ? { status: 'ok', server_id: 'mcp-hub', hubVersion: '4.3.0', pid: process.pid, servers }
          : { status: 'ok' };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await once(hub, 'listening');
    const address = hub.address();
    port = typeof address === 'object' && address ? address.port : 0;
    const entry = { pid: process.pid, port, cwd: root, config_files: ['mine.json'], state: 'active' };
    await put('.local/state/mcp-hub/workspaces.json', JSON.stringify({ [port]: entry }));
  });
  afterEach(async () => {
    hub.closeAllConnections();
    await new Promise((resolve) => hub.close(resolve));
  });

  it('connect takes its port, and for a client that spawns its config files', async () => {
    expect((await mcpHub('connect', 'cursor')).stderr).toBe('');
    expect(await readFile(join(root, '.cursor/mcp.json'), 'utf8')).toContain(`"http://localhost:${port}/mcp"`);
    await mcpHub('connect', 'claude-desktop');
    const { mcpServers } = JSON.parse(await readFile(join(root, '.config/Claude/claude_desktop_config.json'), 'utf8'));
    expect(mcpServers.Hub.args.slice(-3)).toEqual(['stdio', '--config', join(root, 'mine.json')]);
  });

  it('connect writes no endpoint of a server that it does not have', async () => {
    const file = join(root, '.cursor/mcp.json');
    servers = [{ name: 'everything' }];
    for (const more of [[], ['--stdio'], ['--stdio', '--config', 'mine.json']]) {
      const wrong = await mcpHub('connect', 'cursor', '--server', 'evrything', ...more);
      expect(wrong).toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringMatching(/"evrything" is in the hub .* Did you mean everything\?/),
      });
    }
    await expect(readFile(file)).rejects.toThrow('ENOENT');
    expect(await mcpHub('connect', 'cursor', '--server', 'everything')).toMatchObject({ code: 0 });
    // A hub that says nothing of its servers is taken at the person's word.
    servers = undefined;
    expect(await mcpHub('connect', 'cursor', '--server', 'other')).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).toContain(`"http://localhost:${port}/mcp/other"`);
  });

  it('connect says that a hub behind a socket alone has no address', async () => {
    const socket = join(root, 'h.sock');
    const behind = createHttpServer((_, response) => void response.end(JSON.stringify({ server_id: 'mcp-hub', pid: process.pid })));
    await once(behind.listen(socket), 'listening');
    const entry = { pid: process.pid, port: 0, socket, cwd: root, config_files: ['mine.json'], state: 'active' };
    await put('.local/state/mcp-hub/workspaces.json', JSON.stringify({ [`unix:${socket}`]: entry }));
    const { code, stdout, stderr } = await mcpHub('connect', 'cursor');
    const spawning = await mcpHub('connect', 'cursor', '--stdio', '--dry-run');
    behind.closeAllConnections();
    await new Promise((resolve) => behind.close(resolve));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('has a socket alone, and no address that Cursor could be given. With --stdio');
    expect(spawning).toMatchObject({ code: 0, stdout: expect.stringContaining('mine.json') });
  });

  it('import writes to its config and lets it read that again; the hub itself is known by its port', async () => {
    const source = await put(
      'other.json',
      JSON.stringify({ mcpServers: { a: { command: 'node' }, mine: { url: `http://127.0.0.1:${port}/mcp` } } }),
    );
    const { stdout } = await mcpHub('import', source, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      config: join(root, 'mine.json'),
      written: true,
      reloaded: true,
      servers: [{ outcome: 'added' }, { outcome: 'hub' }],
    });
    expect(JSON.parse(await readFile(join(root, 'mine.json'), 'utf8'))).toEqual({ mcpServers: { a: { command: 'node' } } });
    expect(asked.at(-1)).toBe('POST /api/restart');
  });

  it('import with --dry-run asks for nothing', async () => {
    await mcpHub('import', sample('cursor/mcp.json'), '--dry-run');
    expect(asked.filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  it('doctor sees it', async () => {
    const { stdout } = await mcpHub('doctor', '--port', String(port));
    expect(stdout).toContain(`${port}: an mcp-hub answers (pid ${process.pid}).`);
    expect(stdout).toContain(`port ${port}, pid ${process.pid}, started in ${root}`);
  });
});
