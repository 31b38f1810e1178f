import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, environment, makeFolder, PROJECT, startHub } from '../support/hub-process.ts';
import { sdk1, sdk2 } from '../support/mcp-clients.ts';

const run = promisify(execFile);

let env: Record<string, string>;
let installed: string;
let bin: string;
let tarball: string;

/** Every file of the package: what a person reads and messages refer to, the command, its schema, and what the bundler writes. */
const ALLOWED: readonly RegExp[] = [
  /^(?:LICENSE|(?:README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|package\.json)$/,
  /^bin\/mcp-hub\.js$/,
  /^docs\/(?:adr\/)?[\w-]+\.md$/,
  /^docs\/openapi\.json$/,
  /^docs\/performance\/(?:[\w-]+\.svg|figures\.json)$/,
  /^examples\/(?:service\/mcp-hub\.(?:plist|service)|[\w-]+\.json)$/,
  /^schema\/mcp-servers\.schema\.json$/,
  /^dist\/main\.js$/,
  /^dist\/THIRD-PARTY-LICENSES\.txt$/,
  /^dist\/serving\/(?:compiled-code|hub|hub-room|serve|start-serving)\.js$/,
  /^dist\/serving\/hub\.cjs$/,
  /^dist\/(?:serving\/)?[\w.-]+-[A-Z0-9]{8}\.js$/,
];
/** Most that the tarball, and what comes out of it, may take, in bytes. Now 1.9 and 8.9 million. */
const MAX_PACKED = 2_500_000;
const MAX_UNPACKED = 10_000_000;

/** Installs the tarball into an empty folder of that name, from what is on this machine. */
async function install(folder: string, ...options: readonly string[]): Promise<string> {
  await mkdir(folder);
  const common = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder];
  await run('npm', [...common, ...options, tarball], { cwd: folder, env });
  return join(folder, 'node_modules');
}

beforeAll(async () => {
  const folder = await makeFolder();
  env = { ...environment(folder), npm_config_update_notifier: 'false' };
  // Without the scripts: the build that they would run has been made, and other tests use it.
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: PROJECT, env });
  tarball = join(folder, stdout.trim());
  const modules = await install(join(folder, 'elsewhere'), '--omit=optional');
  installed = join(modules, 'mcp-hub');
  bin = join(modules, '.bin/mcp-hub');
});

afterAll(() => endHubs());

describe('the package', () => {
  it('holds what runs and what a person should read, and nothing else', async () => {
    const top = await readdir(installed);
    expect(top).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'bin', 'dist', 'package.json']));
    const pages = ['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md'];
    const allowed = [...pages, 'bin', 'dist', 'docs', 'examples', 'package.json', 'schema'];
    expect(top.filter((name) => !allowed.includes(name))).toEqual([]);
    const files = await readdir(installed, { recursive: true });
    expect(files.filter((name) => /\.(?:map|ts|tsbuildinfo)$|test|node_modules/.test(name))).toEqual([]);
  });

  it('is a list of known files, and not large', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: PROJECT, env });
    const [packed] = JSON.parse(stdout) as { size: number; unpackedSize: number; files: { path: string }[] }[];
    const paths = packed?.files.map(({ path }) => path) ?? [];
    expect(paths).toContain('dist/main.js');
    expect(paths.filter((path) => !ALLOWED.some((allowed) => allowed.test(path)))).toEqual([]);
    expect(packed?.size).toBeLessThan(MAX_PACKED);
    expect(packed?.unpackedSize).toBeLessThan(MAX_UNPACKED);
    expect((await stat(tarball)).size).toBeLessThan(MAX_PACKED);
  });

  it('has everything that its pages lead to', async () => {
    const files = await readdir(installed, { recursive: true });
    const missing: string[] = [];
    for (const page of files.filter((name) => name.endsWith('.md'))) {
      const text = await readFile(join(installed, page), 'utf8');
      const links = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link));
      for (const link of links)
        if (!files.includes(normalize(join(dirname(page), link)).replace(/\/$/, ''))) missing.push(`${page}: ${link}`);
    }
    expect(missing).toEqual([]);
  });

  it('tells nothing of where it was built: no source map, no path of that machine', async () => {
    const files = (await readdir(installed, { recursive: true })).filter((name) => /\.(?:js|json|txt|md)$/.test(name));
    expect(files.length).toBeGreaterThan(10);
    const telling = [PROJECT.replace(/\/$/, ''), homedir() === '/' ? '/nowhere' : `${homedir()}/`, '//# sourceMappingURL='];
    for (const file of files) {
      const text = await readFile(join(installed, file), 'utf8');
      expect(
        telling.filter((one) => text.includes(one)),
        file,
      ).toEqual([]);
    }
  });

  it('runs no script when a user installs it', async () => {
    const { scripts = {}, dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
      scripts?: Record<string, string>;
      dependencies?: Record<string, string>;
    };
    const atInstall = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare', 'prepublish'];
    expect(Object.keys(scripts).filter((name) => atInstall.includes(name))).toEqual([]);
    // npm runs node-gyp by itself where this file lies.
    expect(await readdir(installed)).not.toContain('binding.gyp');
    expect(dependencies).toBeUndefined();
  });

  it('needs no other package when the optional one is left out', async () => {
    const packages = (await readdir(join(installed, '..'))).filter((name) => !name.startsWith('.'));
    expect(packages).toEqual(['mcp-hub']);
  });

  it('prints its version from its bin', async () => {
    const { stdout } = await run(bin, ['--version'], { env });
    expect(stdout.split('\n')[0]).toMatch(/^4\.\d+\.\d+$/);
  });

  it('prints it as well when the optional package was asked for, whether it could be had or not', async () => {
    const modules = await install(join(env['HOME'] ?? '', '..', 'with-optional'));
    const { stdout } = await run(join(modules, '.bin/mcp-hub'), ['--version'], { env });
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
