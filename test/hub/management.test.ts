import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { isHubError } from '../../src/base/index.ts';
import { eventually } from '../support/eventually.ts';
import { fixture } from '../support/in-process-hub.ts';
import { type ManagedHub, manageHub } from '../support/managed-hub.ts';

let hub: ManagedHub;
afterEach(() => hub.stop());

const echo = (more: object = {}): object => ({ ...fixture('echo.mjs'), ...more });
const status = (name: string): string => hub.management.servers.get(name).status;

async function failure(work: () => Promise<unknown>): Promise<{ code: string; message: string; details: object }> {
  try {
    await work();
  } catch (error) {
    if (isHubError(error)) return { code: error.code, message: error.message, details: error.details };
    throw error;
  }
  throw new Error('It was not refused');
}

describe('servers', () => {
  it('are told with the fields that clients read, also those that are disabled or broken', async () => {
    hub = await manageHub({
      'c.json': { mcpServers: { one: echo({ name: 'One', description: 'Says.' }), off: echo({ disabled: true }), bad: {} } },
    });
    const [one, off, bad] = hub.management.servers.all();
    expect(one).toMatchObject({
      name: 'one',
      displayName: 'One',
      description: 'Says.',
      transportType: 'stdio',
      status: 'connected',
      error: null,
      authorizationUrl: null,
      config_source: 'c.json',
      uptime: expect.any(Number),
      lastStarted: expect.stringMatching(/^\d{4}-/),
    });
    expect(one?.capabilities.tools.map((tool) => Object(tool).name)).toEqual(['echo', 'add', 'env-peek']);
    const nothing = { tools: [], resources: [], resourceTemplates: [], prompts: [] };
    expect(off).toMatchObject({ name: 'off', status: 'disabled', error: null, capabilities: nothing, lastStarted: null });
    expect(bad).toMatchObject({ name: 'bad', status: 'disconnected', error: expect.stringContaining('c.json'), capabilities: nothing });
  });

  it('stop and start for now, and restart', async () => {
    hub = await manageHub({ 'c.json': { mcpServers: { one: echo() } } });
    const before = await hub.read();
    expect(await hub.management.servers.stop('one', { disable: false })).toMatchObject({ status: 'disconnected' });
    expect(await hub.management.servers.start('one')).toMatchObject({ status: 'connected' });
    expect(await hub.management.servers.restart('one')).toMatchObject({ server: { status: 'connected' }, notRenewed: [] });
    expect(await hub.management.servers.refresh('one')).toMatchObject({ status: 'connected' });
    expect(await hub.management.servers.refreshAll()).toHaveLength(1);
    expect(await hub.read()).toBe(before);
  });

  it('that were asked for to start or stop are told of, whatever came of it', async () => {
    const fails = { command: process.execPath, args: ['-e', 'process.exit(3)'] };
    hub = await manageHub({ 'c.json': { mcpServers: { one: echo(), fails } } });
    const { servers } = hub.management;
    expect(await servers.start('one')).toMatchObject({ status: 'connected' });
    await expect(servers.start('fails')).rejects.toMatchObject({ code: 'UPSTREAM_EXITED', message: expect.stringContaining('3') });
    expect(servers.get('fails')).toMatchObject({ status: 'disconnected' });
    await servers.stop('one', { disable: false });
    expect(hub.asked).toEqual(['one', 'fails', 'one']);
    await servers.stop('one', { disable: true });
    await servers.start('one');
    // The change of the config has told of these.
    expect(hub.asked).toHaveLength(3);
  });

  it('are disabled and enabled in their file, whose comments stay', async () => {
    const text = `{\n  // mine\n  "mcpServers": { "one": ${JSON.stringify(echo())}, "two": ${JSON.stringify(echo())} },\n}\n`;
    hub = await manageHub({ 'a.json': {}, 'c.json': text });
    expect(await hub.management.servers.stop('one', { disable: true })).toMatchObject({ status: 'disabled' });
    expect(await hub.read('c.json')).toContain('"disabled": true');
    expect(hub.events('servers_updated')).toMatchObject([{ changes: { modified: ['one'], unchanged: ['two'] } }]);
    expect(await failure(() => hub.management.servers.restart('one'))).toMatchObject({ code: 'CONFLICT' });
    expect(await hub.management.servers.start('one')).toMatchObject({ status: 'connected' });
    expect(await hub.read('c.json')).toBe(text);
  });

  it.each([10, 0, 30])('end in the same state when an editor writes the same toggle %i ms earlier or later', async (afterMs) => {
    const config = (disabled: boolean): object => ({ mcpServers: { one: echo(disabled ? { disabled } : {}), two: echo() } });
    hub = await manageHub({ 'c.json': config(false) });
    hub.config.watch();
    for (const disabled of [true, false, true, false]) {
      const { servers } = hub.management;
      const asked = (): Promise<unknown> => (disabled ? servers.stop('one', { disable: true }) : servers.start('one'));
      const editor = async (): Promise<void> => {
        await delay(afterMs);
        await hub.write(config(disabled));
      };
      await Promise.all(afterMs === 10 ? [delay(20).then(asked), editor()] : [asked(), editor()]);
      const wanted = disabled ? 'disabled' : 'connected';
      await eventually(() => expect(status('one')).toBe(wanted));
      await delay(250);
      expect(status('one')).toBe(wanted);
      expect(Object(JSON.parse(await hub.read())).mcpServers.one.disabled ?? false).toBe(disabled);
    }
  });

  it('nobody knows are refused, with the name that may have been meant', async () => {
    hub = await manageHub({ 'c.json': { mcpServers: { github: echo({ disabled: true }) } } });
    const { servers, config } = hub.management;
    const asked = [
      () => servers.start('gitub'),
      () => servers.stop('gitub', { disable: true }),
      () => servers.restart('gitub'),
      () => servers.refresh('gitub'),
      () => servers.environment('gitub'),
      () => config.entry('gitub'),
      () => config.change('gitub', {}, {}),
      () => config.remove('gitub', {}),
    ];
    for (const ask of asked) {
      expect(await failure(ask)).toMatchObject({ code: 'SERVER_NOT_FOUND', message: expect.stringContaining('"github"') });
    }
    expect(await failure(() => servers.refresh('github'))).toMatchObject({ code: 'SERVER_NOT_CONNECTED' });
  });

  it('tell what they wrote to standard error, and where their variables come from, without a value', async () => {
    const env = { TOKEN: 'very-secret', HOME: null };
    hub = await manageHub({ 'c.json': { mcpServers: { one: echo({ env }) } } }, { MCP_HUB_ENV: '{"SHARED":"also-secret"}' });
    const names = await hub.management.servers.environment('one');
    expect(names).toEqual(
      expect.arrayContaining([
        { name: 'TOKEN', value: '[redacted]', from: 'env' },
        { name: 'SHARED', value: '[redacted]', from: 'MCP_HUB_ENV' },
        { name: 'PATH', value: '[redacted]', from: 'inherited' },
      ]),
    );
    expect(hub.management.servers.log('one')).toEqual([]);
  });
});

describe('config', () => {
  it('tells an entry without its secrets, and the etag of its file', async () => {
    const entry = echo({ env: { KEY: 'very-secret', OTHER: '${HOME}' }, autoApprove: ['x'] });
    hub = await manageHub({ 'c.json': { mcpServers: { one: entry } } });
    const told = await hub.management.config.entry('one');
    expect(told).toMatchObject({ file: 'c.json', entry: { ...entry, env: { KEY: '[redacted]', OTHER: '${HOME}' } } });
    const { etag } = await hub.management.config.change('one', { name: 'One' }, { ifMatch: told.etag });
    expect((await hub.management.config.entry('one')).etag).toBe(etag);
    expect(await failure(() => hub.management.config.change('one', { name: 'Two' }, { ifMatch: told.etag }))).toMatchObject({
      code: 'PRECONDITION_FAILED',
      details: { etag },
    });
  });

  it('adds, changes and removes servers, which start and stop with that', async () => {
    hub = await manageHub({ 'a.json': { mcpServers: {} }, 'b.json': { mcpServers: {} } });
    const { config, servers } = hub.management;
    const added = await config.add('one', echo({ env: { KEY: 'very-secret' } }), {});
    expect(added).toMatchObject({ file: 'b.json', server: { name: 'one', status: 'connected', config_source: 'b.json' } });
    expect(added.diff).toContain('+');
    expect(added.diff).not.toContain('very-secret');
    await config.add('two', echo(), { file: 'a.json' });
    expect(servers.all().map(({ name }) => name)).toEqual(['two', 'one']);
    expect(await config.change('one', { description: 'Mine.', env: { KEY: null } }, {})).toMatchObject({
      server: { description: 'Mine.', status: 'connected' },
    });
    expect(await config.remove('two', {})).not.toHaveProperty('server');
    expect(servers.all().map(({ name }) => name)).toEqual(['one']);
    expect(hub.events('servers_updated').map((event) => ('changes' in event ? event.changes : {}))).toEqual([
      { added: ['one'], removed: [], modified: [], unchanged: [], details: {} },
      { added: ['two'], removed: [], modified: [], unchanged: ['one'], details: {} },
      { added: [], removed: [], modified: ['one'], unchanged: ['two'], details: { one: { modifiedFields: ['env', 'description'] } } },
      { added: [], removed: ['two'], modified: [], unchanged: ['one'], details: {} },
    ]);
  });

  it('does nothing in a dry run, and says what it would', async () => {
    hub = await manageHub({ 'c.json': { mcpServers: {} } });
    const before = await hub.read();
    const dry = await hub.management.config.add('one', echo(), { dryRun: true });
    expect(dry.diff).toContain('"one"');
    expect(dry).not.toHaveProperty('server');
    expect(await hub.read()).toBe(before);
    expect(hub.management.servers.all()).toEqual([]);
    // The etag is the one that the file gets.
    expect((await hub.management.config.add('one', echo(), {})).etag).toBe(dry.etag);
  });

  it('refuses what would break the file, a name that is taken, and what was masked', async () => {
    hub = await manageHub({ 'c.json': { mcpServers: { one: echo({ disabled: true }) } } });
    const { config } = hub.management;
    expect(await failure(() => config.add('bad', { command: 5 }, {}))).toMatchObject({ code: 'VALIDATION_ERROR' });
    expect(await failure(() => config.add('one', echo(), {}))).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await failure(() => config.add('x', echo(), { file: 'other.json' }))).toMatchObject({ code: 'VALIDATION_ERROR' });
    expect(await failure(() => config.change('one', { env: { KEY: '[redacted]' } }, {}))).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: { field: 'env.KEY' },
    });
    expect(hub.news.filter(({ name }) => name === 'subscription_event')).toEqual([]);
  });
});

describe('restart', () => {
  it('loads the config, restarts what changed, starts what is down, and leaves the others alone', async () => {
    const servers = { same: echo(), other: echo(), down: echo(), off: echo({ disabled: true }) };
    hub = await manageHub({ 'c.json': { mcpServers: servers } });
    await hub.management.servers.stop('down', { disable: false });
    const since = (name: string): string | null => hub.management.servers.get(name).lastStarted;
    const [same, other] = [since('same'), since('other')];
    await delay(5);
    await hub.write({ mcpServers: { ...servers, other: echo({ env: { A: '1' } }), more: echo() } });
    hub.news.length = 0;
    await Promise.all([hub.management.restart(), hub.management.restart()]);
    expect(since('same')).toBe(same);
    expect(since('other')).not.toBe(other);
    expect(['down', 'more', 'off'].map(status)).toEqual(['connected', 'connected', 'disabled']);
    const told = hub.news.map(({ name, data }) => (name === 'hub_state' ? data.state : 'type' in data ? data.type : name));
    expect(told).toEqual(['restarting', 'config_changed', 'servers_updating', 'servers_updated', 'restarted']);
    expect(await hub.management.health()).toMatchObject({ state: 'restarted' });
  });

  it('changes nothing when the config is broken, and says where', async () => {
    hub = await manageHub({ 'c.json': { mcpServers: { one: echo() } } });
    const good = await hub.read();
    const { lastStarted } = hub.management.servers.get('one');
    await hub.write('{\n  "mcpServers": {\n    "one": \n');
    const refused = await failure(() => hub.management.restart());
    expect(refused).toMatchObject({ code: 'CONFIG_ERROR', details: { diagnostics: [{ file: 'c.json', line: 4 }] } });
    expect(hub.life.state).toBe('ready');
    expect(hub.management.servers.get('one')).toMatchObject({ status: 'connected', lastStarted });
    expect(hub.events('config_changed')).toMatchObject([{ error: expect.stringContaining('c.json:4'), isSignificant: false }]);
    await hub.write(good);
    await hub.management.restart();
    expect(hub.life.state).toBe('restarted');
    expect(hub.management.servers.get('one')).toMatchObject({ lastStarted });
  });

  it('of the process is announced, and asks for its end once', async () => {
    hub = await manageHub({ 'c.json': {} });
    hub.news.length = 0;
    hub.management.hardRestart();
    hub.management.hardRestart();
    expect(hub.ends()).toBe(0);
    await eventually(() => expect(hub.ends()).toBe(1));
    expect(hub.news).toEqual(['restarting', 'stopping'].map((state) => ({ name: 'hub_state', data: { state } })));
    expect(await failure(() => hub.management.restart())).toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});

describe('health', () => {
  it('has what clients compare and read', async () => {
    hub = await manageHub({ 'c.json': { mcpServers: { one: echo() } } });
    expect(await hub.management.health()).toMatchObject({
      status: 'ok',
      state: 'ready',
      server_id: 'mcp-hub',
      version: '4.2.1',
      hubVersion: '0.0.0-test',
      servers: [{ name: 'one', status: 'connected' }],
      mcpEndpoint: {
        activeClients: 0,
        registeredCapabilities: { tools: 3, resources: 1, resourceTemplates: 1, prompts: 1 },
        totalCapabilities: 6,
      },
      workspaces: { current: '4242', allActive: {} },
    });
  });

  it('reports another version where one is named', async () => {
    hub = await manageHub({ 'c.json': {} }, { MCP_HUB_REPORTED_VERSION: '4.1.0' });
    expect(await hub.management.health()).toMatchObject({ version: '4.1.0', hubVersion: '0.0.0-test' });
  });
});
