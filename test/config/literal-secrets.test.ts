import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { looseModeWarning } from '../../src/config/literal-secrets.ts';

const warns = (entry: object, mode = 0o100644, platform: NodeJS.Platform = 'linux'): boolean =>
  looseModeWarning('c.json', { mode }, { mcpServers: { a: entry } }, platform) !== undefined;

describe('a config file that others can read', () => {
  it.each([
    { env: { API_TOKEN: 'abcdefgh' } },
    { env: { OPENAI_API_KEY: 'abcdefgh' } },
    { env: { SOME_KEY: 'abcdefgh' } },
    { env: { DB_PASSWORD: 'Bearer ${X} abcdefgh' } },
    { env: { ANY: 'ghp_abcdefghijklmnop' } },
    { env: { DB_PIN: 730019283746 } },
    { headers: { Authorization: 'Bearer abcdefgh' } },
    { headers: { 'X-Key': 'abcdefgh' } },
    { args: ['--token', 'abcdefgh'] },
    { args: ['--api-key=abcdefgh'] },
    { args: ['ACCESS_TOKEN=abcdefgh'] },
    { args: ['postgres://me:abcdefgh@db/x'] },
    { args: ['sk-abcdefghijkl'] },
    { url: 'https://x.org/mcp?api_key=abcdefgh' },
    { urls: ['https://me:abcdefgh@x.org/mcp'] },
    { oauth: { clientSecret: 'abcdefgh' } },
  ])('is warned of with %j', (entry) => expect(warns(entry)).toBe(true));

  it.each([
    { command: 'npx', args: ['-y', 'server-token-counter', '--port', '8080', '/home/me/notes'] },
    { env: { API_TOKEN: '${API_TOKEN}', OTHER_TOKEN: null, THIRD_TOKEN: '' } },
    { env: { API_KEY: '${keyring:name}', DB_PASSWORD: '${file:~/x}', A_SECRET: '${cmd: pass show longname}' } },
    { env: { LOG_LEVEL: 'verbose-mode', NODE_ENV: 'production', MAX_TOKENS: 1_000_000, GIT_AUTHOR_NAME: 'Somebody Else' } },
    { env: { TOKEN_FILE: '/run/secrets/token', AUTH_URL: 'https://login.example.com', USE_AUTH: 'false', AUTH: 'none' } },
    { headers: { Authorization: 'Bearer ${TOKEN}', 'X-Tenant': 'a-long-name' } },
    { args: ['--token', '${TOKEN}', '--auth', '--verbose-mode'] },
    { url: 'https://x.org/mcp?tenant=abcdefgh&api_key=${KEY}' },
    { description: 'asks for a token and a password' },
  ])('is not warned of with %j', (entry) => expect(warns(entry)).toBe(false));

  it.each([
    [0o100600, 'linux', false],
    [0o100640, 'linux', true],
    [0o100604, 'darwin', true],
    [0o100622, 'linux', false],
    [0o100666, 'win32', false],
  ] as const)('counts by its mode: %o on %s', (mode, platform, expected) => {
    expect(warns({ env: { API_TOKEN: 'abcdefgh' } }, mode, platform)).toBe(expected);
  });
});

describe.skipIf(process.platform === 'win32')('loadConfig', () => {
  let folder = '';
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'hub-modes-'))));
  afterAll(() => rm(folder, { recursive: true }));

  it('names the file, its mode and what to do, and no secret', async () => {
    const file = 'c.json';
    const path = join(folder, file);
    await writeFile(path, JSON.stringify({ mcpServers: { a: { command: 'x', env: { API_TOKEN: 's3cret-value' } } } }));
    await chmod(path, 0o644);
    const load = async () => (await loadConfig({ files: [file], env: {}, cwd: folder, defaultFile: '' })).diagnostics;
    const [warning, ...others] = await load();
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ severity: 'warning', file, line: 1, column: 1, keyPath: '' });
    expect(`${warning?.message} ${warning?.hint}`).toMatch(/mode 0644.*chmod 600 c\.json/);
    expect(JSON.stringify(warning)).not.toContain('s3cret');
    await chmod(path, 0o600);
    expect(await load()).toEqual([]);
  });
});
