import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { routes } from '../../src/http/api/routes.ts';
import { type HttpFixture, listen } from '../fixtures/http/listen.ts';
import { api } from '../http/api-harness.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { freePort } from '../support/hub-process.ts';

/** One secret for every place that a person keeps one in; each is looked for in all that the hub ever says. */
const secrets = {
  envLiteral: 'env-literal-Zq1aaa',
  envShort: 'Zq2bbb77',
  envEscaped: 'Zq3"quo\\te-ccc',
  envNumber: '730019283746',
  header: 'header-Zq4ddd',
  argAfterOption: 'arg-after-Zq5eee',
  argWithOption: 'arg-with-Zq6fff',
  argVariable: 'arg-variable-Zq7ggg',
  argUrlPassword: 'arg-url-Zq8hhh',
  urlPassword: 'url-pass-Zq9iii',
  urlQuery: 'url-query-Zq10jjj',
  urlPath: 'Zq11kkkURLpathKEY0123456789abcdefABCDEF',
  hubEnv: 'hub-env-Zq12lll',
  command: 'command-Zq13mmm',
  envFile: 'env-file-Zq14nnn',
  accessToken: 'access-Zq15ooo',
  refreshToken: 'refresh-Zq16ppp',
  clientSecret: 'client-Zq17qqq',
  defaultValue: 'default-Zq18rrr',
  brokenLine: 'sk_broken_Zq19sss',
  brokenKey: 'sk_broken_Zq20ttt',
  comment: 'comment-Zq21uuu',
  imported: 'imported-Zq22vvv',
  added: 'added-Zq23www',
  settings: 'settings-Zq24xxx',
} as const;

/** Shows everything that it was given on standard error, in several spellings, and then serves or ends. */
const TELLTALE = `
const { env, argv } = process;
const all = [...Object.entries(env).filter(([name]) => !['PATH', 'HOME'].includes(name)).map(([, value]) => value), ...argv.slice(2)];
for (const text of all) console.error('told: ' + text);
console.error('as json: ' + JSON.stringify(all));
if (argv.includes('--fail')) { console.error('fatal: ' + all.join(' ')); process.exit(3); }
await import(process.env.ECHO_SERVER);
`;

const echoServer = new URL('../fixtures/servers/echo.mjs', import.meta.url).href;

let cli: CommandLine;
let remote: HttpFixture;
let port: number;
let origin: string;
let hub: ReturnType<CommandLine['start']>;
let hubErrors = '';
let events = '';
const endEvents = new AbortController();
/** What was said, and by whom. */
const said: [by: string, text: string][] = [];

function config(): string {
  const env = { ECHO_SERVER: echoServer };
  const script = join(cli.folder, 'telltale.mjs');
  const args = [
    script,
    '--token',
    secrets.argAfterOption,
    `--api-key=${secrets.argWithOption}`,
    `ACCESS_TOKEN=${secrets.argVariable}`,
    `postgres://me:${secrets.argUrlPassword}@db.invalid/x`,
    '${HUB_ENV_KEY}',
    '${env:ACCESS_KEY:-' + secrets.defaultValue + '}',
  ];
  const secretEnv = {
    ...env,
    LITERAL: secrets.envLiteral,
    SHORT: secrets.envShort,
    ESCAPED: secrets.envEscaped,
    NUMBER: secrets.envNumber,
    COMMAND: '${cmd: cat secret.txt}',
    NESTED: 'Bearer ${LITERAL}',
  };
  const document = {
    mcpServers: {
      tells: { command: process.execPath, args, env: secretEnv, envFile: 'server.env' },
      fails: { command: process.execPath, args: [...args, '--fail'], env: secretEnv },
      missing: { command: '/no/such/program', args, env: secretEnv },
      unresolved: { command: 'x', args: ['${env:NOT_SET_ANYWHERE}', ...args], env: secretEnv },
      'failing-command': { command: 'x', env: { ...secretEnv, OTHER: '${cmd: cat secret.txt; cat secret.txt >&2; exit 4}' } },
      remote: {
        url: `${remote.url}?key=${secrets.urlQuery}`,
        headers: { 'X-Key': secrets.header, Authorization: 'Bearer ${env:LITERAL}' },
        env: secretEnv,
      },
      'by-path': { url: `${remote.url}/${secrets.urlPath}` },
      'with-password': { url: `${remote.url.replace('//', `//me:${secrets.urlPassword}@`)}?key=${secrets.urlQuery}` },
      'logged-in': { url: `${remote.url}/login` },
      'wrong-type': { command: 'x', env: secretEnv, args: { token: secrets.argWithOption }, headers: secrets.header },
    },
  };
  return `// API_TOKEN=${secrets.comment}\n${JSON.stringify(document, null, 2)}\n`;
}

const within = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 50 });

/** Keeps a text to be searched. */
function hear(by: string, text: string): string {
  said.push([by, text]);
  return text;
}

const run = async (...args: string[]): Promise<void> => {
  const { stdout, stderr } = await cli.run(...args);
  hear(`mcp-hub ${args.join(' ')}`, stdout + stderr);
};

async function followEvents(): Promise<void> {
  const response = await fetch(`${origin}/api/events`, { signal: endEvents.signal });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) events += decoder.decode(chunk, { stream: true });
}

async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

beforeAll(async () => {
  cli = await commandLine();
  const { folder } = cli;
  const home = join(folder, '..');
  // It answers with everything that it is sent, and so does its authorization server.
  remote = await listen((req, res) => {
    const { url, headers } = req;
    let body = '';
    req.on('data', (chunk) => (body += chunk));
    req.on('end', () => {
      const text = JSON.stringify({ url: decodeURIComponent(url ?? ''), headers, body });
      const status = url?.includes('/login') ? 401 : url?.includes('key=') ? 400 : 500;
      res.writeHead(status, { 'content-type': 'text/plain', ...(status === 401 && { 'www-authenticate': 'Bearer' }) }).end(text);
    });
  });
  await writeFile(join(folder, 'telltale.mjs'), TELLTALE);
  await writeFile(join(folder, 'secret.txt'), secrets.command);
  await writeFile(join(folder, 'server.env'), `FROM_FILE=${secrets.envFile}\n`);
  await writeFile(join(folder, 'c.json'), config());
  const claude = { mcpServers: { imported: { command: 'npx', args: ['-y', 'x'], env: { SOME_KEY: secrets.imported } } } };
  await mkdir(join(home, '.cursor'), { recursive: true });
  await writeFile(join(home, '.cursor', 'mcp.json'), JSON.stringify(claude));
  const redirect = (name: string): string => `http://localhost:${port}/api/oauth/callback?server_name=${name}`;
  port = await freePort();
  const stored = {
    client: { client_id: 'hub', client_secret: secrets.clientSecret },
    redirectUrl: redirect('logged-in'),
    tokens: { access_token: secrets.accessToken, refresh_token: secrets.refreshToken, token_type: 'bearer', expires_in: 1 },
    obtainedAtMs: Date.now(),
  };
  const data = join(home, '.local', 'share', 'mcp-hub');
  await mkdir(data, { recursive: true });
  await writeFile(join(data, 'oauth-storage.json'), JSON.stringify({ [`logged-in ${remote.url}/login`]: stored }));
  const hubEnv = {
    MCP_HUB_ENV: JSON.stringify({ HUB_ENV_KEY: secrets.hubEnv }),
    MCP_HUB_REGISTRY_URL: 'off',
    MCP_HUB_OFFICIAL_REGISTRY_URL: 'off',
  };
  hub = cli.startWith({ env: hubEnv }, '--port', String(port), '--config', 'c.json', '--watch', '--verbose');
  hub.child.stderr?.on('data', (text: string) => (hubErrors += text));
  origin = `http://127.0.0.1:${port}`;
  await within(async () => expect((await api(`${origin}/api/health`)).json).toMatchObject({ status: 'ok' }));
  followEvents().catch(() => {});
  await within(async () => {
    const { json } = await api(`${origin}/api/servers/tells`);
    expect(json).toMatchObject({ server: { status: 'connected' } });
  });
  await within(async () => {
    const { json } = await api(`${origin}/api/health`);
    const { servers } = json as unknown as { servers: { name: string; status: string; error: string | null }[] };
    expect(servers.filter(({ status }) => status === 'connecting')).toEqual([]);
  });
});

afterAll(async () => {
  endEvents.abort();
  hub.child.kill('SIGTERM');
  await hub.ended;
  await remote.close();
  await cli.remove();
});

const names = [
  'tells',
  'fails',
  'missing',
  'unresolved',
  'failing-command',
  'remote',
  'by-path',
  'with-password',
  'logged-in',
  'wrong-type',
];

/** Some request of every route for every server; wrong ones too. */
async function askEverything(): Promise<void> {
  for (const { method, path, run: isServed } of routes) {
    if (!isServed || path === '/api/hard-restart') continue;
    for (const name of path.includes(':name') || method === 'post' ? names : ['']) {
      if (method === 'delete') continue;
      const body = method === 'get' ? undefined : bodyFor(path, name);
      const query = method === 'patch' || path === '/api/servers' ? '?dryRun=true' : '';
      const url = `${origin}${path.replace(':name', encodeURIComponent(name))}${query}`;
      hear(`${method} ${path} ${name}`, (await api(url, { method: method.toUpperCase(), body })).text);
    }
  }
  for (const name of names) {
    const dry = await api(`${origin}/api/servers/${name}?dryRun=true`, { method: 'DELETE' });
    hear(`delete ${name}`, dry.text);
  }
}

function bodyFor(path: string, name: string): object {
  const calls = { tool: 'echo', uri: 'x://y', prompt: 'p', arguments: {} };
  if (path === '/api/servers')
    return { name: `${name}-2`, config: { command: 'x', args: ['--token', secrets.added], env: { A: secrets.added, B: 7 } } };
  if (path === '/api/servers/:name') return { env: { LITERAL: secrets.added }, description: 'changed' };
  if (path === '/api/oauth/manual_callback') return { url: 'http://localhost/?code=a&state=b' };
  return { server_name: name, mcpId: 'x', ...calls };
}

describe('no secret', () => {
  it('is in any answer of the management API', async () => {
    await askEverything();
    expect(said.length).toBeGreaterThan(routes.length);
  });

  it('is in what the commands say', async () => {
    const at = ['--hub', origin];
    await run('status', ...at);
    await run('status', '--json', ...at);
    await run('servers', ...at);
    await run('servers', '--json', ...at);
    await run('tools', '--json', ...at);
    for (const name of names) await run('logs', name, ...at);
    await run('logs', '--level', 'debug', '--lines', '1000', ...at);
    await run('events', '--count', '1', ...at);
    await run('doctor', '--json', '--config', 'c.json');
    await run('doctor', '--config', 'c.json');
    await run('validate', '--config', 'c.json');
    await run('validate', '--json', '--config', 'c.json');
    await run('add', 'another', '--dry-run', '--env', `A=${secrets.added}`, ...at, '--', 'x', '--token', secrets.added);
    await run('remove', 'tells', '--dry-run', ...at);
    await run('start', 'fails', ...at);
    await run('import', 'cursor', '--dry-run');
    await run('import', 'cursor', '--dry-run', '--json');
    await run('connect', 'cursor', '--dry-run');
    await run('connect', 'cursor', '--dry-run', '--json');
    // Otherwise the search would find nothing because nothing was said.
    expect(said.filter(([, text]) => text.trim() === '').map(([by]) => by)).toEqual([]);
  });

  it('is told of a file that is broken in a line with one', async () => {
    const good = config();
    for (const broken of [
      good.replace(`"LITERAL": "${secrets.envLiteral}"`, `"LITERAL": ${secrets.brokenLine}`),
      good.replace(`"LITERAL": "${secrets.envLiteral}"`, `"${secrets.brokenKey}"`),
      good.replace(`"LITERAL": "${secrets.envLiteral}"`, `"LITERAL": "${secrets.brokenLine}`),
      good.replace(
        '"mcpServers"',
        `"settings": "${secrets.settings}", "maxBodySize": "${secrets.settings}", "auth": "${secrets.settings}", "mcpServers"`,
      ),
    ]) {
      await writeFile(join(cli.folder, 'c.json'), broken);
      hear('reload', (await api(`${origin}/api/restart`, { method: 'POST' })).text);
      hear('entry', (await api(`${origin}/api/servers/tells/config`)).text);
      hear('edit', (await api(`${origin}/api/servers/tells`, { method: 'PATCH', body: { description: 'x' } })).text);
      await run('validate', '--config', 'c.json');
      await run('validate', '--json', '--config', 'c.json');
      await run('doctor', '--json', '--config', 'c.json');
    }
    expect(said.filter(([by, text]) => by === 'reload' && text.includes('CONFIG_ERROR'))).not.toEqual([]);
    await writeFile(join(cli.folder, 'c.json'), good);
    hear('reload', (await api(`${origin}/api/restart`, { method: 'POST' })).text);
  });

  it('is in the events, on the terminal and in the log file', async () => {
    endEvents.abort();
    hear('GET /api/events', events);
    hear('stdout', hub.stdout());
    hear('stderr', hubErrors);
    for (const file of await files(cli.stateDir)) {
      const reading = readFile(file, 'utf8');
      // A lock may have gone meanwhile.
      hear(file, await (file.includes('/locks/') ? reading.catch(() => '') : reading));
    }
    expect(events).toContain('config_changed');
    expect(hubErrors).toContain('told: ');
  });
});

it.each(Object.entries(secrets))('%s was said by nobody', (_, secret) => {
  const spellings = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
  const found = said.flatMap(([by, text]) => {
    const at = Math.max(...spellings.map((spelling) => text.indexOf(spelling)));
    return at < 0 ? [] : [`${by}: …${text.slice(Math.max(0, at - 80), at + 60)}…`];
  });
  expect(found.slice(0, 4)).toEqual([]);
});
