import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../../src/config/index.ts';
import { readConfigFile } from '../../src/config/file.ts';

function read(document: object) {
  const { servers, settings, diagnostics } = readConfigFile({ file: 'c.json', text: JSON.stringify(document) }, '/');
  const all = [...diagnostics, ...servers.flatMap((entry) => entry.diagnostics)];
  return { definitions: servers.map(({ definition }) => definition), settings, all, words: all.map(formatDiagnostic) };
}

function entry(value: object) {
  const { definitions, ...rest } = read({ mcpServers: { s: value } });
  return { definition: definitions[0], ...rest };
}

describe('"type"', () => {
  it.each(['stdio', 'STDIO', 'local', 'Local'])('%j means a command', (type) => {
    expect(entry({ command: 'x', type })).toMatchObject({ definition: { kind: 'stdio' }, words: [] });
  });

  it.each([
    ['http', 'auto'],
    ['HTTP', 'auto'],
    ['remote', 'auto'],
    ['SSE', 'sse'],
    ['sse', 'sse'],
    ['streamable_http', 'http'],
    ['streamable-http', 'http'],
    ['streamableHttp', 'http'],
  ])('%j means the transport %s of an address', (type, transport) => {
    expect(entry({ url: 'http://h', type })).toMatchObject({ definition: { kind: 'remote', transport }, words: [] });
  });

  it.each([
    [{ command: 'x', type: 'http' }, '"http" does not go with "command" and is ignored. Write "stdio" or leave it out.'],
    [{ command: 'x', type: 'remote' }, '"remote" does not go with "command"'],
    [{ url: 'http://h', type: 'stdio' }, '"stdio" does not go with "url" and is ignored. Write "http" or "sse", or leave it out.'],
    [{ url: 'http://h', type: 'local' }, '"local" does not go with "url"'],
    [{ command: 'x', type: '' }, 'not this string; it counts as absent. Leave it out: "command" or "url" says enough.'],
    [{ command: 'x', type: 'ws' }, 'Must be one of "stdio", "http"'],
    [{ url: 'http://h', type: 'htp' }, 'Did you mean "http"?'],
    [{ url: 'http://h', type: 5 }, 'not 5; it counts as absent.'],
  ])('that cannot be right is a warning: %j', (value, words) => {
    const { definition, all, words: said } = entry(value);
    expect(definition).toMatchObject('command' in value ? { kind: 'stdio' } : { kind: 'remote', transport: 'auto' });
    expect(all).toMatchObject([{ severity: 'warning', keyPath: 'mcpServers.s.type', serverId: 's' }]);
    expect(said[0]).toContain(words);
  });
});

describe('null', () => {
  it('counts as absent in an entry, whatever the key', () => {
    const keys = 'url urls args env envFile cwd headers type disabled name description dev oauth replicas isolation start restart';
    const more = 'disabled_tools maxConcurrency maxQueue publicOnly forwardHeaders sandbox toolTimeouts maxMessageSize';
    const nulls = Object.fromEntries(`${keys} ${more}`.split(' ').map((key) => [key, null]));
    const plain = entry({ command: 'x' });
    expect(entry({ ...nulls, command: 'x' })).toEqual(plain);
    const far = { url: 'http://h', headers: { A: null, B: 'b' }, command: null, dev: null };
    expect(entry(far)).toMatchObject({ definition: { kind: 'remote', headers: { B: 'b' } }, words: [] });
    expect(entry({ command: 'x', dev: { cwd: null }, toolTimeouts: { a: null } }).words).toEqual([]);
  });

  it('counts as absent at the top level', () => {
    const keys = 'startupWait maxBodySize auth allowedHosts trustedHosts allowedUpstreamHosts marketplace';
    const nulls = Object.fromEntries(keys.split(' ').map((key) => [key, null]));
    expect(read({ ...nulls, mcpServers: {} })).toEqual(read({ mcpServers: {} }));
  });

  it('takes a variable from outside in "env", and makes no entry', () => {
    expect(entry({ command: 'x', env: { A: null } }).definition).toMatchObject({ env: { A: null } });
    expect(read({ mcpServers: { s: null } }).definitions).toMatchObject([{ kind: 'invalid' }]);
  });
});

it.each(['cwd', 'envFile', 'name'])('an empty "%s" counts as absent', (key) => {
  expect(entry({ command: 'x', [key]: '' })).toEqual(entry({ command: 'x' }));
});

describe('"disabled"', () => {
  it.each([
    ['true', true],
    ['false', true],
    ['', false],
    [0, false],
    [1, true],
    [{}, true],
  ])('%j disables: %s', (disabled, expected) => {
    const { definition, all } = entry({ command: 'x', disabled });
    expect(definition).toMatchObject({ kind: 'stdio', disabled: expected });
    expect(all).toMatchObject([
      { severity: 'warning', keyPath: 'mcpServers.s.disabled', message: expect.stringContaining(`taken for ${expected}`) },
    ]);
  });
});

describe('what is not offered', () => {
  it.each([
    ['a', ['a'], 1],
    [['a', 5], ['a', '5'], 0],
    [{}, undefined, 0],
  ])('is understood from %j', (value, tools, warnings) => {
    const { definition, all } = entry({ command: 'x', disabled_tools: value });
    expect(definition?.kind).toBe('stdio');
    expect(definition?.disabledItems?.tools).toEqual(tools);
    expect(all).toHaveLength(warnings);
  });
});

it.each([
  ['name', 5],
  ['description', ['a']],
  ['start', 'now'],
  ['start', true],
  ['restart', 'always'],
  ['idleTimeout', '5m'],
  ['pingInterval', true],
  ['replicas', 0],
  ['envFile', {}],
  ['requestTimeout', '30s'],
])('a wrong "%s" (%j) counts as absent, with a warning', (key, value) => {
  const { definition, all } = entry({ command: 'x', [key]: value });
  expect(definition).toEqual(entry({ command: 'x' }).definition);
  expect(all).toMatchObject([{ severity: 'warning', keyPath: `mcpServers.s.${key}`, hint: expect.stringMatching(/./) }]);
});

describe('a wrong setting', () => {
  it.each([
    ['marketplace', 5],
    ['maxBodySize', 'big'],
    ['startupWait', '5'],
    ['maxToolNameLength', 5],
    ['sessionIdleTimeout', {}],
    ['maxSessions', 0],
    ['shutdownTimeout', -1],
  ])('is a warning, and the default is in force: %s', (key, value) => {
    const { settings, all } = read({ [key]: value });
    expect(settings).toEqual({});
    expect(all).toMatchObject([{ severity: 'warning', keyPath: key, hint: expect.stringMatching(/./) }]);
  });

  it.each([
    ['auth', { x: 1 }],
    ['auth', 'key'],
    ['allowedHosts', 'a'],
    ['trustedHosts', 5],
    ['allowedUpstreamHosts', 'a'],
  ])('that protects stays an error: %s', (key, value) => {
    expect(read({ [key]: value }).all).toMatchObject([{ severity: 'error', keyPath: key }]);
  });
});

it('the kind of a broken entry is told by its keys', () => {
  expect(entry({ url: 'nonsense' }).definition).toMatchObject({ kind: 'invalid', isRemote: true });
  expect(entry({ urls: [] }).definition).toMatchObject({ kind: 'invalid', isRemote: true });
  expect(entry({ command: 5 }).definition).not.toHaveProperty('isRemote');
  expect(entry({ command: 'x', url: 'http://h' }).definition).not.toHaveProperty('isRemote');
});
