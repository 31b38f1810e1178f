import { spawnSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BASH } from '../../src/cli/commands/completion.ts';
import { commandLine, type CommandLine } from '../support/command-line.ts';
import { type ManagementServer, serveManagement } from '../support/management-server.ts';

let cli: CommandLine;
let [one, two]: ManagementServer[] = [];

beforeAll(async () => {
  [cli, one, two] = await Promise.all([commandLine(), serveManagement(), serveManagement()]);
  await mkdir(join(cli.folder, 'inner/most'), { recursive: true });
  await writeFile(join(cli.folder, 'a.json'), '{}');
  await symlink(join(cli.folder, 'a.json'), join(cli.folder, 'link.json'));
});
afterAll(() => Promise.all([cli.remove(), one?.close(), two?.close()]));

const ports = (): [number, number] => [one?.port ?? 0, two?.port ?? 0];

/** The port of the hub that a command takes, or what it says. */
async function chosen(cwd: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await cli.runWith({ cwd }, 'status', '--json', ...args);
  const answer: unknown = JSON.parse(stdout);
  return Object(answer).port ?? Object(answer).error;
}

describe('the hub that a command takes', () => {
  it('is that of the folder, or of the nearest one above it', async () => {
    const [first, second] = ports();
    await cli.list({ port: first, cwd: cli.folder }, { port: second, cwd: join(cli.folder, 'inner') });
    expect(await chosen(cli.folder)).toBe(first);
    expect(await chosen(join(cli.folder, 'inner'))).toBe(second);
    expect(await chosen(join(cli.folder, 'inner/most'))).toBe(second);
    expect(await chosen('/')).toMatch(
      new RegExp(`^Several hubs run; say which one with --port:\n.*--port ${Math.min(...ports())}, started in `),
    );
  });

  it('is the one that is named', async () => {
    const [first, second] = ports();
    await cli.list({ port: first, config_files: ['a.json'] }, { port: second, config_files: ['a.json', 'b.json'] });
    expect(await chosen(cli.folder, '--port', String(second))).toBe(second);
    expect(await chosen(cli.folder, '--hub', `http://localhost:${second}/mcp`)).toBe(second);
    expect(await chosen(cli.folder, '--config', 'link.json')).toBe(first);
    expect(await chosen(join(cli.folder, 'inner'), '--config', '../a.json', '--config', '../b.json')).toBe(second);
    expect(await chosen(cli.folder, '--config', 'b.json', '--config', 'a.json')).toBe(
      'No hub of b.json, a.json runs. Start one with "mcp-hub --config b.json --config a.json".',
    );
  });

  it('is the only one, wherever it was started; one that does not answer or is another process is none', async () => {
    const [first, second] = ports();
    await cli.list({ port: first, cwd: '/elsewhere' }, { port: 1, cwd: cli.folder }, { port: second, pid: process.ppid });
    expect(await chosen(cli.folder)).toBe(first);
  });

  it.each([
    [['--port', 'x'], '--port "x" cannot be used'],
    [['--hub', 'localhost:3'], '--hub "localhost:3" cannot be used'],
    [['--hub', 'http://127.0.0.1:1'], 'No hub answers at http://127.0.0.1:1.'],
  ])('is none for %j', async (args, words) => {
    expect(await chosen(cli.folder, ...args)).toContain(words);
  });

  it('is asked directly, whatever proxy the environment names', async () => {
    const [first] = ports();
    await cli.list({ port: first });
    const env = { http_proxy: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1', NODE_USE_ENV_PROXY: '1' };
    expect(await cli.runWith({ env }, 'status')).toMatchObject({ code: 0 });
  });
});

describe('completion', () => {
  const complete = async (...words: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await cli.run('__complete', '--', ...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.split('\n').filter((line) => line !== '');
  };

  it('knows commands and options without a hub, and is silent about the rest', async () => {
    await cli.list();
    expect(await complete('sta')).toEqual(['status', 'start']);
    expect(await complete('--auto')).toEqual(['--auto-shutdown']);
    expect(await complete('logs', '--f')).toEqual(['--follow']);
    expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await complete('events', '--only', 'sub')).toEqual(['subscription_event']);
    expect(await complete('start', '', '--port', '1')).toEqual([]);
    expect(await complete('call', '--port', '1', '')).toEqual([]);
  });

  it('asks the hub for servers, tools, prompts and resources', async () => {
    await cli.list({ port: ports()[0] });
    expect(await complete('restart', 'c')).toEqual(['calc']);
    expect(await complete('servers', 'o')).toEqual(['off']);
    expect(await complete('tools', '--server', 'b')).toEqual(['broken']);
    expect(await complete('call', 'calc__')).toEqual(['calc__add', 'calc__show']);
    expect(await complete('prompt', '')).toEqual(['calc__greet']);
    expect(await complete('read', 'note')).toEqual(['note://one']);
    expect(await complete('call', 'calc__add', '')).toEqual([]);
  });

  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const { code, stdout } = await cli.run('completion', shell);
    expect(code).toBe(0);
    expect(stdout).toContain('mcp-hub __complete -- ');
  });

  it('gives bash the whole words, which it would cut at ":" and "="', () => {
    const stub = `mcp-hub() { [ "$1" = completion ] && return; shift 2; printf '%s\\n' "\${@: -1}1" "\${@: -1}2"; }`;
    const line = 'mcp-hub read --server a file://x=';
    const script = `${stub}\n${BASH}\nCOMP_LINE='${line}' COMP_POINT=${line.length} _mcp_hub; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(spawnSync('bash', ['-c', script], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '1\n2\n', stderr: '' });
  });

  it('refuses another shell', async () => {
    expect(await cli.run('completion', 'cmd')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('bash, zsh, fish') });
  });
});
