import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, environment, makeFolder, PROJECT, startHub } from '../support/hub-process.ts';
import { sdk1, sdk2 } from '../support/mcp-clients.ts';

const run = promisify(execFile);

let env: Record<string, string>;
let installed: string;
let bin: string;

beforeAll(async () => {
  const folder = await makeFolder();
  env = { ...environment(folder), npm_config_update_notifier: 'false' };
  // Without the scripts: the build that they would run has been made, and other tests use it.
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: PROJECT, env });
  const elsewhere = join(folder, 'elsewhere');
  await mkdir(elsewhere);
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--prefix', elsewhere, join(folder, stdout.trim())];
  await run('npm', install, { cwd: elsewhere, env });
  installed = join(elsewhere, 'node_modules/mcp-hub');
  bin = join(elsewhere, 'node_modules/.bin/mcp-hub');
});

afterAll(() => endHubs());

describe('the package', () => {
  it('holds what runs and what a person should read, and nothing else', async () => {
    const top = await readdir(installed);
    expect(top).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'bin', 'dist', 'package.json']));
    const allowed = ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'package.json', 'schema'];
    expect(top.filter((name) => !allowed.includes(name))).toEqual([]);
    const files = await readdir(installed, { recursive: true });
    expect(files.filter((name) => /\.(?:map|ts|tsbuildinfo)$|test|node_modules/.test(name))).toEqual([]);
  });

  it('needs no other package', async () => {
    const packages = (await readdir(join(installed, '..'))).filter((name) => !name.startsWith('.'));
    expect(packages).toEqual(['mcp-hub']);
  });

  it('prints its version from its bin', async () => {
    const { stdout } = await run(bin, ['--version'], { env });
    expect(stdout.split('\n')[0]).toMatch(/^4\.\d+\.\d+$/);
  });

  it('runs a hub from its bin, for clients of every era', async () => {
    const echo = { command: process.execPath, args: [fixtureServer('echo')] };
    const hub = await startHub({ bin, config: { mcpServers: { echo } } });
    const clients = await Promise.all([sdk1.http(hub.url), sdk1.sse(`${hub.origin}/sse`), sdk2.legacy(hub.url), sdk2.modern(hub.url)]);
    for (const client of clients) {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(['echo__echo', 'echo__add', 'echo__env-peek']);
      await client.close();
    }
    expect(await hub.stop('SIGINT')).toEqual({ code: 0, signal: null });
  });
});
