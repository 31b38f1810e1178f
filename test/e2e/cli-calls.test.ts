import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ModernHttpFixture, startModernHttp } from '../fixtures/http/modern-http.ts';
import { eventually } from '../support/eventually.ts';
import { endHubs, environment, HUB_BIN, type HubProcess, makeFolder, PROJECT, settled, startHub } from '../support/hub-process.ts';
import { fixture } from '../support/in-process-hub.ts';
import { type Answer, hasTerminals, runOnTerminal } from '../support/terminal.ts';

const EVERYTHING = join(PROJECT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');

let hub: HubProcess;
let modern: ModernHttpFixture;
let told: string;

beforeAll(async () => {
  told = join(await makeFolder(), 'told.jsonl');
  await writeFile(told, '');
  modern = await startModernHttp();
  const mcpServers = {
    modern: { url: modern.url },
    'twin.1': fixture('echo.mjs'),
    'twin-1': { ...fixture('echo.mjs'), disabled_tools: ['add'] },
    asks: fixture('asks.mjs', told),
    // Half a minute after a call was taken back, a question may be that call's: other tests are given other servers.
    stuck: fixture('asks.mjs', told),
    hangs: fixture('asks.mjs', told),
    every: { command: process.execPath, args: [EVERYTHING, 'stdio'] },
    digits: fixture('digits.mjs', 'legacy'),
    off: { ...fixture('echo.mjs'), disabled: true },
    gone: { command: 'there-is-no-such-command' },
  };
  hub = await startHub({ config: { maxToolNameLength: 24, mcpServers } });
  await settled(hub);
});
afterAll(async () => {
  await endHubs();
  await modern.close();
});

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[]): { readonly ended: Promise<Run>; interrupt(): void } {
  const child = spawn(process.execPath, [HUB_BIN, ...args], {
    cwd: hub.folder,
    env: environment(hub.folder),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Run>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { ended, interrupt: () => child.kill('SIGINT') };
}

const mcpHub = (...args: readonly string[]): Promise<Run> => start(args).ended;

const onTerminal = (args: readonly string[], answers: readonly Answer[] = []) =>
  runOnTerminal([process.execPath, HUB_BIN, ...args], { cwd: hub.folder, env: environment(hub.folder), answers });

/** What the asking server has been told so far. */
const facts = async (): Promise<readonly string[]> => (await readFile(told, 'utf8')).trim().split('\n');

describe('names', () => {
  it('are those that clients see, also with a hash, and can be called as they are shown', async () => {
    const { tools } = JSON.parse((await mcpHub('tools', '--json')).stdout);
    const names: string[] = tools.map(({ name }: { name: string }) => name);
    const rpc = await fetch(hub.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/list',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/list',
        params: {
          _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
        },
      }),
    });
    const listed = JSON.parse(await rpc.text()).result.tools;
    expect(names).toEqual(listed.map(({ name }: { name: string }) => name));
    const twin = tools.find(({ server, tool }: { server: string; tool: string }) => server === 'twin-1' && tool === 'echo').name;
    expect(twin).toMatch(/^twin_1_[0-9a-f]{4}__echo$/);
    const short = tools.find(({ tool }: { tool: string }) => tool === 'get-structured-content').name;
    expect(short).toMatch(/_[0-9a-f]{6}_/);
    expect(await mcpHub('call', twin, 'text=x')).toEqual({ code: 0, stdout: 'x\n', stderr: '' });
    expect(await mcpHub('call', 'twin-1/echo', 'text=y')).toEqual({ code: 0, stdout: 'y\n', stderr: '' });
    expect((await mcpHub('tools', short)).stdout).toContain('get-structured-content of server every');
  });

  it('show numbers digit by digit, and take them so', async () => {
    const { stdout } = await mcpHub('call', 'digits/tell', 'n=9223372036854775807', '--json');
    expect(stdout).toContain('\\"n\\":9223372036854775807');
    expect(stdout).toContain('-12345678901234567890');
    expect((await mcpHub('tools', 'digits/tell')).stdout).toContain('18446744073709551615');
  });

  it('of what is disabled are not offered, and the refusal says why', async () => {
    const { tools } = JSON.parse((await mcpHub('tools', '--server', 'twin-1', '--json')).stdout);
    expect(tools.map(({ tool }: { tool: string }) => tool)).toEqual(['echo', 'env-peek']);
    const refused = await mcpHub('call', 'twin-1/add', 'a=1', 'b=2');
    expect(refused).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('"disabled_tools" of server "twin-1"') });
  });

  it('of a server that is down give its reason', async () => {
    for (const args of [
      ['call', 'gone/x'],
      ['call', 'gone__x'],
      ['tools', '--server', 'gone'],
    ])
      expect(await mcpHub(...args)).toMatchObject({ code: 3, stderr: expect.stringContaining('there-is-no-such-command') });
    expect(await mcpHub('call', 'off__echo', 'text=x')).toMatchObject({ code: 3, stderr: expect.stringContaining('mcp-hub enable off') });
  });

  it('are completed', async () => {
    expect((await mcpHub('__complete', 'call', 'twin_1__e')).stdout).toBe('twin_1__echo\ntwin_1__env-peek\n');
    expect((await mcpHub('__complete', 'read', 'test://')).stdout).toContain('test://greeting\n');
  });
});

describe('calls, prompts and resources', () => {
  it('are answered by the endpoint', async () => {
    expect(await mcpHub('read', 'test://echo/hi', '--server', 'twin-1')).toEqual({ code: 0, stdout: 'hi\n', stderr: '' });
    expect(await mcpHub('read', 'test://greeting')).toMatchObject({ code: 0, stdout: 'Hello.\n' });
    expect(await mcpHub('prompt', 'twin-1/greet', 'who=Ada')).toMatchObject({ code: 0, stdout: 'user:\nGreet Ada.\n' });
  });

  it('carry the headers that a tool declares', async () => {
    expect(await mcpHub('call', 'modern__routed', 'region=Köln')).toMatchObject({ code: 0, stdout: expect.stringContaining('Köln') });
    const { headers } = modern.seen.findLast(({ body }) => body['method'] === 'tools/call') ?? {};
    expect(headers).toMatchObject({ 'mcp-param-region': '=?base64?S8O2bG4=?=' });
  });

  it('end with 4 when the tool failed, and print JSON alone with --json', async () => {
    const { code, stdout, stderr } = await mcpHub('call', 'every/get-sum', 'a:="x"', 'b=1', '--json');
    expect({ code, stderr, isError: JSON.parse(stdout).isError }).toEqual({ code: 4, stderr: '', isError: true });
  });

  it('tell of progress on a terminal only', async () => {
    const call = ['call', 'every/trigger-long-running-operation', 'duration=1', 'steps=4'];
    const plain = await mcpHub(...call);
    expect(plain).toMatchObject({ code: 0, stdout: expect.stringContaining('Steps: 4'), stderr: '' });
    if (!hasTerminals) return;
    const { code, screen } = await onTerminal(call);
    expect(code, screen).toBe(0);
    const [shown, ...lines] = screen.split('\r\u001B[2K').reverse();
    expect(shown).toMatch(/^Long running/);
    expect(lines.join('\n')).toMatch(/^\d+% {2}\d\/4/m);
  });

  it('are cancelled by SIGINT, up to the server', async () => {
    const { ended, interrupt } = start(['call', 'hangs/hang']);
    await eventually(async () => expect(await facts()).toContain('{"hangs":true}'));
    interrupt();
    expect(await ended).toEqual({ code: 130, stdout: '', stderr: '' });
    await eventually(async () => expect((await facts()).join()).toContain('"cancelled"'));
  });
});

describe('questions of a server', () => {
  const properties = {
    name: { type: 'string', minLength: 2 },
    age: { type: 'integer' },
    size: { type: 'string', enum: ['small', 'large'] },
    sure: { type: 'boolean' },
  };
  const form = { message: 'Who is it?', requestedSchema: { type: 'object', properties, required: Object.keys(properties) } };
  const visit = { mode: 'url', message: 'Log in first.', url: 'https://example.org/login', elicitationId: 'e' };
  const asking = (...questions: readonly object[]): string =>
    JSON.stringify({ rounds: questions.map((params) => [{ method: 'elicitation/create', params }]) });

  it('are an error that tells them where nobody can be asked', async () => {
    const plain = await mcpHub('call', 'asks/ask', asking(form));
    expect(plain).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('"Who is it?" (name: text; age: integer;') });
    const json = await mcpHub('call', 'asks/ask', asking(form), '--json');
    expect(json).toMatchObject({ code: 3, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ code: 'INPUT_NOT_GIVEN' });
  });

  it('about roots are answered without anybody', async () => {
    const { code, stdout } = await mcpHub('call', 'asks/ask', JSON.stringify({ rounds: [[{ method: 'roots/list' }]] }));
    expect({ code, answers: JSON.parse(stdout) }).toEqual({ code: 0, answers: [[{ result: { roots: [] } }]] });
  });

  it.runIf(hasTerminals)('are answered on a terminal, round after round', async () => {
    const { code, screen } = await onTerminal(
      ['call', 'asks/ask', asking(form, visit)],
      [
        ['Do you want to answer?', '\r'],
        ['name', 'A\r'],
        ['at least 2', 'da\r'],
        ['age', '36\r'],
        ['size', '\u001B[B\r'],
        ['sure', '\r'],
        ['https://example.org/login', '\r'],
      ],
    );
    expect(code, screen).toBe(0);
    const content = { name: 'Ada', age: 36, size: 'large', sure: true };
    const [answer = ''] = /\[\[\{.*\}\]\]/.exec(screen) ?? [];
    expect(JSON.parse(answer)).toEqual([[{ result: { action: 'accept', content } }], [{ result: { action: 'accept' } }]]);
  });

  it.runIf(hasTerminals)('can be declined', async () => {
    const { code, screen } = await onTerminal(['call', 'asks/ask', asking(form)], [['Do you want to answer?', '\u001B[B\r']]);
    expect(code, screen).toBe(0);
    expect(screen).toContain('[[{"result":{"action":"decline"}}]]');
  });

  it.runIf(hasTerminals)('can be stopped by Ctrl-C, and so can the call after them', async () => {
    const one = await onTerminal(['call', 'asks/ask', asking(form)], [['Do you want to answer?', '\u0003']]);
    expect(one.code, one.screen).toBe(130);
    expect(one.screen).toContain('cancelled');
    const before = (await facts()).length;
    const question = JSON.stringify({ question: { method: 'elicitation/create', params: { message: 'Sure?' } } });
    const two = await onTerminal(
      ['call', 'stuck/ask_and_hang', question],
      [
        ['Do you want to answer?', '\r'],
        // The cursor comes back when the question is closed.
        ['\u001B[?25h', '\u0003'],
      ],
    );
    expect(two.code, two.screen).toBe(130);
    await eventually(async () => expect((await facts()).slice(before).join()).toContain('"cancelled"'));
  });
});
