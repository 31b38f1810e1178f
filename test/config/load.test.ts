import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isHubError } from '../../src/base/index.ts';
import { formatDiagnostic, type HubConfig, loadConfig } from '../../src/config/index.ts';

const fixtures = join(import.meta.dirname, '../fixtures/config');
let cwd = '';

beforeEach(async () => void (cwd = await mkdtemp(join(tmpdir(), 'hub-config-'))));
afterEach(() => rm(cwd, { recursive: true }));

/** Loads texts as `0.json`, `1.json`, … */
async function load(...texts: string[]): Promise<HubConfig> {
  const files = texts.map((_, index) => `${index}.json`);
  await Promise.all(texts.map((text, index) => writeFile(join(cwd, `${index}.json`), text)));
  return loadConfig({ files, env: {}, cwd, defaultFile: 'default.json' });
}

/** The config's diagnostics, one line each, whether it can be used or not. */
async function lines(...texts: string[]): Promise<string[]> {
  try {
    return (await load(...texts)).diagnostics.map(formatDiagnostic);
  } catch (error) {
    if (!isHubError(error, 'CONFIG_ERROR')) throw error;
    return (error.details['diagnostics'] as HubConfig['diagnostics']).map(formatDiagnostic);
  }
}

const server = (body: string): string => `{ mcpServers: { s: ${body} } }`;

describe('loadConfig', () => {
  it('fills in what a definition leaves out, and freezes all of it', async () => {
    const config = await load(server('{ command: "node", args: ["a", 1] }'));
    expect(config.servers).toEqual([
      {
        id: 's',
        kind: 'stdio',
        command: 'node',
        args: ['a', '1'],
        env: {},
        disabled: false,
        source: '0.json',
        errors: [],
        initTimeoutMs: 300_000,
        requestTimeoutMs: 300_000,
        isolation: 'auto',
        maxConnections: 32,
      },
    ]);
    expect(config.settings).toEqual({
      maxToolNameLength: 54,
      startupWaitMs: 5000,
      maxBodyBytes: 8_388_608,
      sessionIdleTimeoutMs: 1_800_000,
      maxSessions: 1000,
      shutdownTimeoutMs: 1500,
      allowedHosts: [],
      allowedUpstreamHosts: [],
      trustedHosts: [],
      auth: 'auto',
      marketplace: {},
    });
    expect(Object.isFrozen(config.servers[0])).toBe(true);
    expect(Object.isFrozen(config.settings)).toBe(true);
    expect(config.diagnostics).toEqual([]);
  });

  it('takes an empty list for an empty object, as editors written in Lua write it', async () => {
    const config = await load(
      '{ "mcpServers": [], "nativeMCPServers": [], "marketplace": [] }',
      '{ "mcpServers": { "a": { "command": "x", "env": [] }, "b": { "url": "http://h/mcp", "headers": [], "env": [] } } }',
    );
    expect(config.servers).toMatchObject([
      { id: 'a', kind: 'stdio', env: {}, errors: [] },
      { id: 'b', kind: 'remote', headers: {}, env: {}, errors: [] },
    ]);
    expect(config.diagnostics).toEqual([]);
    expect((await load('{ "mcpServers": { "a": { "command": "x", "env": ["A=1"] } } }')).servers).toMatchObject([{ kind: 'invalid' }]);
  });

  it('merges servers whole, settings one by one, and keeps the place each server comes from', async () => {
    const config = await load(
      '{ startupWait: 1, allowedHosts: ["a"], mcpServers: { a: { command: "x", args: ["1"] }, b: { command: "y" } } }',
      '{ startupWait: 2, servers: { a: { url: "http://h/mcp" }, c: { command: "z" } } }',
    );
    expect(config.servers.map(({ id, kind, source }) => [id, kind, source])).toEqual([
      ['a', 'remote', '1.json'],
      ['b', 'stdio', '0.json'],
      ['c', 'stdio', '1.json'],
    ]);
    expect(config.settings).toMatchObject({ startupWaitMs: 2, allowedHosts: ['a'] });
  });

  it('skips missing files, and says so only when there is none at all', async () => {
    await writeFile(join(cwd, 'here.json'), '{}');
    const options = { env: {}, cwd, defaultFile: 'default.json' };
    const some = await loadConfig({ ...options, files: ['no.json', 'here.json', 'here.json/no.json'] });
    expect(some.files).toEqual(['no.json', 'here.json', 'here.json/no.json']);
    expect(some.diagnostics).toEqual([]);
    const none = await loadConfig({ ...options, files: [] });
    expect(none.files).toEqual(['default.json']);
    expect(none.diagnostics).toMatchObject([{ severity: 'warning', file: 'default.json' }]);
  });

  it.each(['', ' ', '.', '..', '.well-known', 'two\nlines', 'red\u001b[31m', '\u2028'])(
    'refuses the name %j for that server only',
    async (name) => {
      const { servers } = await load(JSON.stringify({ mcpServers: { [name]: { command: 'x' }, fine: { command: 'x' } } }));
      expect(servers.map(({ kind }) => kind)).toEqual(['invalid', 'stdio']);
    },
  );

  it.each(['__proto__', 'constructor', 'a/b', 'ünï cödé 🎉', 'a.b', '-', 'hasOwnProperty'])('takes the name %j', async (name) => {
    const { servers } = await load(`{ "mcpServers": { ${JSON.stringify(name)}: { command: 'x' } } }`);
    expect(servers).toMatchObject([{ id: name, kind: 'stdio' }]);
  });

  it('forgets the errors of a definition that a later file replaces', async () => {
    const config = await load(server('{ command: 1 }'), server('{ command: "node" }'));
    expect(config.diagnostics).toEqual([]);
  });

  it('reads what VS Code writes', async () => {
    const config = await loadConfig({ files: [join(fixtures, '.vscode/mcp.json')], env: {}, cwd: '/work', defaultFile: '' });
    expect(config.diagnostics.map(({ severity, keyPath }) => [severity, keyPath])).toEqual([['warning', 'servers.boxed.sandboxEnabled']]);
    expect(config.servers).toMatchObject([
      { id: 'local', env: { RETRIES: '3' }, dev: { enabled: true, watch: ['src/**/*.ts'], cwd: '${workspaceFolder}' } },
      { id: 'watched', dev: { watch: ['a', 'b'], cwd: '/work' } },
      { id: 'remote', transport: 'auto' },
      { id: 'old', transport: 'sse' },
      { id: 'boxed', kind: 'stdio' },
    ]);
  });

  it("reads Claude Code's file and the keys of mcphub.nvim without a word", async () => {
    const claude = await loadConfig({ files: [join(fixtures, '.mcp.json')], env: {}, cwd, defaultFile: '' });
    expect(claude.diagnostics).toEqual([]);
    const kept = 'disabled_tools: ["a"], disabled_prompts: [], disabled_resources: [], disabled_resourceTemplates: []';
    const body = `{ command: "x", ${kept}, autoApprove: ["a"], custom_instructions: { text: "t" }, oauth: {} }`;
    expect(await lines(`{ $schema: "x", nativeMCPServers: { n: {} }, mcpServers: { s: ${body} } }`)).toEqual([]);
  });

  it('reads how the hub logs in', async () => {
    const { servers } = await load(`{ mcpServers: {
      plain: { url: "http://h", oauth: true },
      none: { url: "http://h", oauth: false },
      one: { url: "http://h", oauth: { clientId: "\${ID}", clientSecret: "s", scopes: "a b", callbackPort: 4711 } },
      two: { url: "http://h", oauth: { scopes: ["a", "b c"], clientId: "me", privateKey: "k", grantType: "client_credentials" } },
    } }`);
    const [plain, none, one, two] = servers;
    expect(plain).not.toHaveProperty('oauth');
    expect(none).toMatchObject({ oauth: false });
    expect(one).toMatchObject({ oauth: { clientId: '${ID}', clientSecret: 's', scopes: ['a', 'b'], callbackPort: 4711 } });
    expect(two).toMatchObject({ oauth: { scopes: ['a', 'b', 'c'], grantType: 'client_credentials' } });
  });

  it('takes logins of each at one address only', async () => {
    const { servers } = await load(server('{ url: "http://h", oauth: { logins: "each" } }'));
    expect(servers[0]).toMatchObject({ oauth: { logins: 'each' } });
    const several = '{ urls: ["http://h", "http://i"], oauth: { logins: "each" } }';
    expect(await lines(server(several))).toEqual([expect.stringContaining('does not go with several addresses')]);
  });

  it.each([
    ['{ clientSecret: "s" }', 'Has no "clientId"'],
    ['{ grantType: "client_credentials" }', 'Has no "clientId"'],
    ['{ grantType: "client_credentials", clientId: "me" }', '"client_credentials" needs "clientSecret" or "privateKey"'],
    ['{ clientMetadataUrl: "http://x.example/c" }', '"clientMetadataUrl" is not an https address with a path'],
    ['{ redirectUri: "back" }', '"redirectUri" is not an address'],
    ['{ logins: "all" }', 'oauth.logins: Must be one of'],
    ['{ logins: "each", grantType: "client_credentials", clientId: "me", clientSecret: "s" }', 'does not go with "client_credentials"'],
    ['{ logins: "each" }, headers: { authorization: "Bearer x" }', 'does not go with an "Authorization" header'],
    ['{ signingAlgorithm: "none", privateKey: "k", clientId: "me" }', 'oauth.signingAlgorithm: Must be one of'],
  ])('says what is wrong with oauth: %s', async (oauth, words) => {
    expect(await lines(server(`{ url: "http://h", oauth: ${oauth} }`))).toEqual([expect.stringContaining(words)]);
  });

  it.each([
    ['oauth: { login: "each" }', 'oauth.login: Unknown key. Did you mean "logins"?'],
    ['oauth: { client_id: "me" }', 'oauth.client_id: Unknown key. Did you mean "clientId"?'],
    ['oauth: { enabled: true }', 'oauth.enabled: Unknown key'],
    ['oauth: "auto"', 'oauth: Is neither an object nor true or false, and is ignored'],
    ['auth: {}', 'auth: Unknown key. Did you mean "oauth"?'],
  ])('warns about what other programs write, and starts the server: %s', async (entry, words) => {
    const { servers, diagnostics } = await load(server(`{ url: "http://h", ${entry} }`));
    expect(diagnostics.map(formatDiagnostic)).toEqual([expect.stringContaining(words)]);
    expect(diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
    expect(servers[0]?.kind).toBe('remote');
  });

  it('reads how many processes or addresses share the calls of a server', async () => {
    const entries = [
      'one: { command: "x", replicas: 1 }',
      'more: { command: "x", replicas: 3 }',
      'far: { urls: ["http://h", "http://i"] }',
      'near: { urls: ["http://h"] }',
    ];
    const { servers } = await load(`{ mcpServers: { ${entries.join(', ')} } }`);
    const [one, more, far, near] = servers;
    expect(one).not.toHaveProperty('replicas');
    expect(more).toMatchObject({ kind: 'stdio', replicas: 3 });
    expect(far).toMatchObject({ kind: 'remote', url: 'http://h', urls: ['http://h', 'http://i'] });
    expect(near).toMatchObject({ kind: 'remote', url: 'http://h' });
    expect(near).not.toHaveProperty('urls');
    expect(await lines('{ mcpServers: { s: { url: "http://h", replicas: 2 } } }')).toEqual([
      expect.stringContaining('mcpServers.s.replicas: Has no meaning beside "url" and is ignored. Give several addresses in "urls"'),
    ]);
  });

  it('reads what is not to be offered', async () => {
    const some = 'disabled_tools: ["a", "b"], disabled_prompts: [], disabled_resourceTemplates: ["x://{y}"]';
    const config = await load(`{ mcpServers: { some: { command: "x", ${some} }, none: { url: "http://h", disabled_resources: [] } } }`);
    expect(config.servers[0]?.disabledItems).toEqual({ tools: ['a', 'b'], resourceTemplates: ['x://{y}'] });
    expect(config.servers[1]).not.toHaveProperty('disabledItems');
    expect(await lines('{ mcpServers: { s: { command: "x", disabled_tools: 5, disabledTools: [] } } }')).toEqual([
      expect.stringContaining('mcpServers.s.disabled_tools: Must be a list, each item a string, not 5.'),
      expect.stringContaining('Did you mean "disabled_tools"?'),
    ]);
  });

  it.each([
    ['{ command: "a", url: "http://h" }', '0.json:1:41: mcpServers.s: Has both "command" and "url". Keep'],
    ['{ command: "a", urls: ["http://h"] }', '0.json:1:42: mcpServers.s: Has both "command" and "urls". Keep'],
    ['{ url: "http://h", urls: ["http://i"] }', 'mcpServers.s.urls: Stands beside "url". Put all addresses into "urls"'],
    ['{ urls: [] }', 'mcpServers.s.urls: Holds no address. Give one or more'],
    ['{ urls: ["http://h", "ftp://h"] }', 'mcpServers.s.urls[1]: Is not an address the hub can call.'],
    ['{ urls: ["http://h", "http://h"] }', 'mcpServers.s.urls[1]: Is the same address once more.'],
    ['{ command: "a", maxConcurrency: "2" }', 'mcpServers.s.maxConcurrency: Must be a whole number of requests from 1 to 10000'],
    ['{ command: "a", isolation: "sesion" }', 'Did you mean "session"?'],
    ['{ url: "http://h", publicOnly: "yes" }', 'mcpServers.s.publicOnly: Must be true or false, not this string. Write it without quotes.'],
    ['{ command: "a", disabled_tools: ["b", {}] }', 'mcpServers.s.disabled_tools[1]: Must be a string, not an object.'],
    ['{ command: "a", disabled_prompts: true }', 'mcpServers.s.disabled_prompts: Must be a list, each item a string, not true.'],
    ['{}', '0.json:1:17: mcpServers.s: Has neither "command" nor "url". Give'],
    ['[]', '0.json:1:17: mcpServers.s: Has neither "command" nor "url". Give'],
    ['"x"', 'mcpServers.s: Must be an object, not this string.'],
    ['{ command: "a", args: "b" }', 'mcpServers.s.args: Must be a list, each item a string, not this string. Put it in square brackets.'],
    ['{ command: "a", args: ["b", {}] }', '0.json:1:48: mcpServers.s.args[1]: Must be a string, not an object.'],
    ['{ command: "a", env: { "A B": [] } }', 'mcpServers.s.env["A B"]: Must be a string, not a list.'],
    ['{ command: " " }', 'mcpServers.s.command: Must not be empty.'],
    ['{ url: "ftp://h" }', 'mcpServers.s.url: Is not an address the hub can call.'],
    ['{ command: "a", dev: { cwd: "rel" } }', 'mcpServers.s.dev.cwd: Must be an absolute path.'],
    [
      '{ command: "a", dev: { watch: ["ok", "(a+)+"] } }',
      'mcpServers.s.dev.watch[1]: Has parentheses that are no part of a glob. Write {a,b} or @(a|b) for one of several.',
    ],
  ])('keeps %s out and the others in', async (body, expected) => {
    const config = await load(`{ mcpServers: { s: ${body}, ok: { command: "x" } } }`);
    const [broken, fine] = config.servers;
    expect(broken).toMatchObject({ id: 's', kind: 'invalid', errors: [{ severity: 'error', serverId: 's' }] });
    expect(broken?.errors.map(formatDiagnostic).join()).toContain(expected);
    expect(fine).toMatchObject({ id: 'ok', kind: 'stdio', errors: [] });
  });

  it('says nothing of a drive that is none', async () => {
    const entry = '{ command: "C:/x.exe", args: ["a:b", "--to=C:x", "x:1.5"], description: "A: b", dev: {} }';
    expect((await load(server(entry))).diagnostics.map(formatDiagnostic)).toEqual([]);
  });

  it.each([
    [server('{ command: "a", comand: 1 }'), 'mcpServers.s.comand: Unknown key. Did you mean "command"?'],
    [server('{ command: "a", init_timeout: 1 }'), 'mcpServers.s.init_timeout: Unknown key. Did you mean "initTimeout"?'],
    [server('{ command: "a", agrs: [] }'), 'mcpServers.s.agrs: Unknown key. Did you mean "args"?'],
    [server('{ command: "a", timeout: 1 }'), 'Did you mean "requestTimeout"?'],
    [server('{ command: "a", zzzzz: 1 }'), 'Unknown key. It is ignored.'],
    [server('{ command: "a", headers: {} }'), 'mcpServers.s.headers: Has no meaning beside "command" and is ignored.'],
    [server('{ url: "http://h", args: [] }'), 'mcpServers.s.args: Has no meaning beside "url" and is ignored.'],
    [server('{ command: "a", command: "b" }'), '0.json:1:36: mcpServers.s.command: The key stands twice'],
    [server('{ command: "a", args: ["${X"] }'), 'mcpServers.s.args[0]: A "${" in it is never closed'],
    [
      server(String.raw`{ command: "C:\Program Files\node.exe" }`),
      String.raw`mcpServers.s.command: Looks like a Windows path whose backslashes are lost. Write \\ or / for each of them.`,
    ],
    [server(String.raw`{ command: "node", args: ["a", "C:\Users\me.js"] }`), 'mcpServers.s.args[1]: Looks like a Windows path'],
    ['{ files: { command: "npx", args: [] } }', 'files: Unknown key. It is ignored, and looks like a server: put it under "mcpServers".'],
    ['{ context_servers: { a: { command: "x" } } }', 'context_servers: Unknown key. It is ignored; "mcp-hub import" takes over'],
    ['{ startupwait: 1 }', 'startupwait: Unknown key. Did you mean "startupWait"?'],
    ['{ toString: 1, constructor: 2, __proto__: 3 }', 'toString: Unknown key.'],
  ])('warns of %s', async (text, expected) => {
    const config = await load(text);
    expect(config.diagnostics.every(({ severity }) => severity === 'warning')).toBe(true);
    expect(config.diagnostics.map(formatDiagnostic).join('\n')).toContain(expected);
    expect(config.servers.every(({ kind }) => kind !== 'invalid')).toBe(true);
  });

  it('names all errors of all files at once, and uses none of them', async () => {
    const found = await lines('{\n  a: 1\n  b: 2 }', '{ auth: "key", allowedHosts: 5, mcpServers: { s: { command: 1 } } }', '[]');
    expect(found).toEqual([
      '0.json:3:3: Expected "," or "}", but "b" stands here.',
      '1.json:1:9: auth: Must be one of "auto", "keys", not this string. Did you mean "keys"?',
      '1.json:1:30: allowedHosts: Must be a list, each item a string that is not empty, not 5.',
      '2.json:1:1: Must be an object, not a list.',
      '1.json:1:61: mcpServers.s.command: Must be a string, not 1. Put it in quotes.',
    ]);
    await expect(load('{ mcpServers: [1] }')).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    await expect(load('')).rejects.toThrow(/0\.json:1:1: The file is empty/);
  });

  it('refuses a folder, and an unusable MCP_HUB_ENV without showing it', async () => {
    const options = { cwd, defaultFile: 'd.json' };
    await expect(loadConfig({ ...options, files: ['.'], env: {} })).rejects.toThrow(/\.:1:1: The file cannot be read \(EISDIR\)/);
    for (const value of ['{hunter2', '["hunter2"]', '{"A":["hunter2"]}', '{"A=":"hunter2"}']) {
      const failure = await loadConfig({ ...options, files: [], env: { MCP_HUB_ENV: value } }).catch(String);
      expect(failure).toMatch(/MCP_HUB_ENV/);
      expect(failure).not.toMatch(/hunter2/);
    }
  });

  it('has a definition for every server, whatever stands in it, and never fails unexpectedly (2,000 cases)', async () => {
    const keys = ['command', 'args', 'env', 'url', 'type', 'headers', 'disabled', 'dev', 'cwd', 'initTimeout', 'x'];
    const body = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 2 }));
    const { readConfigFile } = await import('../../src/config/file.ts');
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(body, fc.jsonValue({ maxDepth: 2 })), { maxKeys: 3 }), (servers) => {
        const text = JSON.stringify({ mcpServers: servers });
        const expected = Object.keys(JSON.parse(text).mcpServers).sort();
        const read = readConfigFile({ file: 'f', text }, '/');
        expect(read.servers.map(({ definition }) => definition.id).sort()).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  }, 60_000);
});

describe('the setting marketplace', () => {
  it('names registries, or leaves them out', async () => {
    const { settings, diagnostics } = await load(
      '{marketplace: {registryUrl: "http://localhost/r.json", officialUrl: "", readmeUrl: false, officialLimit: 5}}',
    );
    expect(settings.marketplace).toEqual({
      registryUrl: 'http://localhost/r.json',
      officialUrl: false,
      readmeUrl: false,
      officialLimit: 5,
    });
    expect(diagnostics).toEqual([]);
  });

  it.each(['true', '"ftp://x"', '"registry"', '3'])('takes no %s for an address, and asks no other one in its place', async (value) => {
    const { settings, diagnostics } = await load(`{marketplace: {registryUrl: ${value}}}`);
    expect(settings.marketplace).toEqual({ registryUrl: false });
    expect(diagnostics.map(formatDiagnostic).join()).toMatch(
      /marketplace\.registryUrl: Must be an http or https address, or false.*left out/,
    );
  });
});
