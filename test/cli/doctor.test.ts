import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFinding, proxyFinding } from '../../src/cli/doctor/machine-findings.ts';
import { placeField } from '../../src/cli/field-place.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type ManagementServer, serveManagement } from '../support/management-server.ts';

describe('nodeFinding', () => {
  it.each([
    ['18.20.0', 'fail'],
    ['20.18.9', 'fail'],
    ['20.19.0', 'ok'],
    ['22.0.0', 'ok'],
  ])('%s: %s', (version, level) => expect(nodeFinding(version).level).toBe(level));
});

describe('proxyFinding', () => {
  it.each([
    [{}, 'ok'],
    [{ HTTP_PROXY: 'http://p' }, 'warn'],
    [{ https_proxy: 'http://p', no_proxy: 'localhost' }, 'warn'],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: 'example.com, localhost,127.0.0.1:80' }, 'ok'],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: '*' }, 'ok'],
  ])('%j: %s', (env, level) => expect(proxyFinding(env).level).toBe(level));

  it('tells no password', () => {
    expect(JSON.stringify(proxyFinding({ HTTP_PROXY: 'http://me:s3cr3t@p' }))).not.toContain('s3cr3t');
  });
});

describe('placeField', () => {
  const text = '{\n  "servers": {\n    "a": {\n      "args": ["x",\n        "y"],\n      "env": { "A.B": "z" }\n    }\n  }\n}';
  it.each([
    ['args[1]', 5, 9, 'servers.a.args[1]'],
    ['env.A.B', 6, 23, 'servers.a.env.A.B'],
    ['url', 3, 10, 'servers.a.url'],
    ['', 3, 10, 'servers.a'],
  ])('%s', (field, line, column, keyPath) => {
    expect(placeField({ file: 'f', text, serverId: 'a', field, message: 'm' })).toMatchObject({ line, column, keyPath });
  });

  it('points at the beginning where the text does not have the server, or is broken', () => {
    for (const other of [text.replace('"a"', '"b"'), '{']) {
      expect(placeField({ file: 'f', text: other, serverId: 'a', field: 'url', message: 'm' })).toMatchObject({ line: 1, column: 1 });
    }
  });
});

describe('doctor beside hubs that run', () => {
  let cli: CommandLine;
  const hubs: ManagementServer[] = [];
  beforeEach(async () => {
    cli = await commandLine();
  });
  afterEach(async () => {
    await Promise.all([cli.remove(), ...hubs.splice(0).map((hub) => hub.close())]);
  });

  async function hubWith(...servers: readonly object[]): Promise<ManagementServer> {
    const hub = await serveManagement({ 'GET /api/servers': { servers } });
    hubs.push(hub);
    return hub;
  }

  async function findings(area: string, options: { readonly cwd?: string } = {}): Promise<readonly Record<string, string>[]> {
    const { stdout } = await cli.runWith(options, 'doctor', '--json');
    const all: Record<string, string>[] = JSON.parse(stdout).findings;
    return all.filter((finding) => finding['area'] === area);
  }

  it('tells which servers do not run as they should, why, and what to do', async () => {
    const started = { lastStarted: '2026-01-01T10:00:00.000Z' };
    const [earlier, later] = ['2026-01-01T09:00:00.000Z', '2026-01-01T11:00:00.000Z'].map((at) => ({ message: 'Server "x" broke.', at }));
    const hub = await hubWith(
      { name: 'good', status: 'connected', error: null, ...started, lastError: earlier },
      { name: 'off', status: 'disabled', error: null },
      { name: 'lazy', status: 'disconnected', error: null, stopReason: 'lazy', stale: true },
      { name: 'broken', status: 'disconnected', error: 'Server "broken" exited with code 1. Its last output was:\nNo such file' },
      { name: 'tried', status: 'disconnected', error: 'It broke.', nextRetryAt: '2026-01-01T12:00:00.000Z' },
      { name: 'shut', status: 'unauthorized', error: 'It wants a login.' },
      { name: 'slow', status: 'connected', error: null, degraded: true, degradedReason: 'It did not answer three pings.' },
      { name: 'x', status: 'connected', error: null, ...started, lastError: later },
      {
        name: 'z',
        status: 'connected',
        error: null,
        ...started,
        lastError: { message: 'Server "z": tools/list failed: no answer.', at: later?.at },
        notes: ['tools/list failed: no answer; it is asked for again by itself, and what was known of the list stays'],
      },
      { name: 'y', status: 'connected', error: null, ...started, lastError: later, outdated: { reason: 'Server "y" broke.' } },
    );
    await cli.list({ port: hub.port });
    const found = await findings('server');
    expect(found.map(({ level, text }) => `${level} ${text}`)).toEqual([
      'fail broken: exited with code 1. Its last output was:\nNo such file',
      'fail tried: It broke.',
      'warn shut: it needs a login.',
      'warn slow: It did not answer three pings.',
      'warn x: it goes on as it was. broke.',
      'warn z: tools/list failed: no answer; it is asked for again by itself, and what was known of the list stays.',
      'warn y: still the old entry; the new one: broke.',
    ]);
    const remedies = [
      'mcp-hub start broken',
      'by itself',
      'mcp-hub auth shut',
      'mcp-hub restart slow',
      'mcp-hub restart x',
      'for the server itself to mend',
      'mcp-hub reload',
    ];
    expect(found.map(({ remedy = '' }, at) => remedy.includes(remedies[at] ?? '?'))).toEqual(remedies.map(() => true));
    const { code, stdout } = await cli.run('doctor');
    expect(code).toBe(1);
    expect(stdout).toContain('\n                No such file\n');
  });

  it('takes the config and the servers of the hub of the folder', async () => {
    const [mine, other] = [await hubWith({ name: 'a', status: 'connected', error: null }), await hubWith()];
    const below = join(cli.folder, 'below');
    await mkdir(below);
    await writeFile(join(cli.folder, 'mine.json'), '{ "mcpServers": {} }', { mode: 0o600 });
    await cli.list(
      { port: mine.port, config_files: ['mine.json'] },
      { port: other.port, cwd: '/elsewhere', config_files: ['/other.json'] },
    );
    expect(await findings('config', { cwd: below })).toEqual([{ area: 'config', level: 'ok', text: 'mine.json' }]);
    expect(await findings('server', { cwd: below })).toEqual([
      { area: 'server', level: 'ok', text: '1 server in the hub that runs, and nothing is wrong.' },
    ]);
    const { stdout } = await cli.runWith({ cwd: below }, 'doctor', '--port', '1');
    expect(stdout).toMatch(/^ok {4}config {3}mine\.json$/m);
    expect(await findings('server', { cwd: cli.stateDir })).toMatchObject([
      { level: 'warn', text: expect.stringMatching(/^Several hubs run/) },
    ]);
  });

  it('does not call a client connected to where no hub answers', async () => {
    const [hub, nobody] = [await hubWith(), await hubWith()];
    await nobody.close();
    hubs.pop();
    const connect = (port: number) =>
      writeFile(
        join(cli.folder, '.mcp.json'),
        JSON.stringify({ mcpServers: { Hub: { type: 'http', url: `http://localhost:${port}/mcp` } } }),
      );
    await connect(nobody.port);
    await cli.list({ port: hub.port });
    const [far] = await findings('client');
    expect(far).toMatchObject({ level: 'warn', text: expect.stringContaining(`no hub answers at http://localhost:${nobody.port}/mcp`) });
    expect(far?.['remedy']).toContain(`"mcp-hub connect claude-code --port ${hub.port}"`);
    await connect(hub.port);
    expect(await findings('client')).toMatchObject([{ level: 'ok' }]);
    await cli.list();
    expect(await findings('client')).toMatchObject([{ level: 'ok', text: expect.not.stringContaining('no hub') }]);
    await connect(nobody.port);
    expect(await findings('client')).toMatchObject([{ level: 'warn', remedy: expect.stringContaining(`mcp-hub --port ${nobody.port}`) }]);
    const { stdout } = await cli.run('doctor', '--port', String(nobody.port));
    expect(stdout).toMatch(/^ok {4}client .*no hub runs at http.* now/m);
  });
});
