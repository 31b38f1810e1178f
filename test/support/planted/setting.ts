import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../../src/base/index.ts';
import { SealedFile } from '../../../src/config/index.ts';
import { environment, HUB_BIN, type HubProcess, makeFolder, PROJECT, startHub } from '../hub-process.ts';

/** One for every place that a person or a program keeps a secret in; with characters that JSON and addresses write otherwise. */
export const secrets = {
  envLiteral: 'env-literal"Zq1aaa+/x',
  header: 'header-Zq2bbb&c=d-eee',
  urlQuery: 'url-query-Zq3ccc-0123',
  urlPassword: 'url-password-Zq4ddd-01',
  argument: 'argument-Zq5eee\\0123',
  argumentWithName: 'argument-name-Zq6fff',
  envFile: 'env-file-Zq7ggg 0123',
  command: 'command-Zq8hhh-01234',
  file: 'file-Zq9iii/012345678',
  keyring: 'keyring-Zq10jjj-01234',
  hubEnv: 'hub-env-Zq11kkk-01234',
  input: 'input-Zq12lll-0123456',
  processEnv: 'process-env-Zq13mmm-0',
  accessToken: 'access-Zq14nnn-012345',
  refreshToken: 'refresh-Zq15ooo-01234',
  clientSecret: 'client-Zq16ppp-012345',
  newClientSecret: 'client-Zq17qqq-678901',
  newAccessToken: 'access-Zq18rrr-678901',
  newRefreshToken: 'refresh-Zq19sss-67890',
  code: 'code-Zq20ttt-01234567',
  badConfig: 'bad-config-Zq21uuu-01',
  givenKey: 'given-key-Zq22vvv-0123456789',
  wrongKey: 'wrong-key-Zq23www-0123456789',
  wrongHubKey: `mcphub_zq24xxxx_${'Zq24'.repeat(10)}xyz`,
} as const;

export type SecretName = keyof typeof secrets;

/** The servers, each with what it may know of the secrets besides {@link forAll}. */
export const servers: Readonly<Record<string, readonly SecretName[]>> = {
  tells: ['envLiteral', 'argument', 'argumentWithName', 'envFile', 'command', 'file', 'keyring', 'input', 'processEnv'],
  fails: ['envLiteral', 'argument', 'argumentWithName', 'command', 'file', 'keyring'],
  bystander: [],
};

/** `MCP_HUB_ENV` is for all servers. */
export const forAll: readonly SecretName[] = ['hubEnv'];
export const names = [
  ...Object.keys(servers),
  'missing',
  'unresolved',
  'failing-command',
  'remote',
  'with-password',
  'logged-in',
  'begins-login',
];

/** Shows everything that it was given on standard error, and then serves or ends. */
const TELLTALE = `
const { env, argv } = process;
const all = [...Object.entries(env).filter(([name]) => !['PATH', 'HOME', 'TMPDIR'].includes(name) && !name.startsWith('XDG_')).map(([, value]) => value), ...argv.slice(2)];
for (const text of all) console.error('told: ' + text);
console.error('as json: ' + JSON.stringify(all));
if (argv.includes('--fail')) { console.error('fatal: ' + all.join(' ')); process.exit(3); }
await import(process.env.ECHO_SERVER);
`;

/** Keeps what it is, as the system shows it, in a file of that name. */
const CONFESS = (file: string): string => `tr '\\0' '\\n' < /proc/$$/environ > ${file}; tr '\\0' ' ' < /proc/$$/cmdline >> ${file};`;

const ECHO_SERVER = pathToFileURL(join(PROJECT, 'test/fixtures/servers/echo.mjs')).href;

export function configText(folder: string, remoteUrl: string): string {
  const env = { ECHO_SERVER };
  const args = [join(folder, 'telltale.mjs'), '--token', secrets.argument, `--api-key=${secrets.argumentWithName}`];
  const some = {
    ...env,
    LITERAL: secrets.envLiteral,
    COMMAND: `\${cmd: ${CONFESS('command.seen')} cat command.txt}`,
    FILE: '${file:secret.txt}',
    KEYRING: '${keyring:planted}',
  };
  const local = { command: process.execPath, args };
  const servers = {
    tells: { ...local, args: [...args, '${input:planted}'], env: { ...some, FROM_HUB: '${PLANTED_TOKEN}' }, envFile: 'server.env' },
    fails: { ...local, args: [...args, '--fail'], env: some },
    bystander: { ...local, args: args.slice(0, 1), env },
    missing: { command: '/no/such/program', args, env: some },
    unresolved: { ...local, args: [...args, '${keyring:nowhere}'], env: some },
    'failing-command': { ...local, env: { ...some, OTHER: '${cmd: cat command.txt; cat command.txt >&2; exit 4}' } },
    remote: {
      url: `${remoteUrl}?key=${encodeURIComponent(secrets.urlQuery)}`,
      headers: { 'X-Key': secrets.header, 'X-More': '${file:secret.txt} ${keyring:planted}' },
    },
    'with-password': { url: remoteUrl.replace('//', `//me:${secrets.urlPassword}@`) },
    'logged-in': { url: `${remoteUrl}/login` },
    'begins-login': { url: `${remoteUrl}/login/2` },
  };
  return JSON.stringify({ mcpServers: servers }, null, 2);
}

export interface Setting {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  start(): Promise<HubProcess>;
  /** Runs a command of the hub's; both streams. */
  run(input: string, ...args: readonly string[]): Promise<string>;
}

/** A folder with a config full of secrets, all that it needs, and a store of logins. */
export async function makeSetting(remoteUrl: string, port: number): Promise<Setting> {
  const folder = await makeFolder();
  const path = await programs(folder);
  const env: Record<string, string> = { ...environment(folder), PATH: `${path}:${process.env['PATH'] ?? ''}`, TMPDIR: join(folder, 'tmp') };
  await mkdir(env['TMPDIR'] ?? '');
  await mkdir(join(folder, 'reports'));
  const texts = {
    'telltale.mjs': TELLTALE,
    'command.txt': secrets.command,
    'secret.txt': `${secrets.file}\n`,
    'server.env': `FROM_FILE="${secrets.envFile}"\n`,
    'stray.txt': [
      secrets.envLiteral,
      secrets.header,
      secrets.command,
      secrets.file,
      secrets.keyring,
      secrets.hubEnv,
      secrets.newAccessToken,
    ].join('\n'),
    'c.json': configText(folder, remoteUrl),
    'given.key': `${secrets.givenKey}\n`,
    'wrong.key': `${secrets.wrongHubKey}\n`,
    'two.key': `${secrets.givenKey} ${secrets.wrongKey}\n`,
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
  await storeLogin(join(env['XDG_DATA_HOME'] ?? '', 'mcp-hub'), `${remoteUrl}/login`, port);
  const run: Setting['run'] = (input, ...args) => runCommand({ folder, env, input, args });
  const hubEnv = {
    ...env,
    MCP_HUB_ENV: JSON.stringify({ HUB_ENV_KEY: secrets.hubEnv, 'input:planted': secrets.input }),
    PLANTED_TOKEN: secrets.processEnv,
    // A screen, so that a browser is opened; and everything on that writes reports of crashes.
    DISPLAY: ':99',
    NODE_OPTIONS: [
      `--import ${pathToFileURL(join(PROJECT, 'test/fixtures/faults/stray-secret.mjs')).href}`,
      `--report-on-signal --report-uncaught-exception --report-on-fatalerror --report-directory=${join(folder, 'reports')}`,
    ].join(' '),
  };
  const start = (): Promise<HubProcess> =>
    startHub({ cwd: folder, port, env: hubEnv, args: ['--config', 'c.json', '--watch', '--verbose', '--api-key-file', 'given.key'] });
  return { folder, env, start, run };
}

/** A browser, as the system would open one. */
async function programs(folder: string): Promise<string> {
  const path = join(folder, 'programs');
  await mkdir(path);
  await writeFile(join(path, 'xdg-open'), `#!/bin/sh\n${CONFESS(join(folder, 'browser.seen'))}\n`, { mode: 0o755 });
  return path;
}

async function storeLogin(data: string, url: string, port: number): Promise<void> {
  const login = {
    client: { client_id: 'hub', client_secret: secrets.clientSecret },
    redirectUrl: `http://localhost:${port}/api/oauth/callback?server_name=logged-in`,
    tokens: { access_token: secrets.accessToken, refresh_token: secrets.refreshToken, token_type: 'bearer', expires_in: 1 },
    obtainedAtMs: Date.now(),
  };
  const file = new SealedFile({ path: join(data, 'oauth-storage.json'), keyFile: join(data, 'key'), clock: systemClock, what: 'logins' });
  await file.change(() => ({ [`logged-in ${url}`]: login }));
}

interface Run {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
  readonly args: readonly string[];
}

function runCommand({ folder, env, input, args }: Run): Promise<string> {
  const child = spawn(process.execPath, [HUB_BIN, ...args], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stdin.end(input);
  return new Promise((resolve, reject) => child.once('error', reject).once('close', () => resolve(text)));
}
