import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, environment, freePort, makeFolder } from '../support/hub-process.ts';
import { type Follower, NvimPlugin, shapes, type SpawnedHub } from '../support/nvim-plugin.ts';
import { isRunning } from '../support/processes.ts';
import { sendJson, TestHttp } from '../support/registries.ts';

const DELAY_MS = 1_000;
const CATALOG_ENTRY = {
  id: 'ada/engine',
  name: 'Engine',
  description: 'Computes analytically.',
  author: 'ada',
  url: 'https://github.com/ada/engine',
  category: 'tools',
  tags: ['numbers'],
  installations: [{ name: 'npx', config: '{"command":"npx"}', parameters: [] }],
  stars: 7,
};

const registry = new TestHttp((req, res) =>
  sendJson(req, res, { version: '1', generatedAt: 1, totalServers: 1, servers: [CATALOG_ENTRY] }),
);
const plugins: NvimPlugin[] = [];

afterEach(async () => {
  for (const plugin of plugins.splice(0)) await plugin.end();
  await endHubs();
});
afterAll(() => registry.stop());

interface Editor {
  readonly plugin: NvimPlugin;
  /** Another editor for the same hub. */
  another(): NvimPlugin;
  readonly cwd: string;
  readonly global: string;
  readonly project: string;
  /** As the plugin gives them. */
  readonly configs: readonly string[];
  spawn(): SpawnedHub;
}

/** An editor in a folder with a global config and one of the project, before it starts a hub. */
async function openEditor({ delayMs = DELAY_MS } = {}): Promise<Editor> {
  if (registry.port === 0) await registry.start();
  const folder = await realpath(await makeFolder());
  const cwd = join(folder, 'project');
  const [global, project] = [join(folder, 'servers.json'), join(cwd, '.mcphub/servers.json')];
  await mkdir(join(cwd, '.mcphub'), { recursive: true });
  const fixture = (name: string): object => ({ command: process.execPath, args: [fixtureServer(name)] });
  const mcpServers = {
    echo: { ...fixture('echo'), autoApprove: [] },
    grow: fixture('changes-list'),
    off: { ...fixture('echo'), disabled: true },
    broken: { command: process.execPath, args: ['-e', 'process.exit(3)'] },
    remote: { url: 'http://127.0.0.1:1/mcp' },
    unset: { command: 'node', args: ['${NOWHERE_TO_BE_FOUND}'] },
  };
  await writeFile(global, JSON.stringify({ nativeMCPServers: {}, mcpServers }));
  await writeFile(project, JSON.stringify({ mcpServers: { project: fixture('echo') } }));
  const port = await freePort();
  const env = { ...environment(folder), MCP_HUB_REGISTRY_URL: `${registry.url}/registry.json` };
  const another = (): NvimPlugin => {
    const plugin = new NvimPlugin(port, env);
    plugins.push(plugin);
    return plugin;
  };
  const plugin = another();
  const configs = [global, project];
  const spawn = (): SpawnedHub => plugin.spawnHub(cwd, configs, { delayMs, globalEnv: { FROM_EDITOR: 'yes', 'input:token': 't' } });
  return { plugin, another, cwd, global, project, configs, spawn };
}

const soon = <T>(check: () => T | Promise<T>, timeout = 8_000): Promise<T> => vi.waitFor(check, { timeout, interval: 25 });
const last = (follower: Follower): unknown => follower.states().at(-1);
const REQUEST_OPTIONS = { timeout: 60_000 };

async function ready(follower: Follower): Promise<void> {
  await soon(() => expect(last(follower)).toBe('ready'));
}

async function statusOf(plugin: NvimPlugin, name: string): Promise<string | undefined> {
  return (await plugin.health()).servers.find((server) => server.name === name)?.status;
}

/** What of the running servers would change if one of them were restarted. */
async function startedAt(plugin: NvimPlugin): Promise<Readonly<Record<string, unknown>>> {
  const { servers } = await plugin.health();
  return Object.fromEntries(servers.map(({ name, lastStarted }) => [name, lastStarted]));
}

describe.skipIf(process.platform === 'win32')('mcphub.nvim', () => {
  it('finds its version, starts a hub, and sees its servers', async () => {
    const { plugin, configs, cwd, spawn } = await openEditor();
    const { exit, stdout } = await plugin.version();
    expect(exit).toBe(0);
    const [, major, minor] = /(\d+)\.(\d+)\.\d+/.exec(stdout.split('\n')[0] ?? '') ?? [];
    expect([Number(major), Number(minor) >= 2]).toEqual([4, true]);
    expect((await plugin.probe()).exit).toBe(7);

    const hub = spawn();
    const follower = plugin.follow();
    await ready(follower);
    const { servers, workspaces } = await plugin.health();
    const brief = servers.map(({ name, status, transportType }) => [name, status, transportType]);
    expect(brief).toEqual([
      ['echo', 'connected', 'stdio'],
      ['grow', 'connected', 'stdio'],
      ['off', 'disabled', 'stdio'],
      ['broken', 'disconnected', 'stdio'],
      ['remote', 'disconnected', 'sse'],
      ['unset', 'disconnected', 'stdio'],
      ['project', 'connected', 'stdio'],
    ]);
    for (const { status, error } of servers) expect(typeof error === 'string').toBe(status === 'disconnected');
    expect(servers.map((server) => server.config_source)).toEqual([...Array(6).fill(configs[0]), configs[1]]);
    const echo = servers.find(({ name }) => name === 'echo')?.capabilities;
    expect(echo?.tools.map((tool) => tool['name'])).toEqual(['echo', 'add', 'env-peek']);
    expect([echo?.resources.length, echo?.resourceTemplates.length, echo?.prompts.length]).toEqual([1, 1, 1]);

    const entry = plugin.workspaceFile()[workspaces.current];
    expect(entry).toMatchObject({ pid: hub.process.pid, cwd, config_files: configs, state: 'active' });
    expect(workspaces.allActive[workspaces.current]).toMatchObject({ pid: hub.process.pid, config_files: configs });

    const refreshed = await plugin.request('GET', 'refresh');
    expect(refreshed.status).toBe(200);
    expect(shapes.servers.parse(refreshed.body).servers.map(({ name }) => name)).toEqual(servers.map(({ name }) => name));

    // Nothing is encoded; without a question there is still its mark.
    for (const [query, found] of [
      ['', 1],
      ['search=Engine&category=tools&sort=stars', 1],
      ['search=100%', 0],
      ['search=a|"<b>"', 0],
    ] as const) {
      const answer = await plugin.request('GET', 'marketplace', { query });
      expect([answer.exit, answer.status]).toEqual([0, 200]);
      expect(shapes.marketplace.parse(answer.body).servers).toHaveLength(found);
    }
    expect(follower.malformed).toEqual([]);
  });

  it('calls tools, reads resources, gets prompts and hears of changed lists', async () => {
    const { plugin, spawn } = await openEditor();
    spawn();
    const follower = plugin.follow();
    await ready(follower);
    const post = (path: string, body: object) => plugin.request('POST', `servers/${path}`, { body, maxSeconds: 65 });
    const call = (server_name: string, tool: string, args: object, options: object = REQUEST_OPTIONS) =>
      post('tools', { server_name, tool, arguments: args, request_options: options });

    const said = await call(
      'echo',
      'echo',
      { text: 'hello' },
      { ...REQUEST_OPTIONS, resetTimeoutOnProgress: true, maxTotalTimeout: 90_000 },
    );
    expect(said.status).toBe(200);
    expect(shapes.tool.parse(said.body).result.content).toMatchObject([{ type: 'text', text: 'hello' }]);
    const peeked = await call('echo', 'env-peek', { name: 'FROM_EDITOR' });
    expect(shapes.tool.parse(peeked.body).result.content).toMatchObject([{ text: '"yes"' }]);

    for (const uri of ['test://greeting', 'test://echo/Hello.']) {
      const read = await post('resources', { server_name: 'echo', uri, request_options: REQUEST_OPTIONS });
      expect(read.status).toBe(200);
      expect(shapes.resource.parse(read.body).result.contents).toMatchObject([{ uri, text: 'Hello.' }]);
    }
    const prompt = { server_name: 'echo', prompt: 'greet', arguments: { who: 'Ada' }, request_options: REQUEST_OPTIONS };
    const got = await post('prompts', prompt);
    expect(got.status).toBe(200);
    expect(shapes.prompt.parse(got.body).result.messages).toMatchObject([{ role: 'user', content: { type: 'text', text: 'Greet Ada.' } }]);

    await call('grow', 'grow', {});
    await soon(() => {
      const tools = follower.told('tool_list_changed').flatMap((data) => (data['server'] === 'grow' ? [data['tools']] : []));
      expect(tools.at(-1)).toContainEqual(expect.objectContaining({ name: 'grown-1', inputSchema: expect.anything() }));
    });

    const failures = [
      await call('echo', 'no-such-tool', {}),
      await call('nobody', 'echo', {}),
      await call('off', 'echo', {}),
      await post('authorize', { server_name: 'echo' }),
      await plugin.request('POST', 'oauth/manual_callback', {
        body: { url: 'http://localhost:1/api/oauth/callback?code=x&server_name=nobody' },
      }),
      await plugin.request('POST', 'oauth/manual_callback', { body: { url: 'what was pasted' } }),
    ];
    for (const { exit, status, body } of failures) {
      expect([exit, status >= 400]).toEqual([0, true]);
      shapes.problem.parse(body);
    }
    expect(follower.malformed).toEqual([]);
  });

  it('toggles servers and edits the config by rewriting its file, with and without a request beside it', async () => {
    const { plugin, global, spawn } = await openEditor();
    spawn();
    const follower = plugin.follow();
    await ready(follower);
    const before = await startedAt(plugin);
    const told = (): readonly unknown[] => follower.told('servers_updated').map(({ changes }) => changes);

    plugin.updateConfig(global, 'echo', { disabled: true });
    await soon(() => expect(told()).toContainEqual(expect.objectContaining({ modified: ['echo'] })));
    expect(await statusOf(plugin, 'echo')).toBe('disabled');
    expect(follower.told('config_changed')).toMatchObject([{ isSignificant: true }]);
    expect(follower.told('servers_updating')).toMatchObject([{ changes: { modified: ['echo'] } }]);
    plugin.updateConfig(global, 'echo', { disabled: false });
    await soon(async () => expect(await statusOf(plugin, 'echo')).toBe('connected'));

    // With a request at the same time the file and the hub end in the same state, and stay there.
    for (const [path, query, disabled, status, shape] of [
      ['stop', 'disable=true', true, 'disabled', shapes.anything],
      ['start', undefined, false, 'connected', shapes.started],
    ] as const) {
      plugin.updateConfig(global, 'echo', { disabled });
      const answer = await plugin.request('POST', `servers/${path}`, { body: { server_name: 'echo' }, ...(query && { query }) });
      expect(answer.status).toBe(200);
      shape.parse(answer.body);
      await delay(700);
      expect(await statusOf(plugin, 'echo')).toBe(status);
      const { mcpServers } = JSON.parse(await readFile(global, 'utf8'));
      expect(mcpServers.echo.disabled ?? false).toBe(disabled);
    }

    // What only the plugin or the catalog cares for restarts nothing.
    const running = await startedAt(plugin);
    const events = told().length;
    for (const updates of [
      { disabled_tools: ['add'] },
      { disabled_prompts: ['greet'], disabled_resources: ['test://greeting'], disabled_resourceTemplates: ['test://echo/{text}'] },
      { autoApprove: ['echo'] },
      { custom_instructions: { disabled: false, text: 'Be brief.' } },
    ]) {
      const heard = follower.told('config_changed').length;
      plugin.updateConfig(global, 'echo', updates);
      await soon(() => expect(follower.told('config_changed').length).toBe(heard + 1));
      expect(follower.told('config_changed').at(-1)).toMatchObject({ isSignificant: false });
    }
    expect(await startedAt(plugin)).toEqual(running);
    expect(told()).toHaveLength(events);

    plugin.updateConfig(global, 'added', { command: process.execPath, args: [fixtureServer('echo')], env: [] });
    await soon(() => expect(told()).toContainEqual(expect.objectContaining({ added: ['added'] })));
    expect(await statusOf(plugin, 'added')).toBe('connected');
    plugin.updateConfig(global, 'added', undefined);
    await soon(() => expect(told()).toContainEqual(expect.objectContaining({ removed: ['added'] })));
    expect(await statusOf(plugin, 'added')).toBeUndefined();
    // Why a server does not start goes into the plugin's list of errors.
    plugin.updateConfig(global, 'fails', { command: process.execPath, args: ['-e', 'process.exit(3)'] });
    await soon(() => {
      const logs = follower.blocks.flatMap(({ event, data }) => (event === 'log' ? [shapes.log.parse(data)] : []));
      expect(logs).toContainEqual(expect.objectContaining({ type: 'error', message: expect.stringContaining('"fails"') }));
    });
    const { grow, project } = await startedAt(plugin);
    expect([grow, project]).toEqual([before['grow'], before['project']]);
    expect(follower.malformed).toEqual([]);
  }, 30_000);

  it('shares a hub with another editor, until the last one has left', async () => {
    const { plugin, another, configs, spawn } = await openEditor({ delayMs: 2_000 });
    const hub = spawn();
    const follower = plugin.follow();
    await ready(follower);

    const second = another();
    expect(shapes.health.parse((await second.probe()).body).status).toBe('ok');
    const entry = async () => Object.values(second.workspaceFile())[0];
    expect((await entry())?.config_files).toEqual(configs);
    const joined = second.follow();
    await ready(joined);
    await soon(async () => expect((await entry())?.activeConnections).toBe(2));

    // Neovim takes its pipes along.
    hub.process.stdout?.destroy();
    hub.process.stderr?.destroy();
    follower.leave();
    joined.leave();
    await soon(async () => expect(await entry()).toMatchObject({ state: 'shutting_down', shutdownDelay: 2_000 }));

    const third = another();
    expect((await third.probe()).status).toBe(200);
    const back = third.follow();
    await ready(back);
    await soon(async () => expect(await entry()).toMatchObject({ state: 'active', shutdownStartedAt: null, pid: hub.process.pid }));
    back.leave();
    expect(await hub.exit).toBe(0);
    expect(third.workspaceFile()).toEqual({});
  });

  it('restarts the hub, and of two editors that start a new one, one wins and the other leaves it alone', async () => {
    const { plugin, another, spawn } = await openEditor();
    const first = spawn();
    const follower = plugin.follow();
    await ready(follower);
    const second = another();
    const joined = second.follow();
    await ready(joined);

    const answer = await plugin.request('POST', 'hard-restart');
    expect([answer.exit, answer.status]).toEqual([0, 200]);
    // Nobody is let in any more, however soon: an editor that came now would see the end of the old hub and give up.
    expect((await plugin.probe()).exit).toBe(7);
    for (const one of [follower, joined]) {
      await soon(() => expect(one.states().slice(-2)).toEqual(['restarting', 'stopping']));
      expect(await one.exit).toBe(0);
    }

    const rivals = [spawn(), spawn()] as const;
    const follows = [plugin.follow(), second.follow()];
    for (const one of follows) await ready(one);
    const loser = await Promise.race(rivals.map(async (rival) => ((await rival.exit) === null ? undefined : rival)));
    const winner = rivals.find((rival) => rival !== loser);
    expect(loser?.process.exitCode).not.toBe(0);
    expect(loser?.stderr()).toContain('EADDRINUSE');
    expect(isRunning(first.process.pid ?? -1)).toBe(false);
    expect(Object.values(plugin.workspaceFile())).toMatchObject([{ pid: winner?.process.pid, state: 'active' }]);
    expect(follows.flatMap(({ malformed }) => malformed)).toEqual([]);
    expect(await statusOf(plugin, 'echo')).toBe('connected');
    for (const one of follows) one.leave();
    expect(await winner?.exit).toBe(0);
  });
});
