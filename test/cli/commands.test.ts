import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commandLine, type CommandLine } from '../support/command-line.ts';
import { type ManagementServer, serveManagement, withOtherAnswer } from '../support/management-server.ts';
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

const lastRequest = () => hub.requests.at(-1);
const isCall = ({ body }: { readonly body: unknown }): boolean => JSON.stringify(body)?.includes('"tools/call"');

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

describe('status of a hub that waits to end', () => {
  it.each([[[]], [['--all']]])('says that it is shutting down: %j', async (more) => {
    await cli.list({ port: hub.port, state: 'shutting_down' });
    const { document } = await json('status', ...more);
    expect(document).toMatchObject(more.length === 0 ? { state: 'shutting_down' } : { hubs: [{ state: 'shutting_down' }] });
    const { stdout } = await cli.run('status', ...more);
    expect(stdout).toContain('  shutting_down  ');
    expect(stdout).not.toContain('ready');
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

  it('do not wait for servers that are not ready', async () => {
    await withOtherAnswer(cli, 'GET /none', {}, async (other) => {
      await json('tools');
      const paths = other.requests.map(({ path }) => path).sort();
      expect(paths).toEqual(['/api/servers', '/mcp', '/mcp/calc', '/mcp/my%20notes']);
    });
  });

  it('tell everything of one', async () => {
    const server = await cli.run('servers', 'calc');
    for (const text of ['calc  connected', 'servers.json', 'Adds numbers.', 'greet', 'TOKEN']) expect(server.stdout).toContain(text);
    expect((await cli.run('servers', 'broken')).stdout).toContain('  error   It ended with 1.\n');
    const tool = await cli.run('tools', 'calc/add');
    expect(tool.stdout).toContain('Adds numbers.\nAll of them.');
    expect(tool.stdout).toContain('"type": "number"');
  });

  it.each([
    [['servers', 'clac'], 'SERVER_NOT_FOUND', 'Did you mean calc?'],
    [['tools', 'calc__ad'], 'TOOL_NOT_FOUND', 'Did you mean calc__add?'],
    [['tools', 'show'], 'TOOL_NOT_FOUND', 'calc__show, my_notes__show'],
    [['prompt', 'greets'], 'PROMPT_NOT_FOUND', 'Did you mean calc__greet?'],
    [['read', 'note://one', '--server', 'my note'], 'SERVER_NOT_FOUND', 'Did you mean my notes?'],
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
      path: '/mcp',
      body: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: 'calc__add',
          arguments: { a: 1.5, list: [1, 2], note: '5' },
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientInfo': { name: 'mcp-hub-cli', version: expect.any(String) },
            'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {}, url: {} }, roots: {} },
            progressToken: 'cli',
          },
        },
      },
    });
  });

  it('takes one JSON object: on the line, from a file and from standard input', async () => {
    await writeFile(join(cli.folder, 'arguments.json'), '{"a": 2}');
    await cli.run('call', 'calc/add', '{"a": 1}');
    expect(lastRequest()).toMatchObject({ path: '/mcp/calc', body: { params: { name: 'add', arguments: { a: 1 } } } });
    await cli.run('call', 'calc/add', '@arguments.json');
    expect(lastRequest()).toMatchObject({ path: '/mcp/calc', body: { params: { name: 'add', arguments: { a: 2 } } } });
    await cli.runWith({ input: '{"a": 3}' }, 'call', 'calc/add', '-');
    expect(lastRequest()).toMatchObject({ path: '/mcp/calc', body: { params: { name: 'add', arguments: { a: 3 } } } });
  });

  it('calls nothing when arguments are wrong', async () => {
    const before = hub.requests.filter(isCall).length;
    const { code, stdout, stderr } = await cli.run('call', 'calc__add', 'a=one', 'list=x', 'nothing');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(4);
    expect(stderr).toContain('Run "mcp-hub call --help" for help. Nothing was done.\n');
    expect(hub.requests.filter(isCall)).toHaveLength(before);
  });

  it('ends with 4 when the tool says that it failed', async () => {
    const result = { content: [{ type: 'text', text: 'No such number.' }], isError: true };
    await withOtherAnswer(cli, 'tools/call', { result }, async () => {
      expect(await cli.run('call', 'calc__add')).toEqual({ code: 4, stdout: '', stderr: 'error: No such number.\n' });
      expect(await json('call', 'calc__add')).toEqual({ code: 4, document: result, stderr: '' });
    });
  });

  it('saves what is no text', async () => {
    const content = [{ type: 'image', data: Buffer.from('png').toString('base64'), mimeType: 'image/png' }];
    await withOtherAnswer(cli, 'tools/call', { result: { content } }, async () => {
      expect((await cli.run('call', 'calc__add')).stderr).toContain('--output <folder> saves it');
      await cli.run('call', 'calc__add', '--output', 'pictures');
      expect(await readFile(join(cli.folder, 'pictures/calc__add-1.png'), 'utf8')).toBe('png');
    });
  });

  it('tells a failure of the hub with its code', async () => {
    const content = [{ type: 'text', text: 'calc is not ready.' }];
    const result = { content, isError: true, _meta: { 'mcp-hub/error': { code: 'SERVER_NOT_CONNECTED', server: 'calc' } } };
    await withOtherAnswer(cli, 'tools/call', { result }, async () => {
      expect(await cli.run('call', 'calc__add')).toEqual({ code: 3, stdout: '', stderr: 'error: calc is not ready.\n' });
      const expected = { error: 'calc is not ready.', code: 'SERVER_NOT_CONNECTED', data: { server: 'calc' } };
      expect(await json('call', 'calc__add')).toEqual({ code: 3, document: expected, stderr: '' });
    });
  });

  it('fails when the hub stops meanwhile', async () => {
    const error = { code: -32603, message: 'The hub is stopping.', data: { code: 'SHUTTING_DOWN' } };
    await withOtherAnswer(cli, 'tools/call', { error }, async () => {
      expect(await cli.run('call', 'calc__add')).toEqual({ code: 3, stdout: '', stderr: 'error: The hub is stopping.\n' });
    });
  });

  it('shows no progress without a terminal, and log messages only when they are wanted', async () => {
    const messages = [
      { method: 'notifications/progress', params: { progressToken: 'cli', progress: 1 } },
      { method: 'notifications/message', params: { level: 'info', logger: 'sums', data: 'adding' } },
      { id: 1, result: { content: [{ type: 'text', text: '3' }] } },
    ];
    await withOtherAnswer(cli, 'tools/call', { messages }, async (other) => {
      expect(await cli.run('call', 'calc__add')).toEqual({ code: 0, stdout: '3\n', stderr: '' });
      expect(await cli.run('call', 'calc__add', '--verbose')).toEqual({ code: 0, stdout: '3\n', stderr: 'info: sums: adding\n' });
      const meta = { progressToken: 'cli', 'io.modelcontextprotocol/logLevel': 'debug' };
      expect(other.requests.at(-1)).toMatchObject({ body: { params: { _meta: meta } } });
    });
  });

  it('says what is asked where nobody can answer, and lets the server go on', async () => {
    const params = { message: 'Which one?', requestedSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } };
    const inputRequests = { q: { method: 'elicitation/create', params } };
    const result = { resultType: 'input_required', inputRequests, requestState: 's' };
    await withOtherAnswer(cli, 'tools/call', { result }, async (other) => {
      const { code, stdout, stderr } = await cli.run('call', 'calc__add', 'a=1');
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toContain('"Which one?" (n: integer)');
      const again = { name: 'calc__add', arguments: { a: 1 }, inputResponses: { q: { action: 'cancel' } }, requestState: 's' };
      expect(other.requests.at(-1)).toMatchObject({ body: { params: again } });
      expect(await json('call', 'calc__add')).toMatchObject({ code: 3, document: { code: 'INPUT_NOT_GIVEN', data: { inputRequests } } });
    });
  });

  it('gives up after --timeout, and says so', async () => {
    await withOtherAnswer(cli, 'tools/call', 'silence', async (other) => {
      const run = await cli.run('call', 'calc__add', '--timeout', '1');
      expect(run).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('within 1 second, ') });
      await eventually('the end of the request', () => other.aborted() === 1);
    });
  });

  it('takes the request back on Ctrl-C', async () => {
    await withOtherAnswer(cli, 'tools/call', 'silence', async (other) => {
      const { child, ended } = cli.start('call', 'calc__add');
      await eventually('the call', () => other.requests.some(isCall));
      child.kill('SIGINT');
      expect(await ended).toEqual({ code: 130, stdout: '', stderr: '' });
      await eventually('the end of the request', () => other.aborted() === 1);
    });
  });
});

describe('read and prompt', () => {
  it.each([
    [['read', 'note://one'], 'A note.\n', '/mcp', { uri: 'note://one' }],
    [['read', 'any://x', '--server', 'my notes'], 'A note.\n', '/mcp/my%20notes', { uri: 'any://x' }],
    [['prompt', 'calc__greet', 'who=5'], 'user:\nHello.\n', '/mcp', { name: 'calc__greet', arguments: { who: '5' } }],
    [['prompt', 'greet', 'who=5'], 'user:\nHello.\n', '/mcp/calc', { name: 'greet', arguments: { who: '5' } }],
  ])('%j', async (args, stdout, path, params) => {
    expect(await cli.run(...args)).toEqual({ code: 0, stdout, stderr: '' });
    expect(lastRequest()).toMatchObject({ path, body: { params } });
  });
});

describe('start, stop, restart, reload', () => {
  it.each([
    [['start', 'calc'], '/api/servers/start', 'calc is connected, 2 tools.\n'],
    [['stop', 'calc'], '/api/servers/stop', 'off is disabled.\n'],
    [['stop', 'calc', '--disable'], '/api/servers/stop?disable=true', 'off is disabled.\n'],
    [['restart', 'calc'], '/api/servers/restart', 'calc is connected, 2 tools.\n'],
    [['reload'], '/api/restart', 'The config files are read again: changed calc (disabled_tools, env); setting startupWait.\n'],
    [['enable', 'off'], '/api/servers/start', 'calc is connected, 2 tools.\n'],
    [['disable', 'calc'], '/api/servers/stop?disable=true', 'off is disabled.\n'],
  ])('%j', async (args, path, stdout) => {
    expect(await cli.run(...args)).toEqual({ code: 0, stdout, stderr: '' });
    expect(lastRequest()).toMatchObject({ method: 'POST', path });
  });

  it.each(['start', 'stop', 'restart', 'enable', 'disable', 'remove', 'logs'])('%s knows no server of another name', async (name) => {
    const before = hub.requests.filter(({ method }) => method !== 'GET').length;
    const run = await cli.run(name, 'clac');
    expect(run).toEqual({ code: 3, stdout: '', stderr: 'error: No server "clac" is configured. Did you mean calc?\n' });
    expect(hub.requests.filter(({ method }) => method !== 'GET')).toHaveLength(before);
  });

  it('say what is waited for when that takes long, and end with Ctrl-C', async () => {
    await withOtherAnswer(cli, 'POST /api/servers/start', 'silence', async () => {
      const { child, ended } = cli.start('start', 'calc');
      const said = once(child.stderr ?? child, 'data');
      expect(String((await said)[0])).toBe(
        'Waiting for calc: the first start of a server may download it. Ctrl-C ends the waiting alone.\n',
      );
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ code: 130, stdout: '' });
    });
  });

  it('reload says only that the files are read where the hub does not say more', async () => {
    await withOtherAnswer(cli, 'POST /api/restart', { changes: { added: [], removed: [], changed: {}, settings: [] } }, async () => {
      expect((await cli.run('reload')).stdout).toBe('The config files are read again: nothing in them is new.\n');
    });
    await withOtherAnswer(cli, 'POST /api/restart', {}, async () => {
      expect((await cli.run('reload')).stdout).toBe('The config files are read again.\n');
    });
  });

  it('restart wants a server: the config files are read again by reload', async () => {
    const { code, stderr } = await cli.run('restart');
    expect(code).toBe(1);
    expect(stderr).toContain('"mcp-hub reload"');
  });

  it('say a name once', async () => {
    const server = { name: 'calc', status: 'disconnected', error: 'Server "calc" could not be started: there is no such program.' };
    await withOtherAnswer(cli, 'POST /api/servers/start', { server }, async () => {
      expect((await cli.run('start', 'calc')).stderr).toBe('error: calc: could not be started: there is no such program.\n');
    });
  });
});

describe('a restart whose new process does not become ready', () => {
  it('is a failure, although the server goes on', async () => {
    const server = { name: 'calc', status: 'connected', error: null };
    const notRenewed = [{ replica: 1, status: 'connected', reason: 'The code is broken.' }];
    await withOtherAnswer(cli, 'POST /api/servers/restart', { status: 'ok', server, notRenewed }, async () => {
      const { code, stderr } = await cli.run('restart', 'calc');
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('calc goes on as it was: The code is broken.') });
    });
  });

  it('is one also when it is only one of several replicas', async () => {
    const replicas = [1, 2, 3].map((number) => ({ number, status: 'connected', circuit: 'closed' }));
    const server = { name: 'calc', status: 'connected', error: null, replicas };
    const notRenewed = [
      { replica: 2, status: 'disconnected', reason: 'It has ended.' },
      { replica: 3, status: 'connected', reason: 'The code is broken.' },
    ];
    await withOtherAnswer(cli, 'POST /api/servers/restart', { status: 'ok', server, notRenewed }, async () => {
      const { code, stderr } = await cli.run('restart', 'calc');
      expect(code).toBe(3);
      expect(stderr).toContain('replica 2 of calc does not run: It has ended. replica 3 of calc goes on as it was: The code is broken.');
      const asJson = await cli.run('restart', 'calc', '--json');
      expect(asJson.code).toBe(3);
      expect(asJson.stdout + asJson.stderr).toContain('{"replica":3,"status":"connected"');
    });
  });
});

describe('a server whose process has ended', () => {
  it('is told of in the list by the line that says most', async () => {
    const error = 'Server "calc" exited with code 1. Its last output was:\n  throw it;\n  Error: no database\n  bye';
    await withOtherAnswer(cli, 'GET /api/servers', { servers: [{ name: 'calc', status: 'disconnected', error }] }, async () => {
      expect((await cli.run('servers')).stdout).toMatch(/^calc +disconnected .* exited with code 1: Error: no database$/m);
    });
  });
});

describe('a server that runs after a failure', () => {
  it('is told of with that failure, in all of its words', async () => {
    const lastError = {
      message: 'Server "calc" exited with code 1. Its last output was:\n  Error: no database',
      at: '2026-11-21T12:00:00.000Z',
    };
    await withOtherAnswer(
      cli,
      'GET /api/servers',
      { servers: [{ name: 'calc', status: 'connected', error: null, lastError }] },
      async () => {
        expect((await cli.run('servers', 'calc')).stdout).toMatch(
          /^ {2}last error {2}\S.* exited with code 1\. Its last output was:\n {2}Error: no database$/m,
        );
      },
    );
  });
});

describe('a server whose changed entry does not start', () => {
  const reason = 'Server "calc" exited with code 1. Its last output was:\n  Error: no file';
  const outdated = { reason, since: '2026-11-21T12:00:00.000Z', nextAttemptAt: '2026-11-21T12:00:04.000Z' };
  const server = { name: 'calc', status: 'connected', error: null, outdated };

  it('is told of as one that runs as it was before, in the list, alone and in the status', async () => {
    await withOtherAnswer(cli, 'GET /api/servers', { servers: [server] }, async () => {
      const before = 'still the old entry; the new one: exited with code 1';
      expect((await cli.run('servers')).stdout).toMatch(new RegExp(`^calc +connected .* ${before}: Error: no file$`, 'm'));
      const { stdout } = await cli.run('servers', 'calc');
      expect(stdout).toContain(`  outdated  ${before}. Its last output was:\n  Error: no file\n  The hub tries it again at `);
    });
    const health: object = JSON.parse(await (await fetch(`${hub.origin}/api/health`)).text());
    await withOtherAnswer(cli, 'GET /api/health', { ...health, status: 200, servers: [server] }, async () => {
      expect((await cli.run('status')).stdout).toContain('  calc: still the old entry; the new one: exited with code 1.');
      expect((await json('status')).document).toMatchObject({ servers: [{ name: 'calc', outdated }] });
    });
  });
});

describe('a server that rests', () => {
  it('is no failure, and its row says what it waits for', async () => {
    const server = (name: string, stopReason: string) => ({ name, status: 'disconnected', error: null, stopReason });
    await withOtherAnswer(
      cli,
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

describe('a server that has calls', () => {
  it('says how many run and wait', async () => {
    const busy = (load: object) => ({ name: 'busy', status: 'connected', error: null, uptime: 5, load });
    const servers = { servers: [busy({ running: 1, waiting: 2 })] };
    await withOtherAnswer(cli, 'GET /api/servers', servers, async () => {
      expect((await cli.run('servers')).stdout).toMatch(/^busy .* 1 call runs, 2 wait$/m);
      expect((await cli.run('servers', 'busy')).stdout).toMatch(/calls +1 call runs, 2 wait$/m);
      expect((await json('servers')).document).toMatchObject({ servers: [{ load: { running: 1, waiting: 2 } }] });
    });
    await withOtherAnswer(cli, 'GET /api/servers', { servers: [busy({ running: 0, waiting: 0 })] }, async () => {
      expect((await cli.run('servers')).stdout).not.toContain('call');
    });
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
    expect((await cli.run('logs', '-n', '0')).stderr).toMatch(/^No line was asked for; the log is \S+mcp-hub\.log\.\n$/);
    expect((await cli.run('logs', '--level', 'error')).stderr).toMatch(/^Nothing of that level is in /);
  });

  it('prints the lines of one hub alone when it is named, and says so when its log is somewhere else', async () => {
    await mkdir(join(cli.stateDir, 'logs'), { recursive: true });
    const record = (message: string, pid?: number) => JSON.stringify({ type: 'info', message, timestamp: '2026-01-01T10:00:00.000Z', pid });
    const records = [record('older'), record('another', 1), record('this', process.pid), record('another', 1)];
    await writeFile(join(cli.stateDir, 'logs/mcp-hub.log'), `${records.join('\n')}\n`);
    expect((await json('logs')).document).toMatchObject({ records: { length: 4 } });
    for (const named of [
      ['--port', String(hub.port)],
      ['--hub', hub.origin],
    ]) {
      expect((await json('logs', ...named)).document).toMatchObject({ records: [{ message: 'this', pid: process.pid }] });
    }
    await cli.list({ port: hub.port + 1 });
    const { code, stdout, stderr } = await cli.run('logs', '--port', String(hub.port));
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^error: The log of the hub at \S+ is not here: .*mcp-hub\.log\./);
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
