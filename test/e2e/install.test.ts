import { spawn } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, environment, HUB_BIN, healthOf, makeFolder, settled, startHub } from '../support/hub-process.ts';
import { officialRegistry, sendJson, TestHttp } from '../support/registries.ts';
import { type Answer, hasTerminals, runOnTerminal } from '../support/terminal.ts';

const BEFORE = `// all my servers
{
  "mcpServers": {
    "old": { "command": "true", "disabled": true }, // stays
  },
}
`;
const ECHO = {
  id: 'echo-server',
  name: 'Echo',
  description: 'Says what it hears',
  author: 'somebody',
  url: '',
  category: 'test',
  tags: ['echo'],
  installations: [
    {
      name: 'Node',
      config: JSON.stringify({ command: process.execPath, args: ['${SCRIPT}'], env: { API_KEY: '${API_KEY}', MODE: '${MODE}' } }),
      parameters: [
        { name: 'Script', key: 'SCRIPT' },
        { name: 'Key', key: 'API_KEY' },
        { name: 'Mode', key: 'MODE', required: false, choices: ['fast', 'slow'] },
      ],
    },
  ],
};
const REMOTE = {
  name: 'io.github.example/remote',
  description: 'Somewhere',
  version: '1.0.0',
  remotes: [
    { type: 'streamable-http', url: 'https://mcp.example.com/mcp', headers: [{ name: 'X-Key', isRequired: true, isSecret: true }] },
  ],
  packages: [{ registryType: 'npm', identifier: '@example/remote', version: '1.0.0', transport: { type: 'stdio' } }],
};

let community: TestHttp;
let official: TestHttp;
let folder: string;
let file: string;

beforeAll(async () => {
  community = await new TestHttp((req, res) => sendJson(req, res, { servers: [ECHO] })).start();
  official = await new TestHttp(officialRegistry([REMOTE], 100)).start();
});
afterAll(() => Promise.all([community.stop(), official.stop()]));
beforeEach(async () => {
  folder = await makeFolder();
  file = join(folder, 'servers.json');
  await writeFile(file, BEFORE);
});
afterEach(endHubs);

const variables = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...environment(folder),
  MCP_HUB_REGISTRY_URL: `${community.url}/registry.json`,
  MCP_HUB_OFFICIAL_REGISTRY_URL: official.url,
  MCP_HUB_README_URL: '',
  ...more,
});

/** Runs the command without a terminal. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [HUB_BIN, ...args], { cwd: folder, env: variables(env), stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}

const given = ['--config', 'servers.json', '--input', `SCRIPT=${fixtureServer('echo')}`];

describe('mcp-hub install', () => {
  it('writes an entry that a hub can start, and keeps the rest of the file', async () => {
    const { code, out, err } = await run(['install', 'echo-server', ...given], { API_KEY: 'from-outside' });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Added echo-server (Node) to servers.json.');
    const text = await readFile(file, 'utf8');
    expect(text).toContain('// all my servers');
    expect(text).toContain('// stays');
    expect(text).toContain('${env:API_KEY}');
    const hub = await startHub({ args: ['--config', file], env: { API_KEY: 'from-outside' } });
    await settled(hub);
    const { servers } = await healthOf(hub);
    expect(servers.find(({ name }) => name === 'echo-server')).toMatchObject({ status: 'connected' });
  });

  it('goes through the hub that runs on the config, which starts the server at once', async () => {
    const hub = await startHub({
      args: ['--config', file],
      env: { HOME: join(folder, 'home'), XDG_STATE_HOME: join(folder, 'home/state'), API_KEY: 'k' },
    });
    await settled(hub);
    const { code, out } = await run(['install', 'echo-server', ...given, '--json'], { API_KEY: 'k' });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ name: 'echo-server', server: { status: 'connected' } });
    expect((await healthOf(hub)).servers).toContainEqual(expect.objectContaining({ name: 'echo-server', status: 'connected' }));
    expect(await readFile(file, 'utf8')).toContain('// stays');
  });

  it('tells everything that is missing, and writes nothing', async () => {
    const { code, err } = await run(['install', 'echo-server', '--yes', '--config', 'servers.json']);
    expect(code).toBe(1);
    expect(err).toMatch(/--input SCRIPT=.*\n.*--input API_KEY=/);
    expect(await readFile(file, 'utf8')).toBe(BEFORE);
  });

  it('shows entry and change with --dry-run, and no secret', async () => {
    const { code, out } = await run(['install', 'echo-server', ...given, '--input', 'API_KEY=hunter2', '--dry-run', '--name', 'e']);
    expect(code).toBe(0);
    expect(out).toContain('"e": {');
    expect(out).toMatch(/^\+ +"e": \{/m);
    expect(out).not.toContain('hunter2');
    expect(await readFile(file, 'utf8')).toBe(BEFORE);
  });

  it('warns of a secret in a file that others can read', async () => {
    await chmod(file, 0o644);
    const { code, err } = await run(['install', 'echo-server', ...given, '--input', 'API_KEY=hunter2']);
    expect(code).toBe(0);
    expect(err).toContain(`chmod 600 ${file}`);
    expect(await readFile(file, 'utf8')).toContain('hunter2');
  });

  it('takes what the official registry has, by its way of running, as JSON', async () => {
    const name = 'io.github.example/remote';
    const remote = await run(['install', name, '--config', 'servers.json', '--input', 'X_KEY=k', '--installation', 'remote', '--json']);
    expect(JSON.parse(remote.out)).toMatchObject({
      name: 'remote',
      installation: 'Remote',
      entry: { type: 'streamable-http', url: 'https://mcp.example.com/mcp', headers: { 'X-Key': '[redacted]' } },
    });
    const none = await run(['install', name, '--config', 'servers.json', '--installation', 'npx', '--name', 'remote']);
    expect(none.code).not.toBe(0);
    const local = await run(['install', name, '--config', 'servers.json', '--installation', 'npx', '--name', 'local'], {
      PATH: '/nowhere',
    });
    expect(local.err).toContain('npx is not on the PATH');
    expect(await readFile(file, 'utf8')).toContain('"@example/remote@1.0.0"');
  });

  it('names the nearest id for one that is unknown', async () => {
    const { code, err } = await run(['install', 'echo-servr', '--config', 'servers.json']);
    expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining('Did you mean echo-server?') });
  });
});

describe.runIf(hasTerminals)('on a terminal', () => {
  const dialogue = (args: readonly string[], answers: readonly Answer[]) =>
    runOnTerminal([process.execPath, HUB_BIN, ...args], { cwd: folder, env: variables(), answers });

  it('asks for what is needed, hides secrets, and writes after a yes', async () => {
    const { code, screen } = await dialogue(
      ['install', 'echo-server', '--config', 'servers.json'],
      [
        ['Script', `${fixtureServer('echo')}\r`],
        ['Where does Key come from?', '\r'],
        ['Key (API_KEY)', 'hunter2\r'],
        ['Mode', '\u001B[B\u001B[B\r'],
        ['Under which name?', '\r'],
        ['Write this to', 'y'],
      ],
    );
    expect(code, screen).toBe(0);
    expect(screen).not.toContain('hunter2');
    const text = await readFile(file, 'utf8');
    expect(text).toContain('"API_KEY": "hunter2"');
    expect(text).toContain('"MODE": "slow"');
    expect(text).toContain('"echo-server"');
  });

  it('writes nothing when the person does not go on', async () => {
    const { code, screen } = await dialogue(['install', 'echo-server', '--config', 'servers.json'], [['Script', '\u0003']]);
    expect(code, screen).toBe(130);
    expect(screen).toContain('Nothing was installed.');
    expect(await readFile(file, 'utf8')).toBe(BEFORE);
  });
});

describe('mcp-hub search', () => {
  it('finds servers by words, also as JSON', async () => {
    const { out } = await run(['search', 'hears']);
    expect(out).toContain('echo-server');
    expect(out).not.toContain('remote');
    const json: unknown = JSON.parse((await run(['search', '--json'])).out);
    expect(json).toMatchObject({ total: 2, servers: expect.arrayContaining([ECHO]) });
  });

  it('says what is wrong when no registry can be had', async () => {
    const gone = await new TestHttp(() => {}).start();
    await gone.stop();
    const { code, err } = await run(['search'], { MCP_HUB_REGISTRY_URL: `${gone.url}/r.json`, MCP_HUB_OFFICIAL_REGISTRY_URL: 'off' });
    expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining('ECONNREFUSED') });
  });
});
