import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../src/http/api/routes.ts';
import type { HttpFixture } from '../fixtures/http/listen.ts';
import { api } from '../http/api-harness.ts';
import { endHubs, freePort, type HubProcess, settled } from '../support/hub-process.ts';
import {
  type KeyName,
  keyCommands,
  keyNames,
  ownerKeyFile,
  PlantedKeys,
  readOwnerKeyFile,
  SHOWN_ONCE,
  wrongRequests,
} from '../support/planted/keys.ts';
import { descendants, type SeenProcess } from '../support/planted/processes.ts';
import { tellingRemote } from '../support/planted/remote.ts';
import { configText, forAll, makeSetting, names, type SecretName, secrets, servers, type Setting } from '../support/planted/setting.ts';
import { findSecret } from '../support/planted/spellings.ts';
import { eventually } from '../support/processes.ts';

let remote: HttpFixture;
let setting: Setting;
let hub: HubProcess;
let events = '';
const endEvents = new AbortController();
/** What was said or written, and by whom. */
const heard: [by: string, text: string][] = [];
const hear = (by: string, text: string): void => void heard.push([by, text]);

const put = (name: string, text: string): Promise<void> => writeFile(join(setting.folder, name), text);
const read = (name: string): Promise<string> => readFile(join(setting.folder, name), 'utf8').catch(() => '');
const keys = new PlantedKeys();
const planted: readonly (SecretName | KeyName)[] = [...(Object.keys(secrets) as SecretName[]), ...keyNames];
const textOf = (name: SecretName | KeyName): string => (name in secrets ? secrets[name as SecretName] : keys.secretOf(name as KeyName));
const asGiven = { authorization: `Bearer ${secrets.givenKey}` };

async function run(input: string, ...args: string[]): Promise<void> {
  hear(`mcp-hub ${args.join(' ')}`, await setting.run(input, ...args));
}

async function ask(path: string, options: Parameters<typeof api>[1] = {}): Promise<Awaited<ReturnType<typeof api>>> {
  const answer = await api(`${hub.origin}${path}`, { headers: asGiven, ...options });
  hear(`${options.method ?? 'GET'} ${path}`, `${JSON.stringify(answer.headers)} ${answer.text}`);
  return answer;
}

async function follow(): Promise<void> {
  const response = await fetch(`${hub.origin}/api/events`, { signal: endEvents.signal, headers: { 'x-api-key': keys.of('keyOfRest') } });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) events += decoder.decode(chunk, { stream: true });
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

beforeAll(async () => {
  const { newClientSecret: clientSecret, newAccessToken: accessToken, newRefreshToken: refreshToken } = secrets;
  remote = await tellingRemote({ clientSecret, accessToken, refreshToken });
  setting = await makeSetting(remote.url, await freePort());
  await run(`${secrets.keyring}\n`, 'secret', 'set', 'planted', '--store', 'file');
  for (const [name, ...words] of [
    ['keyOfCommand', 'one', '--scope', 'admin'],
    ['keyOfCommandAsJson', 'two', '--json'],
  ] as const)
    hear(`mcp-hub key create ${words.join(' ')}`, keys.take(name, await setting.run('', 'key', 'create', ...words)));
  hub = await setting.start();
  const made = await api(`${hub.origin}/api/keys`, { method: 'POST', headers: asGiven, body: { name: 'three', scopes: ['read'] } });
  hear('POST /api/keys', keys.take('keyOfRest', made.text));
  hear('the key of the owner', keys.take('keyOfOwner', await readOwnerKeyFile(setting, hub)));
  follow().catch(() => {});
  await settled(hub, asGiven);
});

afterAll(async () => {
  endEvents.abort();
  await endHubs();
  await remote.close();
});

describe('while the hub', () => {
  it('answers every GET route, for every server', async () => {
    for (const { method, path, run: isServed } of routes) {
      if (method !== 'get' || !isServed) continue;
      for (const name of path.includes(':name') ? names : ['']) await ask(path.replace(':name', encodeURIComponent(name)));
    }
    expect(heard.length).toBeGreaterThan(routes.filter(({ method }) => method === 'get').length);
    const { json } = await ask('/api/servers/tells');
    expect(json).toMatchObject({ server: { status: 'connected' } });
  });

  it('refuses and fails', async () => {
    for (const server_name of names) {
      await ask('/api/servers/start', { method: 'POST', body: { server_name } });
      await ask('/api/servers/tools', { method: 'POST', body: { server_name, tool: 'nothing', arguments: {} } });
      await ask(`/api/servers/${server_name}?dryRun=true`, { method: 'PATCH', body: { description: 'changed' } });
      await ask(`/mcp/${server_name}`, { method: 'POST', body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} } });
    }
    await ask('/api/oauth/manual_callback', { method: 'POST', body: { url: `http://localhost/?code=${secrets.code}&state=none` } });
    const { status } = await ask(`/api/oauth/callback?code=${secrets.code}&state=none`);
    expect(status).toBe(400);
  });

  it('is asked with keys that it knows, and with others', async () => {
    const good = ['keyOfCommand', 'keyOfCommandAsJson', 'keyOfRest', 'keyOfOwner'] as const;
    const statuses: number[] = [];
    for (const name of good) statuses.push((await ask('/api/keys', { headers: { 'x-api-key': keys.of(name) } })).status);
    expect(statuses).toEqual([200, 403, 403, 200]);
    for (const { path, headers } of wrongRequests()) expect([200, 401, 404, 405]).toContain((await ask(path, { headers })).status);
    for (const text of [secrets.wrongHubKey, keys.of('keyOfRest').slice(0, -1)]) {
      expect((await ask(`/api/keys/${text}`, { method: 'DELETE' })).status).toBe(404);
      expect((await ask('/api/keys', { method: 'POST', body: { name: text } })).status).toBe(400);
    }
    for (const words of keyCommands(keys, hub.origin)) await run('', ...words);
  });

  it('logs in, opening a browser that learns nothing of the hub’s environment', async () => {
    const { json } = await ask('/api/servers/authorize', { method: 'POST', body: { server_name: 'begins-login' } });
    const address = new URL(String(json['authorizationUrl']));
    await eventually('the browser is opened', () => events.length > 0);
    const seen = await waitFor(
      () => read('browser.seen'),
      (text) => text.includes('/authorize?'),
    );
    expect(seen).toContain('DISPLAY=:99');
    hear('the environment of the browser', seen);
    const state = address.searchParams.get('state') ?? '';
    const iss = address.origin;
    const url = `http://localhost:${hub.port}/api/oauth/callback?${new URLSearchParams({ code: secrets.code, state, iss }).toString()}`;
    expect((await ask('/api/oauth/manual_callback', { method: 'POST', body: { url } })).status).toBe(200);
    await settled(hub, asGiven);
  });

  it('is asked by commands', async () => {
    const at = ['--hub', hub.origin];
    const config = ['--config', 'c.json'];
    for (const words of [
      ['status'],
      ['servers'],
      ['tools'],
      ...names.map((name) => ['servers', name]),
      ['doctor', ...config],
      ['validate', ...config],
    ]) {
      const place = words.includes('--config') ? [] : at;
      await run('', ...words, ...place);
      await run('', ...words, ...place, '--json');
    }
    for (const name of names) await run('', 'logs', name, ...at);
    await run('', 'logs', '--level', 'debug', '--lines', '2000', ...at);
    await run('', 'validate', '--resolve', '--run-commands', ...config);
    await run('', 'secret', 'list');
    await run('', 'secret', 'list', '--json');
    await run('', 'secret', 'set', 'planted', secrets.keyring);
    await run(secrets.badConfig, 'secret', 'set', 'planted-2', '--store', 'keyring');
    await run('', 'secret', 'rm', 'nowhere');
    await run('', 'remove', 'tells', '--dry-run', ...at);
    await run('', 'call', 'tells/echo', 'text=x', ...at);
    expect(heard.filter(([by]) => by.startsWith('mcp-hub ')).length).toBeGreaterThan(40);
  });

  it('reads a config that is broken beside a secret', async () => {
    const good = configText(setting.folder, remote.url);
    const literal = JSON.stringify(secrets.envLiteral);
    for (const bad of [
      good.replace(literal, secrets.badConfig),
      good.replace(literal, `"${secrets.badConfig}`),
      good.replace(literal, `{ "secret": "${secrets.badConfig}" }`),
      good.replace('"mcpServers"', `"auth": "${secrets.badConfig}", "mcpServers"`),
    ]) {
      await put('c.json', bad);
      await ask('/api/restart', { method: 'POST' });
      await run('', 'validate', '--config', 'c.json', '--json');
      await run('', 'doctor', '--config', 'c.json');
    }
    await put('c.json', good);
    const { json } = await ask('/api/restart', { method: 'POST' });
    expect(json).toMatchObject({ status: 'ok' });
    expect(heard.filter(([by, text]) => by === 'POST /api/restart' && text.includes('CONFIG_ERROR'))).toHaveLength(3);
    await waitFor(
      async () => (await ask('/api/servers/tells')).text,
      (text) => text.includes('"status":"connected"'),
    );
  });

  it.runIf(process.platform === 'linux')('fails in ways that nothing waits for, and Node was told to report crashes', async () => {
    hub.process.kill('SIGUSR2');
    await eventually('the errors are logged', () => /provoked exception/.test(hub.stderr()) && /provoked rejection/.test(hub.stderr()));
    expect(hub.stderr()).toContain('provoked exception: [redacted]');
    const reports = await filesIn(join(setting.folder, 'reports'));
    // Node 22.13 leaves the environment out when it is told to; before that there must be none.
    expect(reports.length === 0 || 'excludeEnv' in (process.report ?? {})).toBe(true);
    for (const file of reports) hear(file, await readFile(file, 'utf8'));
  });
});

async function waitFor(look: () => Promise<string>, isIt: (text: string) => boolean): Promise<string> {
  const end = Date.now() + 10_000;
  for (;;) {
    const text = await look();
    if (isIt(text) || Date.now() > end) return text;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe.runIf(process.platform === 'linux')('/proc', () => {
  const whose = ({ environ, cmdline }: SeenProcess, name: string): boolean =>
    environ.includes('ECHO_SERVER=') && cmdline.includes('telltale.mjs') && cmdline.includes('--token') === (name === 'tells');
  let seen: readonly SeenProcess[] = [];
  beforeAll(() => void (seen = descendants(hub.pid)));

  function known({ environ, cmdline }: Pick<SeenProcess, 'environ' | 'cmdline'>): (SecretName | KeyName)[] {
    return planted.filter((name) => findSecret(`${environ}\n${cmdline}`, textOf(name)) !== undefined);
  }

  it.each(['tells', 'bystander'])('shows that %s has its own secrets and those for all servers', (name) => {
    const found = seen.filter((one) => whose(one, name));
    expect(found).toHaveLength(1);
    for (const one of found) expect(known(one).toSorted()).toEqual([...(servers[name] ?? []), ...forAll].toSorted());
  });

  it('shows that the guard, which ends servers when the hub is killed, has none', () => {
    const guards = seen.filter(({ cmdline }) => cmdline.includes('mcp-hub-guard'));
    expect(guards).toHaveLength(1);
    for (const guard of guards) expect(known(guard)).toEqual([]);
  });

  it('shows no other process with any', () => {
    const others = seen.filter((one) => !whose(one, 'tells') && !whose(one, 'bystander'));
    expect(others.map(({ cmdline }) => cmdline.split('\0').slice(0, 3))).toHaveLength(1);
    expect(others.flatMap(known)).toEqual([]);
  });

  it('shows that a command of a placeholder has the environment of the hub and nothing of any server', async () => {
    const text = await read('command.seen');
    expect(text).toContain('PATH=');
    const allowed: readonly SecretName[] = ['hubEnv', 'input', 'processEnv'];
    expect(known({ environ: text, cmdline: '' }).toSorted()).toEqual([...allowed].toSorted());
  });
});

describe('no secret, in whatever spelling,', () => {
  beforeAll(async () => {
    hear('GET /api/events', events);
    hear('the terminal', hub.output());
    for (const file of await filesIn(join(setting.folder, 'home'))) {
      const text = await readFile(file, 'latin1');
      // The one file that is there to hold a key, for the commands of the same person.
      hear(file, file === ownerKeyFile(setting, hub) ? keys.take('keyOfOwner', text) : text);
    }
    for (const file of await filesIn(join(setting.folder, 'tmp'))) hear(file, await readFile(file, 'latin1'));
  });

  it('could hide: everything has said something', async () => {
    const by = heard.map(([who]) => who);
    for (const file of ['.log', '/secrets.json', '/oauth-storage.json', '/key', '/workspaces.json', '/api-keys.json'])
      expect(
        by.filter((who) => who.endsWith(file)),
        file,
      ).toHaveLength(1);
    expect(heard.filter(([who, text]) => who.startsWith('mcp-hub ') && text.trim() === '').map(([who]) => who)).toEqual([]);
    expect(heard.filter(([, text]) => text.includes(SHOWN_ONCE))).toHaveLength(keyNames.length + 1);
    expect(events).toContain('config_changed');
    expect(hub.stderr()).toContain('told: ');
    // However often its start is tried.
    expect(hub.stderr().split('Server "missing": ${file:secret.txt} in env.FILE can be read by other users')).toHaveLength(2);
    expect((await readdir(setting.folder)).filter((name) => /^core|^report/.test(name))).toEqual(['reports']);
  });

  it.each(planted)('%s, was said or written by anybody', (name) => {
    const found = heard.flatMap(([by, text]) => {
      const place = findSecret(text, textOf(name));
      return place === undefined ? [] : [`${by}: ${place}`];
    });
    expect(found.slice(0, 4)).toEqual([]);
  });
});
