import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commandLine, type CommandLine, type CommandRun } from '../support/command-line.ts';
import { type ManagementServer, problem, serveManagement } from '../support/management-server.ts';
import { eventually } from '../support/processes.ts';

let cli: CommandLine;
let hub: ManagementServer;

beforeAll(async () => {
  [cli, hub] = await Promise.all([commandLine(), serveManagement()]);
});
beforeEach(() => cli.list({ port: hub.port, config_files: ['servers.json'] }));
afterAll(() => Promise.all([cli.remove(), hub.close()]));

/** The one JSON document that a command prints. */
async function json(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly document: unknown; readonly stderr: string }> {
  const { code, stdout, stderr } = await cli.run(...args, '--json');
  return { code, document: JSON.parse(stdout), stderr };
}

/** Runs against a hub that answers this one route otherwise. */
async function withAnswer(route: string, answer: object | 'silence', use: (other: ManagementServer) => Promise<void>): Promise<void> {
  const other = await serveManagement({ [route]: answer });
  try {
    await cli.list({ port: other.port });
    await use(other);
  } finally {
    await other.close();
  }
}

const lastRequest = () => hub.requests.at(-1);

describe('status', () => {
  it('tells of the hub, its servers and what is wrong with them', async () => {
    const { code, stdout, stderr } = await cli.run('status');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`mcp-hub 4.3.0  ready  ${hub.origin}/mcp`);
    expect(stdout).toContain(`pid ${process.pid}, started in ${cli.folder}`);
    expect(stdout).toContain('2 connected, 1 disconnected, 1 disabled');
    expect(stdout).toContain('broken: It ended with 1.');
  });

  it('lists all hubs', async () => {
    const other = await serveManagement();
    await cli.list({ port: hub.port, cwd: '/one' }, { port: other.port, cwd: '/two' }, { port: 1, cwd: '/not/there' });
    const { document } = await json('status', '--all');
    const text = await cli.run('status', '--all');
    await other.close();
    const ports = [hub.port, other.port].sort((a, b) => a - b);
    expect(document).toMatchObject({ hubs: ports.map((port) => ({ port, state: 'ready' })) });
    expect(text.stdout.split('\n')).toHaveLength(4);
  });
});

describe('servers and tools', () => {
  it('are tables for people', async () => {
    const servers = await cli.run('servers');
    expect(servers.stdout).toMatch(/^SERVER +STATUS +TOOLS +PROMPTS +RESOURCES +UP$/m);
    expect(servers.stdout).toMatch(/^calc +connected +2 +1 +0 +1 min 2 s$/m);
    expect(servers.stdout).toMatch(/^broken +disconnected +0 +0 +0 +- +It ended with 1\.$/m);
    const tools = await cli.run('tools');
    expect(tools.stdout).toBe('calc__add       Adds numbers.\ncalc__show\nmy_notes__show  Shows.\n');
  });

  it('are whole objects for programs', async () => {
    expect((await json('servers')).document).toMatchObject({
      servers: [{ name: 'calc', capabilities: { tools: [{ name: 'add' }, {}] } }, {}, {}, {}],
    });
    expect((await json('tools', '--server', 'my notes')).document).toEqual({
      tools: [{ name: 'my_notes__show', server: 'my notes', tool: 'show', description: 'Shows.' }],
    });
  });

  it('leave out the tools that an entry switches off', async () => {
    await withAnswer('GET /api/servers/calc/config', { config: { disabled_tools: ['show'] } }, async () => {
      expect((await cli.run('tools')).stdout).toBe('calc__add       Adds numbers.\nmy_notes__show  Shows.\n');
    });
  });

  it('tell everything of one', async () => {
    const server = await cli.run('servers', 'calc');
    for (const text of ['calc  connected', 'servers.json', 'Adds numbers.', 'greet', 'TOKEN']) expect(server.stdout).toContain(text);
    expect((await cli.run('servers', 'broken')).stdout).toContain('error  It ended with 1.');
    const tool = await cli.run('tools', 'calc/add');
    expect(tool.stdout).toContain('Adds numbers.\nAll of them.');
    expect(tool.stdout).toContain('"type": "number"');
  });

  it.each([
    [['servers', 'clac'], 'SERVER_NOT_FOUND', 'Did you mean calc?'],
    [['tools', 'calc__ad'], 'TOOL_NOT_FOUND', 'Did you mean calc__add?'],
    [['tools', 'show'], 'TOOL_NOT_FOUND', 'calc__show, my_notes__show'],
    [['prompt', 'greets'], 'PROMPT_NOT_FOUND', 'Did you mean calc__greet?'],
    [['read', 'other://x'], 'RESOURCE_NOT_FOUND', '--server'],
    [['start', 'clac'], 'SERVER_NOT_FOUND', 'Did you mean calc?'],
  ])('miss what is not there: %j', async (args, code, words) => {
    const run = await json(...args);
    expect(run).toMatchObject({ code: 3, stderr: '', document: { code, error: expect.stringContaining(words), data: {} } });
    const text = await cli.run(...args);
    expect(text).toEqual({ code: 3, stdout: '', stderr: expect.stringMatching(/^error: /) });
  });
});

describe('call', () => {
  it('types arguments by the schema and prints the text', async () => {
    const run = await cli.run('call', 'calc__add', 'a=1.5', 'list=1', 'list=2', 'note=5', '--timeout', '7');
    expect(run).toEqual({ code: 0, stdout: '3\n', stderr: '' });
    expect(lastRequest()).toEqual({
      method: 'POST',
      path: '/api/servers/tools',
      body: {
        server_name: 'calc',
        tool: 'add',
        arguments: { a: 1.5, list: [1, 2], note: '5' },
        request_options: { timeout: 7000, maxTotalTimeout: 7000 },
      },
    });
  });

  it('takes one JSON object: on the line, from a file and from standard input', async () => {
    await writeFile(join(cli.folder, 'arguments.json'), '{"a": 2}');
    await cli.run('call', 'calc/add', '{"a": 1}');
    expect(lastRequest()).toMatchObject({ body: { arguments: { a: 1 } } });
    await cli.run('call', 'calc/add', '@arguments.json');
    expect(lastRequest()).toMatchObject({ body: { arguments: { a: 2 } } });
    await cli.runWith({ input: '{"a": 3}' }, 'call', 'calc/add', '-');
    expect(lastRequest()).toMatchObject({ body: { arguments: { a: 3 } } });
  });

  it('calls nothing when arguments are wrong', async () => {
    const before = hub.requests.filter(({ path }) => path.endsWith('/tools')).length;
    const { code, stdout, stderr } = await cli.run('call', 'calc__add', 'a=one', 'list=x', 'nothing');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(3);
    expect(hub.requests.filter(({ path }) => path.endsWith('/tools'))).toHaveLength(before);
  });

  it('ends with 4 when the tool says that it failed', async () => {
    const result = { content: [{ type: 'text', text: 'No such number.' }], isError: true };
    await withAnswer('POST /api/servers/tools', { result }, async () => {
      expect(await cli.run('call', 'calc__add')).toEqual({ code: 4, stdout: '', stderr: 'error: No such number.\n' });
      expect(await json('call', 'calc__add')).toEqual({ code: 4, document: result, stderr: '' });
    });
  });

  it('saves what is no text', async () => {
    const content = [{ type: 'image', data: Buffer.from('png').toString('base64'), mimeType: 'image/png' }];
    await withAnswer('POST /api/servers/tools', { result: { content } }, async () => {
      expect((await cli.run('call', 'calc__add')).stderr).toContain('--output <folder> saves it');
      await cli.run('call', 'calc__add', '--output', 'pictures');
      expect(await readFile(join(cli.folder, 'pictures/add-1.png'), 'utf8')).toBe('png');
    });
  });

  it('tells a failure of the hub with its code', async () => {
    await withAnswer(
      'POST /api/servers/tools',
      problem(503, 'SERVER_NOT_CONNECTED', 'calc is not ready.', { server: 'calc' }),
      async () => {
        expect(await cli.run('call', 'calc__add')).toEqual({ code: 3, stdout: '', stderr: 'error: calc is not ready.\n' });
        const expected = { error: 'calc is not ready.', code: 'SERVER_NOT_CONNECTED', data: { server: 'calc' } };
        expect(await json('call', 'calc__add')).toEqual({ code: 3, document: expected, stderr: '' });
      },
    );
  });

  it('takes the request back on Ctrl-C', async () => {
    await withAnswer('POST /api/servers/tools', 'silence', async (other) => {
      const { child, ended } = cli.start('call', 'calc__add');
      await eventually('the call', () => other.requests.some(({ path }) => path === '/api/servers/tools'));
      child.kill('SIGINT');
      expect(await ended).toEqual({ code: 130, stdout: '', stderr: '' });
      await eventually('the end of the request', () => other.aborted() === 1);
    });
  });
});

describe('read and prompt', () => {
  it.each([
    [['read', 'note://one'], 'A note.\n', { server_name: 'my notes', uri: 'note://one' }],
    [['read', 'note://two'], 'A note.\n', { server_name: 'my notes', uri: 'note://two' }],
    [['read', 'any://x', '--server', 'calc'], 'A note.\n', { server_name: 'calc', uri: 'any://x' }],
    [['prompt', 'calc__greet', 'who=5'], 'user:\nHello.\n', { server_name: 'calc', prompt: 'greet', arguments: { who: '5' } }],
  ])('%j', async (args, stdout, body) => {
    expect(await cli.run(...args)).toEqual({ code: 0, stdout, stderr: '' });
    expect(lastRequest()).toMatchObject({ body });
  });
});

describe('start, stop, restart, reload', () => {
  it.each([
    [['start', 'calc'], '/api/servers/start', 'calc is connected, 2 tools.\n'],
    [['stop', 'calc'], '/api/servers/stop', 'off is disabled.\n'],
    [['stop', 'calc', '--disable'], '/api/servers/stop?disable=true', 'off is disabled.\n'],
    [['restart', 'calc'], '/api/servers/restart', 'calc is connected, 2 tools.\n'],
    [['restart'], '/api/restart', expect.stringContaining('read again')],
    [['reload'], '/api/restart', expect.stringContaining('read again')],
    [['enable', 'off'], '/api/servers/start', 'calc is connected, 2 tools.\n'],
    [['disable', 'calc'], '/api/servers/stop?disable=true', 'off is disabled.\n'],
  ])('%j', async (args, path, stdout) => {
    expect(await cli.run(...args)).toEqual({ code: 0, stdout, stderr: '' });
    expect(lastRequest()).toMatchObject({ method: 'POST', path });
  });
});

describe('a restart whose new process does not become ready', () => {
  it('is a failure, although the server goes on', async () => {
    const lastError = { message: 'The code is broken.', at: '2026-11-21T12:00:00.000Z' };
    const server = { name: 'calc', status: 'connected', error: null, lastStarted: null, lastError };
    await withAnswer('POST /api/servers/restart', { status: 'ok', server }, async () => {
      const { code, stderr } = await cli.run('restart', 'calc');
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('calc goes on as it was: The code is broken.') });
    });
  });
});

describe('a server that rests', () => {
  it('is no failure, and its row says what it waits for', async () => {
    const server = (name: string, stopReason: string) => ({ name, status: 'disconnected', error: null, stopReason });
    await withAnswer(
      'GET /api/servers',
      { servers: [server('idle', 'idle'), server('lazy', 'lazy'), server('manual', 'manual')] },
      async () => {
        const { stdout } = await cli.run('servers');
        expect(stdout).toMatch(/^idle .* asleep until its next call$/m);
        expect(stdout).toMatch(/^lazy .* asleep until its first call$/m);
        expect(stdout).toMatch(/^manual .* waits for "mcp-hub start"$/m);
      },
    );
  });
});

describe('logs and events', () => {
  it("prints a server's standard error", async () => {
    expect((await cli.run('logs', 'calc')).stdout).toMatch(/^\d\d:\d\d:\d\d listening\n$/);
    expect(lastRequest()).toMatchObject({ path: '/api/servers/calc/log?lines=50' });
  });

  it("prints the end of the hub's log without a hub", async () => {
    await cli.list();
    await mkdir(join(cli.stateDir, 'logs'), { recursive: true });
    const record = (message: string) =>
      JSON.stringify({ type: message === 'detail' ? 'debug' : 'info', message, timestamp: '2026-01-01T10:00:00.000Z' });
    await writeFile(join(cli.stateDir, 'logs/mcp-hub.log'), `${['one', 'two', 'detail', 'three'].map(record).join('\n')}\n`);
    expect((await cli.run('logs', '-n', '2')).stdout).toMatch(/^\S+ info {2}two\n\S+ info {2}three\n$/);
    expect((await cli.run('logs', '-n', '2', '--level', 'debug')).stdout).toMatch(/^\S+ debug detail\n\S+ info {2}three\n$/);
    expect((await json('logs', '-n', '1')).document).toMatchObject({ records: [{ message: 'three' }] });
  });

  it('follows events as lines of JSON', async () => {
    const { ended } = cli.start('events', '--json', '--count', '3');
    await eventually('the reader', () => hub.readers() === 1);
    hub.emit('heartbeat', { connections: 1 });
    hub.emit('log', { type: 'info', message: 'ü\n' });
    const { code, stdout } = await ended;
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(code).toBe(0);
    expect(lines).toEqual([
      { event: 'hub_state', id: '1', data: { state: 'ready' } },
      { event: 'heartbeat', id: '1', data: { connections: 1 } },
      { event: 'log', id: '1', data: { type: 'info', message: 'ü\n' } },
    ]);
  });

  it('ends quietly on Ctrl-C, and when nobody reads any more', async () => {
    const one = cli.start('logs', '-f');
    await eventually('the reader', () => hub.readers() === 1);
    one.child.kill('SIGINT');
    expect(await one.ended).toMatchObject({ code: 0, stderr: '' });
    const two = cli.start('events');
    await eventually('the first event', () => two.stdout() !== '');
    two.child.stdout?.destroy();
    const ended = once(two.child, 'exit');
    await eventually('the end', () => {
      hub.emit('log', { message: 'x' });
      return two.child.exitCode !== null;
    });
    expect(await ended).toEqual([0, null]);
    expect((await two.ended).stderr).toBe('');
  });
});

describe('add and remove', () => {
  it('go through the hub that runs', async () => {
    const add = await cli.run('add', 'new', '--env', 'A=b=c', '--', 'npx', '-y', 'thing');
    expect(add).toMatchObject({ code: 0, stderr: '' });
    const config = { command: 'npx', args: ['-y', 'thing'], env: { A: 'b=c' } };
    expect(lastRequest()).toEqual({ method: 'POST', path: '/api/servers', body: { name: 'new', config } });
    expect(add.stdout).toContain('calc is connected');
    expect((await cli.run('remove', 'calc', '--dry-run')).stdout).toContain('+new');
    expect(lastRequest()).toMatchObject({ method: 'DELETE', path: '/api/servers/calc?dryRun=true' });
  });

  it('change the file where no hub runs, and keep its comments', async () => {
    const file = join(cli.folder, 'own.json');
    await writeFile(file, '{\n  // mine\n  "mcpServers": {\n    "a": { "command": "a" } // first\n  }\n}\n');
    const own = (...args: string[]): Promise<CommandRun> => cli.run(args[0] ?? '', '--config', 'own.json', ...args.slice(1));
    const shown = await own('add', 'b', '--url', 'http://localhost:1/mcp', '--header', 'X-Key: ${KEY}', '--dry-run');
    expect(shown.stdout).toMatch(/^\+.*"b"/m);
    expect(await readFile(file, 'utf8')).not.toContain('"b"');
    expect((await own('add', 'b', '--url', 'http://localhost:1/mcp', '--header', 'X-Key: ${KEY}')).code).toBe(0);
    expect((await own('disable', 'a')).stdout).toContain('No hub of this config runs.');
    const text = await readFile(file, 'utf8');
    for (const part of ['// mine', '// first', '"disabled": true', '"X-Key": "${KEY}"']) expect(text).toContain(part);
    expect(await own('add', 'a', '--', 'x')).toMatchObject({ code: 3, stderr: expect.stringContaining('already') });
    expect(await own('remove', 'c')).toMatchObject({ code: 3, stderr: expect.stringContaining('"c"') });
    await own('enable', 'a');
    await own('remove', 'b');
    expect(await readFile(file, 'utf8')).toBe('{\n  // mine\n  "mcpServers": {\n    "a": { "command": "a" } // first\n  }\n}\n');
  });

  it('write nothing that a hub could not use', async () => {
    const file = join(cli.folder, 'wrong.json');
    await writeFile(file, '{}');
    const run = await cli.run('add', 'b', '--config', 'wrong.json', '--', '');
    expect(run).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('wrong.json') });
    expect(await readFile(file, 'utf8')).toBe('{}');
    expect(await cli.run('add', 'b')).toMatchObject({ code: 1, stderr: expect.stringContaining('--url') });
  });
});
