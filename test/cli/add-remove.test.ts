import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { memberOf } from '../../src/cli/json.ts';
import { commandLine, type CommandLine, type CommandRun } from '../support/command-line.ts';
import { type ManagementServer, serveManagement, withOtherAnswer } from '../support/management-server.ts';

let cli: CommandLine;
let hub: ManagementServer;

beforeAll(async () => {
  [cli, hub] = await Promise.all([commandLine(), serveManagement()]);
});
beforeEach(() => cli.list({ port: hub.port, config_files: ['servers.json'] }));
afterAll(() => Promise.all([cli.remove(), hub.close()]));

const lastRequest = () => hub.requests.at(-1);

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
    expect((await own('remove', 'b', '--dry-run')).stdout).toMatch(/^-.*"b"/m);
    expect((await own('disable', 'a')).stdout).toContain('No hub of this config runs.');
    const text = await readFile(file, 'utf8');
    for (const part of ['// mine', '// first', '"disabled": true', '"X-Key": "${KEY}"']) expect(text).toContain(part);
    expect(await own('add', 'a', '--', 'x')).toMatchObject({ code: 3, stderr: expect.stringContaining('already') });
    expect(await own('remove', 'c')).toMatchObject({ code: 3, stderr: expect.stringContaining('"c"') });
    await own('enable', 'a');
    expect((await own('remove', 'b')).stdout).toBe('Server "b" is out of own.json. No hub of this config runs.\n');
    expect(await readFile(file, 'utf8')).toBe('{\n  // mine\n  "mcpServers": {\n    "a": { "command": "a" } // first\n  }\n}\n');
  });

  it('change the file also where no lock can be kept, and say what that means', async () => {
    const state = join(cli.folder, 'other-state');
    await mkdir(join(state, 'mcp-hub'), { recursive: true });
    await writeFile(join(state, 'mcp-hub', 'locks'), 'no folder');
    const add = await cli.runWith({ env: { XDG_STATE_HOME: state } }, 'add', 'b', '--config', 'lone.json', '--', 'x');
    expect(add).toMatchObject({ code: 0, stderr: expect.stringMatching(/^warning: lone\.json is changed without a lock, .+\n$/) });
    expect(await readFile(join(cli.folder, 'lone.json'), 'utf8')).toContain('"b"');
  });

  it('end with 3 and the reason where the server is written and does not start', async () => {
    const server = { name: 'new', status: 'disconnected', error: 'Server "new" exited with code 1.' };
    await withOtherAnswer(cli, 'POST /api/servers', { status: 'ok', dryRun: false, file: 'servers.json', diff: '', server }, async () => {
      const text = await cli.run('add', 'new', '--', 'x');
      expect(text).toEqual({ code: 3, stdout: 'Server "new" stands in servers.json.\n', stderr: 'error: new: exited with code 1.\n' });
      const { code, stdout, stderr } = await cli.run('add', 'new', '--json', '--', 'x');
      expect({ code, stderr }).toEqual({ code: 3, stderr: text.stderr });
      expect(JSON.parse(stdout)).toEqual({ file: 'servers.json', diff: '', dryRun: false, server });
    });
  });

  it('run a command that names files from here in this folder', async () => {
    const [here, sub] = [await realpath(cli.folder), join(await realpath(cli.folder), 'sub')];
    await mkdir(sub);
    await writeFile(join(sub, 'there.mjs'), '');
    const added = async (cwd: string, ...args: readonly string[]): Promise<unknown> => {
      const { code, stderr } = await cli.runWith({ cwd }, 'add', 'new', ...args);
      expect(code).toBe(0);
      const folder = memberOf(memberOf(lastRequest()?.body, 'config'), 'cwd');
      expect(stderr).toBe(
        folder === undefined ? '' : `note: it is to run in ${String(folder)}, because the command names files from there.\n`,
      );
      return folder;
    };
    await cli.list({ port: hub.port });
    expect(await added(sub, '--', 'node', './m.js')).toBe(sub);
    expect(await added(sub, '--', 'node', 'there.mjs')).toBe(sub);
    expect(await added(sub, '--', 'bin/server')).toBe(sub);
    expect(await added(sub, '--cwd', 'deep', '--', 'node', 'x')).toBe(join(sub, 'deep'));
    expect(await added(sub, '--', 'npx', '-y', 'thing')).toBeUndefined();
    expect(await added(sub, '--', 'node', '/tmp/m.js')).toBeUndefined();
    expect(await added(here, '--', 'node', './m.js')).toBeUndefined();
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
