import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatDiagnostic, type HubConfig, isAllowedHost, loadConfig } from '../../src/config/index.ts';

let cwd = '';
beforeEach(async () => void (cwd = await mkdtemp(join(tmpdir(), 'hub-outgoing-'))));
afterEach(() => rm(cwd, { recursive: true }));

async function load(...files: object[]): Promise<HubConfig> {
  const names = files.map((_, index) => `${index}.json`);
  await Promise.all(files.map((file, index) => writeFile(join(cwd, `${index}.json`), JSON.stringify(file))));
  return loadConfig({ files: names, env: {}, cwd, defaultFile: 'default.json' });
}

const remote = (more: object, settings: object = {}) => load({ ...settings, mcpServers: { s: { url: 'https://a.example/mcp', ...more } } });
const said = ({ diagnostics }: HubConfig): string => diagnostics.map(formatDiagnostic).join('\n');

describe('"forwardHeaders"', () => {
  it('holds names in any spelling, and beginnings', async () => {
    const config = await remote({ forwardHeaders: ['X-Request-Id', 'traceparent', 'X-Foo-*', 'x-request-id'] });
    expect(config.servers[0]).toMatchObject({ forwardHeaders: ['x-request-id', 'traceparent', 'x-foo-*'] });
    expect(config.diagnostics).toEqual([]);
    expect((await remote({})).servers[0]).not.toHaveProperty('forwardHeaders');
  });

  it.each([
    ['Authorization', 'what the client shows to the hub'],
    ['X-API-Key', 'what the client shows to the hub'],
    ['Cookie', 'what the client shows to the hub'],
    ['Connection', 'between the client and the hub'],
    ['Proxy-Authorization', 'between the client and the hub'],
    ['Transfer-Encoding', 'between the client and the hub'],
    ['Host', 'anew for every message'],
    ['Mcp-Session-Id', 'anew for every message'],
    ['Mcp-*', 'anew for every message'],
    ['Content-*', 'anew for every message'],
    ['Last-Event-ID', 'anew for every message'],
    ['Sec-Fetch-Site', 'which web page'],
    ['*', 'not the name of a header'],
    ['X-*-Id', 'not the name of a header'],
    ['-*', 'not the name of a header'],
    ['X-A: 1', 'not the name of a header'],
    ['', 'not the name of a header'],
  ])('takes no %j', async (name, words) => {
    const config = await remote({ forwardHeaders: ['X-Ok', name] });
    expect(config.servers[0]?.kind).toBe('invalid');
    expect(said(config)).toMatch(/mcpServers\.s\.forwardHeaders\[1\]/);
    expect(said(config).toLowerCase()).toContain(words.toLowerCase());
  });

  it('means nothing for a local server', async () => {
    const config = await load({ mcpServers: { s: { command: 'x', forwardHeaders: ['X-A'] } } });
    expect(config.servers[0]?.kind).toBe('stdio');
    expect(said(config)).toContain('Has no meaning beside "command"');
  });
});

describe('"headers"', () => {
  it.each([
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'Content-Length',
    'Content-Type',
    'Mcp-Session-Id',
    'MCP-Protocol-Version',
    'Host',
  ])('are sent without %s, with a warning', async (name) => {
    const config = await remote({ headers: { [name]: 'x', 'X-Key': 'k' } });
    expect(config.servers[0]).toMatchObject({ kind: 'remote', headers: { 'X-Key': 'k' } });
    expect(config.servers[0]).not.toHaveProperty(['headers', name]);
    expect(said(config)).toContain('Is ignored: the hub sets it');
  });

  it.each([
    [{ 'A B': 'x' }, 'Is not a name that a header can have'],
    [{ 'X-A:': 'x' }, 'Is not a name that a header can have'],
    [{ 'X-A': 'hunter2\r\nX-Evil: 1' }, 'Holds a line break'],
    [{ 'X-A': 'hunter2\u0000' }, 'Holds a line break'],
    [{ 'X-A': 'hunter2名' }, 'Holds a line break'],
  ])('have an error for %j that shows no value', async (headers, words) => {
    const config = await remote({ headers });
    expect(config.servers[0]?.kind).toBe('invalid');
    expect(said(config)).toContain(words);
    expect(said(config)).not.toContain('hunter2');
  });
});

describe('"allowedUpstreamHosts"', () => {
  it('leaves other servers with an error, wherever the setting stands', async () => {
    const config = await load(
      { mcpServers: { in: { url: 'https://a.example/mcp' }, out: { url: 'https://b.example:8443/mcp' }, local: { command: 'x' } } },
      { allowedUpstreamHosts: ['A.example'], mcpServers: { many: { urls: ['https://a.example/1', 'https://c.example/2'] } } },
    );
    expect(config.servers.map(({ id, kind }) => [id, kind])).toEqual([
      ['in', 'remote'],
      ['out', 'invalid'],
      ['local', 'stdio'],
      ['many', 'invalid'],
    ]);
    expect(said(config)).toContain('The host b.example is none of "allowedUpstreamHosts"');
    expect(said(config)).toContain('The host c.example is none of "allowedUpstreamHosts"');
    expect(config.servers[1]?.errors).toHaveLength(1);
    expect(config.servers[1]?.errors[0]?.keyPath).toBe('mcpServers.out.url');
  });

  it('is not asked about an address that is not known before the start', async () => {
    const config = await remote({ url: 'https://${env:HOST}/mcp' }, { allowedUpstreamHosts: ['a.example'] });
    expect(config.servers[0]?.kind).toBe('remote');
  });

  it.each([
    ['a.example', 'a.example', true],
    ['a.example', 'A.EXAMPLE.', true],
    ['a.example', 'b.a.example', false],
    ['*.example', 'a.example', true],
    ['*.example', 'b.a.example', true],
    ['*.example', 'example', false],
    ['*.example', 'evilexample', false],
    ['a.example', 'a.example.evil', false],
    ['10.0.0.5', '10.0.0.5', true],
    ['::1', '[::1]', true],
    ['[::1]', '[::1]', true],
    ['größe.example', 'xn--gre-6ka8i.example', true],
  ])('%s and the host %s: %s', async (pattern, host, isAllowed) => {
    const { settings } = await load({ allowedUpstreamHosts: [pattern] });
    expect(isAllowedHost(new URL(`http://${host}/`).hostname, settings.allowedUpstreamHosts)).toBe(isAllowed);
    expect(isAllowedHost(host, [])).toBe(true);
  });

  it.each(['https://a.example', 'a.example/mcp', 'a.example:80', '*', '*.', 'a.*.example', 'u@a.example', ' '])(
    'takes no %j',
    async (pattern) => {
      await expect(load({ allowedUpstreamHosts: [pattern] })).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    },
  );
});

describe('"publicOnly"', () => {
  it.each(['http://127.0.0.1:1/mcp', 'http://2130706433/', 'http://localhost/', 'http://169.254.169.254/', 'http://[::ffff:10.0.0.1]/'])(
    'has an error beside %s',
    async (url) => {
      const config = await remote({ url, publicOnly: true });
      expect(config.servers[0]?.kind).toBe('invalid');
      expect(said(config)).toContain('a private network');
      expect((await remote({ url })).servers[0]?.kind).toBe('remote');
      expect((await load({ mcpServers: { s: { urls: ['https://a.example/', url], publicOnly: true } } })).servers[0]?.kind).toBe('invalid');
    },
  );

  it('goes with an address in the world', async () => {
    expect((await remote({ publicOnly: true })).servers[0]).toMatchObject({ kind: 'remote', publicOnly: true });
  });
});
