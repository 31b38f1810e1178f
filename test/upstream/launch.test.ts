import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isHubError, messageOf, type Secret } from '../../src/base/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { inheritedEnvironment } from '../../src/upstream/process/child-environment.ts';
import { type Launch, resolveLaunch } from '../../src/upstream/index.ts';

let cwd = '';
beforeAll(async () => void (cwd = await realpath(await mkdtemp(join(tmpdir(), 'hub-launch-')))));
afterAll(() => rm(cwd, { recursive: true }));

const signal = new AbortController().signal;
const base = { PATH: process.env['PATH'] ?? '', HOME: '/home/me', USER: 'me' };

/** The launch of a server written as in a config file. */
async function launch(entry: object, env: Record<string, string> = {}): Promise<Launch> {
  const file = join(cwd, 'config.json');
  await writeFile(file, JSON.stringify({ mcpServers: { srv: entry } }));
  return launchFrom(file, { ...base, ...env });
}

async function launchFrom(file: string, env: Record<string, string>): Promise<Launch> {
  const [definition] = (await loadConfig({ files: [file], env, cwd, defaultFile: '' })).servers;
  if (!definition || definition.kind === 'invalid') throw new Error('a broken fixture');
  return resolveLaunch(definition, { env, cwd, signal });
}

async function stdio(entry: object, env?: Record<string, string>): Promise<Extract<Launch, { kind: 'stdio' }>> {
  const result = await launch(entry, env);
  if (result.kind !== 'stdio') throw new Error('not stdio');
  return result;
}

async function remote(entry: object, env?: Record<string, string>): Promise<Extract<Launch, { kind: 'remote' }>> {
  const result = await launch(entry, env);
  if (result.kind !== 'remote') throw new Error('not remote');
  return result;
}

const reveal = (values: Readonly<Record<string, Secret>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.reveal()]));

describe('resolveLaunch', () => {
  it('hands maxMessageSize on, for both kinds', async () => {
    expect((await launch({ command: 'x', maxMessageSize: 2048 })).maxMessageBytes).toBe(2048);
    expect((await launch({ url: 'http://x/', maxMessageSize: 4096 })).maxMessageBytes).toBe(4096);
    expect(await launch({ command: 'x' })).not.toHaveProperty('maxMessageBytes');
  });

  it('resolves env first, then everything else with it on top', async () => {
    const entry = {
      command: '${DIR}/server',
      args: ['--token', '${TOKEN}', '$TOKEN'],
      cwd: '${DIR}',
      env: { TOKEN: '${cmd: echo tok-1234}', DIR: '${cwd}' },
    };
    const result = await stdio(entry, { TOKEN: 'outer' });
    expect(result.command.reveal()).toBe(`${cwd}/server`);
    expect(result.args.map((arg) => arg.reveal())).toEqual(['--token', 'tok-1234', 'tok-1234']);
    expect(result.cwd).toBe(cwd);
    expect(result.label).toBe('${DIR}/server --token ${TOKEN} $TOKEN');
    expect(JSON.stringify(result)).not.toContain('tok-1234');
  });

  it.each<[string, Record<string, unknown>]>([
    ['cwd', { command: 'x', cwd: `/${'long'.repeat(50_000)}` }],
    ['envFile', { command: 'x', envFile: `/${'long'.repeat(50_000)}` }],
    ['command', { command: `\${${'LONG'.repeat(50_000)}}` }],
  ])('quotes no more than the beginning of a %s that is no good', async (field, entry) => {
    const error = await launch(entry).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ message: expect.stringContaining(field) });
    expect(JSON.stringify([messageOf(error), isHubError(error) && error.details]).length).toBeLessThan(1_000);
  });

  it('shows no more than the beginning of a long command line or address', async () => {
    expect((await launch({ command: 'x', args: ['y'.repeat(200_000)] })).label).toBe(`x ${'y'.repeat(298)}…`);
    expect((await launch({ url: `http://x/${'y'.repeat(200_000)}` })).label).toBe(`http://x/${'y'.repeat(291)}…`);
  });

  it('builds the environment: inherited, MCP_HUB_ENV, envFile, env, each over the one before', async () => {
    await writeFile(join(cwd, '.env'), '# c\nexport A=file\nB="file\\n2" # c\nC=file\nD=\n');
    const hub = { MCP_HUB_ENV: '{"A":"hub","HUB":"hub","input:x":"no","LANG":"hub"}' };
    const result = await stdio(
      { command: 'x', envFile: '${workspaceFolder}/.env', env: { C: 'own' } },
      { ...hub, LANG: 'C', GITHUB_TOKEN: 'mine' },
    );
    expect(reveal(result.env)).toEqual({ ...base, LANG: 'hub', HUB: 'hub', A: 'file', B: 'file\n2', C: 'own', D: '' });
    // Without any value, for people who look for what a server was given.
    const from = { A: 'envFile', B: 'envFile', C: 'env', D: 'envFile', HOME: 'inherited', HUB: 'MCP_HUB_ENV', LANG: 'MCP_HUB_ENV' };
    expect(result.environmentNames).toEqual(
      Object.entries({ ...from, PATH: 'inherited', USER: 'inherited' }).map(([name, from]) => ({ name, value: '[redacted]', from })),
    );
    expect(result.cwd).toBe(cwd);
  });

  it('resolves a remote server', async () => {
    const entry = {
      url: 'https://${HOST}/mcp?key=${KEY}&x=literal',
      headers: { Authorization: 'Bearer ${KEY}' },
      env: { HOST: 'example.com' },
    };
    const result = await remote(entry, { KEY: 'k3y-5678' });
    expect(result.url.reveal()).toBe('https://example.com/mcp?key=k3y-5678&x=literal');
    expect(reveal(result.headers)).toEqual({ Authorization: 'Bearer k3y-5678' });
    expect(result).toMatchObject({ transport: 'auto', label: 'https://${HOST}/mcp?key=${KEY}&x=[redacted]' });
    expect(result.redact('GET https://example.com/mcp?key=k3y-5678&x=literal failed')).toBe(
      'GET https://[redacted]/mcp?key=[redacted]&x=[redacted] failed',
    );
  });

  it('resolves how the hub logs in, and shows none of it', async () => {
    const oauth = { clientId: '${APP}', clientSecret: '${KEY}', scopes: ['${SCOPE}'], issuer: 'https://${HOST}' };
    const result = await remote(
      { url: 'https://h/mcp', oauth },
      { APP: 'my-app-id', KEY: 'k3y-5678', SCOPE: 'mcp:all', HOST: 'login.example' },
    );
    expect(result.oauth).toMatchObject({ clientId: 'my-app-id', scopes: ['mcp:all'], issuer: 'https://login.example' });
    expect(result.oauth && result.oauth.clientSecret?.reveal()).toBe('k3y-5678');
    expect(JSON.stringify(result.oauth)).not.toContain('k3y-5678');
    expect(result.redact('my-app-id k3y-5678')).toBe('[redacted] [redacted]');
    const literal = await remote({ url: 'https://h/mcp', oauth: { clientId: 'me', privateKey: 'line-number-1\nline-number-2' } }, {});
    expect(literal.redact('x line-number-2 y')).toBe('x [redacted] y');
    expect((await remote({ url: 'https://h/mcp', oauth: false }, {})).oauth).toBe(false);
  });

  it('starts what VS Code and Claude Code write', async () => {
    const fixtures = join(import.meta.dirname, '../fixtures/config');
    await writeFile(join(cwd, '.env'), 'FROM_FILE=1\n');
    const env = { ...base, MCP_HUB_ENV: '{"input:api-key":"s3cret-value","input:region":"eu"}' };
    const code = await launchFrom(join(fixtures, '.vscode/mcp.json'), env);
    if (code.kind !== 'stdio') throw new Error('not stdio');
    expect(code.args.map((arg) => arg.reveal())).toEqual([`${cwd}/server.js`, '--sep=/', '--region', 'eu']);
    expect(reveal(code.env)).toMatchObject({ API_KEY: 's3cret-value', RETRIES: '3', HOME_DIR: '/home/me', FROM_FILE: '1' });
    const claude = await launchFrom(join(fixtures, '.mcp.json'), { ...base, API_KEY: 'key-1' });
    if (claude.kind !== 'remote') throw new Error('not remote');
    expect(claude.url.reveal()).toBe('https://api.example.com/mcp');
  });

  it.each([
    [{ command: '${X}' }, 'Server "srv": command is empty once'],
    [{ command: 'x', cwd: 'nowhere' }, 'Server "srv": cwd (nowhere) is not a folder'],
    [{ command: 'x', envFile: 'none.env' }, 'Server "srv": envFile (none.env) is not a file'],
    [{ command: 'x', env: { 'A=B': '1' } }, 'has a name that no variable can have: "A=B"'],
    [{ command: 'x', env: { A: '\u0000' } }, 'env.A holds a NUL character'],
    [{ url: '${HOST}/mcp' }, 'Server "srv": url is not an http or https address'],
    [{ url: 'http://h', headers: { A: '${LINES}' } }, 'headers.A holds a line break'],
  ])('refuses %j', async (entry, expected) => {
    const failure = launch(entry, { X: '', HOST: 'hunter2', LINES: 'hunter2\nX: y' });
    await expect(failure).rejects.toMatchObject({ code: 'CONFIG_ERROR', details: { server: 'srv' } });
    await expect(failure).rejects.toThrow(expected);
    await expect(failure).rejects.not.toThrow('hunter2');
  });
});

describe('redact', () => {
  it('hides every resolved value, however it is spelled', async () => {
    const pem = '-----BEGIN KEY-----\nMIIBVgIBADANBg\n-----END KEY-----';
    const hub = { MCP_HUB_ENV: '{"HUB_SECRET":"hub-secret"}', HTTPS_PROXY: 'http://u:pr0xy-pass@proxy:3128' };
    const { redact } = await stdio(
      { command: 'x', args: ['${A}'], env: { B: 'a "b"/c$', LITERAL: 'lit-eral', PEM: pem } },
      { ...hub, A: 'from.env' },
    );
    const text = `from.env fromXenv lit-eral hub-secret a "b"/c$ ${JSON.stringify('a "b"/c$')} ${encodeURIComponent('a "b"/c$')} pr0xy-pass`;
    expect(redact(text)).toBe('[redacted] fromXenv [redacted] [redacted] [redacted] "[redacted]" [redacted] [redacted]');
    expect(redact('read MIIBVgIBADANBg here')).toBe('read [redacted] here');
  });

  it('leaves alone what says nothing or is known anyway', async () => {
    const env = { LEVEL: 'debug', PORT: '8080', ABC: 'abc', H: '${HOME}', P: '${PATH}', W: '${workspaceFolder}' };
    const { redact } = await stdio({ command: 'x', env });
    const text = `debug: abc listens on 8080 in ${cwd} of /home/me with ${base.PATH}`;
    expect(redact(text)).toBe(text);
  });
});

describe('inheritedEnvironment', () => {
  it('takes the safe set only', () => {
    const env = {
      PATH: 'p',
      LC_ALL: 'C',
      XDG_RUNTIME_DIR: '/run',
      https_proxy: 'x',
      AWS_SECRET: 's',
      HOME: undefined,
      SHELL: '() { :; }',
      Path: 'n',
    };
    expect(inheritedEnvironment(env, 'linux')).toEqual({ PATH: 'p', LC_ALL: 'C', XDG_RUNTIME_DIR: '/run', https_proxy: 'x' });
    expect(inheritedEnvironment({ Path: 'p', SystemRoot: 'c', TOKEN: 't' }, 'win32')).toEqual({ Path: 'p', SystemRoot: 'c' });
  });
});
