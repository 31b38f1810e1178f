import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientId, clientIds } from '../../../src/cli/clients/client.ts';
import { detectClient } from '../../../src/cli/clients/detect.ts';
import { findServers, type ImportStep, type ImportWish, planImport } from '../../../src/cli/clients/import-plan.ts';
import { clientNamed } from '../../../src/cli/clients/table.ts';
import { editServers, loadConfig } from '../../../src/config/index.ts';
import { type Home, makeHome, sample } from './samples.ts';

let at: Home;
beforeEach(async () => {
  at = await makeHome();
});
afterEach(() => at.remove());

const npx = (...args: string[]) => ({ command: 'npx', args: ['-y', ...args] });

/** Per sample: whose it is, and the entries that come out. */
const samples: readonly (readonly [path: string, id: ClientId, entries: (home: Home) => Record<string, unknown>])[] = [
  [
    'claude-desktop/claude_desktop_config.json',
    'claude-desktop',
    () => ({
      filesystem: npx('@modelcontextprotocol/server-filesystem', '/home/me/Documents'),
      'brave-search': {
        ...npx('@modelcontextprotocol/server-brave-search'),
        env: { BRAVE_API_KEY: 'BSA-0123456789', BRAVE_PROXY: '${env:BRAVE_PROXY:-}' },
      },
    }),
  ],
  [
    'claude-code/.claude.json',
    'claude-code',
    () => ({
      github: {
        type: 'http',
        url: '${env:GITHUB_MCP_URL:-https://api.githubcopilot.com/mcp/}',
        headers: { Authorization: 'Bearer ${env:GITHUB_TOKEN}' },
      },
      postgres: {
        command: 'uvx',
        args: ['postgres-mcp', '--access-mode=restricted'],
        env: { DATABASE_URI: 'postgresql://localhost/me' },
        requestTimeout: 120_000,
      },
      events: { type: 'sse', url: 'https://events.example.com/sse' },
    }),
  ],
  [
    'cursor/mcp.json',
    'cursor',
    () => ({
      linear: { url: 'https://mcp.linear.app/sse' },
      sentry: { url: 'https://mcp.sentry.dev/mcp', headers: { Authorization: 'Bearer ${env:SENTRY_TOKEN}' } },
      notes: {
        command: '${userHome}/bin/notes-mcp',
        args: ['--folder', '${workspaceFolder}'],
        envFile: '${workspaceFolder}/.env',
        env: { NOTES_KEY: '${env:NOTES_KEY}' },
        disabled: true,
      },
    }),
  ],
  [
    'vscode/mcp.json',
    'vscode',
    () => ({
      github: { type: 'http', url: 'https://api.githubcopilot.com/mcp/' },
      perplexity: { ...npx('server-perplexity-ask'), env: { PERPLEXITY_API_KEY: '${input:perplexity-key}' } },
      local: {
        command: 'node',
        args: ['${workspaceFolder}/server.js'],
        envFile: '${workspaceFolder}/.env',
        dev: { watch: 'src/**/*.js', debug: { type: 'node' } },
        sandboxEnabled: true,
      },
    }),
  ],
  [
    'codex/config.toml',
    'codex',
    () => ({
      context7: {
        ...npx('@upstash/context7-mcp'),
        cwd: '/home/me/docs',
        disabled_tools: ['write'],
        env: { LOCAL_TOKEN: '${env:LOCAL_TOKEN:-}', SECOND_TOKEN: '${env:SECOND_TOKEN:-}', LOG_LEVEL: 'debug' },
        initTimeout: 20_000,
        requestTimeout: 45_500,
      },
      figma: {
        url: 'https://mcp.figma.com/mcp',
        disabled: true,
        headers: { 'X-Figma-Region': 'us-east-1', 'X-Team': '${env:FIGMA_TEAM}', Authorization: 'Bearer ${env:FIGMA_OAUTH_TOKEN}' },
      },
    }),
  ],
  [
    'windsurf/mcp_config.json',
    'windsurf',
    () => ({
      remote: {
        url: 'https://mcp.example.com/mcp',
        headers: { 'X-Api-Key': '${env:EXAMPLE_KEY}' },
        disabled_tools: ['delete_everything'],
      },
      memory: npx('@modelcontextprotocol/server-memory'),
    }),
  ],
  [
    'zed/settings.json',
    'zed',
    () => ({
      flat: { command: 'uvx', args: ['mcp-server-git'] },
      older: { command: '/usr/local/bin/older-mcp', args: ['run'], env: { MODE: 'quiet' } },
      remote: { url: 'https://mcp.example.com/mcp', headers: { Authorization: 'Bearer abcdefgh' }, disabled: true },
    }),
  ],
  [
    'opencode/opencode.jsonc',
    'opencode',
    ({ home }) => ({
      everything: {
        ...npx('@modelcontextprotocol/server-everything'),
        env: { LOG_LEVEL: 'info', API_KEY: '${env:EVERYTHING_KEY}' },
        initTimeout: 15_000,
      },
      jira: {
        url: 'https://jira.example.com/mcp',
        headers: { Authorization: `Bearer \${file:${home}/.secrets/jira}` },
        disabled: true,
      },
    }),
  ],
  [
    'opencode/opencode-v2.json',
    'opencode',
    () => ({
      everything: {
        ...npx('@modelcontextprotocol/server-everything'),
        cwd: '.',
        disabled: true,
        initTimeout: 20_000,
        requestTimeout: 40_000,
      },
    }),
  ],
  [
    'gemini/settings.json',
    'gemini',
    () => ({
      python: {
        command: 'python',
        args: ['-m', 'my_mcp_server', '--port', '8080'],
        cwd: './mcp_tools/python',
        env: { DATABASE_URL: '${env:DB_CONNECTION_STRING}', API_KEY: '${env:EXTERNAL_API_KEY}' },
        requestTimeout: 15_000,
      },
      stream: { url: 'http://localhost:3000/mcp', headers: { 'X-Custom': 'fixed' }, disabled_tools: ['dangerous_tool'] },
      events: { url: 'http://localhost:3001/sse' },
    }),
  ],
];

async function plan(id: string, wish: Partial<ImportWish> = {}, path?: string): Promise<readonly ImportStep[]> {
  const client = clientNamed(id);
  if (!client) throw new Error(id);
  const found = await findServers(client, at.machine, path === undefined ? undefined : [{ scope: 'user', path }]);
  return planImport({ found, present: {}, servers: [], onClash: 'skip', machine: at.machine, ports: [], ...wish });
}

const entriesOf = (steps: readonly ImportStep[]) =>
  Object.fromEntries(steps.flatMap(({ as, entry }) => (as === undefined ? [] : [[as, entry]])));
const outcomes = (steps: readonly ImportStep[]) => steps.map(({ name, outcome, as }) => [name, outcome, as]);

describe('the samples of every client', () => {
  it('are there for each of them', () => {
    expect(new Set(samples.map(([, id]) => id))).toEqual(new Set(clientIds));
  });

  it.each(samples)('%s: gives the expected entries, which the hub accepts', async (path, id, expected) => {
    const steps = await plan(id, {}, sample(path));
    const entries = entriesOf(steps);
    expect(entries).toEqual(expected(at));
    const file = join(at.home, 'mcp-servers.json');
    const edits = Object.entries(expected(at)).map(([name]) => ({ kind: 'set' as const, name, entry: entries[name] ?? {} }));
    await writeFile(file, editServers(file, '', edits));
    const config = await loadConfig({ files: [file], env: {}, cwd: at.project, defaultFile: file });
    expect(config.diagnostics.filter(({ severity, message }) => severity === 'error' || message === 'Unknown key')).toEqual([]);
    expect(config.servers.map((server) => server.id)).toEqual(Object.keys(entries));
    expect(config.servers.filter(({ kind }) => kind === 'invalid')).toEqual([]);
  });

  it.each(samples)('%s: is recognised as a file of its client', async (path, id) => {
    expect(detectClient(sample(path), await readFile(sample(path), 'utf8')).id).toBe(id);
  });
});

describe('planImport', () => {
  it('never takes the hub itself', async () => {
    expect(outcomes(await plan('claude-desktop', {}, sample('claude-desktop/claude_desktop_config.json')))).toContainEqual([
      'Hub',
      'hub',
      undefined,
    ]);
    expect(outcomes(await plan('cursor', {}, sample('cursor/mcp.json')))).toContainEqual(['mcp-hub', 'hub', undefined]);
  });

  it('says why a server cannot be taken', async () => {
    const steps = await plan('zed', {}, sample('zed/settings.json'));
    expect(steps.find(({ name }) => name === 'mcp-server-postgres')).toMatchObject({
      outcome: 'unusable',
      notes: ['it has neither a command nor an address'],
    });
    expect((await plan('claude-code', {}, sample('claude-code/.claude.json'))).find(({ name }) => name === 'socket')?.outcome).toBe(
      'unusable',
    );
  });

  it('skips what is there already, and on a clash does what was asked for', async () => {
    const path = sample('windsurf/mcp_config.json');
    const memory = npx('@modelcontextprotocol/server-memory');
    const present = { memory, remote: { url: 'https://elsewhere.example.com' } };
    expect(outcomes(await plan('windsurf', { present }, path))).toEqual([
      ['remote', 'clash', undefined],
      ['memory', 'same', undefined],
    ]);
    expect(outcomes(await plan('windsurf', { present, onClash: 'overwrite' }, path))[0]).toEqual(['remote', 'overwritten', 'remote']);
    const renamed = await plan('windsurf', { present, onClash: 'rename' }, path);
    expect(outcomes(renamed)[0]).toEqual(['remote', 'renamed', 'remote-windsurf']);
    const again = await plan('windsurf', { present: { ...present, ...entriesOf(renamed) }, onClash: 'rename' }, path);
    expect(outcomes(again)).toEqual([
      ['remote', 'same', undefined],
      ['memory', 'same', undefined],
    ]);
  });

  it('prefers what the client prefers: the own entry of the project, the file of the project, the file of the person', async () => {
    const text = await readFile(sample('claude-code/.claude.json'), 'utf8');
    await writeFile(join(at.home, '.claude.json'), text.replace('/home/me/app', at.project));
    await at.put('claude-code/.mcp.json', join(at.project, '.mcp.json'));
    const steps = await plan('claude-code');
    expect(outcomes(steps).filter(([name]) => name === 'postgres')).toEqual([
      ['postgres', 'added', 'postgres'],
      ['postgres', 'hidden', undefined],
    ]);
    expect(entriesOf(steps)).toMatchObject({
      postgres: { command: 'uvx', args: ['postgres-mcp'] },
      docs: { cwd: at.project, args: ['./tools/docs-server.mjs', '--root', '${env:CLAUDE_PROJECT_DIR:-.}'] },
    });
    expect(entriesOf(steps)).not.toHaveProperty('unrelated');
  });

  it('tells of keys by name and never by value, and of what is not taken over', async () => {
    const notes = (await plan('claude-desktop', {}, sample('claude-desktop/claude_desktop_config.json'))).flatMap((step) => step.notes);
    expect(notes.join('\n')).toContain('BRAVE_API_KEY');
    expect(notes.join('\n')).not.toContain('BSA-0123456789');
    const codex = (await plan('codex', {}, sample('codex/config.toml'))).flatMap((step) => step.notes).join('\n');
    expect(codex).toContain('"enabled_tools" is not taken over');
    const vscode = (await plan('vscode', {}, sample('vscode/mcp.json'))).flatMap((step) => step.notes).join('\n');
    expect(vscode).toContain('"input:perplexity-key"');
    const cursor = (await plan('cursor', {}, sample('cursor/mcp.json'))).flatMap((step) => step.notes).join('\n');
    expect(cursor).toContain('SENTRY_TOKEN: not set here');
  });

  it.each([
    [
      'codex',
      { command: 'x', env_vars: ['A'], startup_timeout_sec: 2, tool_timeout_sec: 'soon' },
      [
        '"startup_timeout_sec" became "initTimeout", in milliseconds',
        '"tool_timeout_sec" is not taken over: it is no time',
        '"env_vars" went into "env"',
      ],
    ],
    [
      'codex',
      { url: 'http://a/', bearer_token_env_var: 'HOME', enabled: false },
      ['"enabled": false became "disabled": true', '"bearer_token_env_var" went into "headers"'],
    ],
    [
      'codex',
      { url: 'http://a/', http_headers: { X: '${B}' } },
      ['"http_headers" went into "headers"', '"headers": what looks like a placeholder was plain text there; the hub resolves it'],
    ],
    [
      'codex',
      { command: 'x', startup_timeout_sec: 2, startup_timeout_ms: 3 },
      [
        '"startup_timeout_sec" became "initTimeout", in milliseconds',
        '"startup_timeout_ms" is not taken over: "initTimeout" has a value already',
      ],
    ],
    ['windsurf', { serverUrl: 'http://a/' }, ['"serverUrl" became "url"']],
    ['gemini', { httpUrl: 'http://a/', url: 'http://b/' }, ['"httpUrl" became "url", in place of the other one']],
    [
      'opencode',
      { type: 'remote', url: 'http://a/', enabled: false, timeout: 5 },
      ['"enabled": false became "disabled": true', '"timeout" became "initTimeout"'],
    ],
    [
      'zed',
      { command: { path: 'x', args: ['${C}'] }, enabled: true },
      [
        '"command" is split into "command", "args" and "env"',
        '"args": what looks like a placeholder was plain text there; the hub resolves it',
      ],
    ],
  ])('tells each field that was changed, and no other: %s %j', (id, raw, expected) => {
    const client = clientNamed(id);
    if (!client) throw new Error(id);
    const found = [{ client, name: 'a', raw, file: 'f', scope: 'user' as const }];
    const machine = { ...at.machine, env: { ...at.machine.env, HOME: '/' } };
    const [step] = planImport({ found, present: {}, servers: [], onClash: 'skip', machine, ports: [] });
    expect(step?.notes).toEqual(expected);
  });

  it('takes the servers that were picked', async () => {
    const steps = await plan('vscode', { servers: ['local'] }, sample('vscode/mcp.json'));
    expect(outcomes(steps)).toEqual([['local', 'added', 'local']]);
  });
});

describe('a file that cannot be read', () => {
  it.each([
    ['cursor', '.cursor/mcp.json', '{\n  "mcpServers": {"a": }\n}', ':2:23: '],
    ['codex', '.codex/config.toml', 'model = "x"\n[mcp_servers.a\ncommand = "secret-word"\n', ':2:'],
    ['codex', '.codex/config.toml', 'a = 1\na = "secret-word"\n', ':2:'],
  ])('%s: is told with its place', async (id, name, text, place) => {
    const path = join(at.home, name);
    await at.put('windsurf/mcp_config.json', path);
    await writeFile(path, text);
    const error: unknown = await plan(id).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining(`${path}${place}`) });
    expect(error).toMatchObject({ message: expect.not.stringContaining('secret-word') });
  });
});
