import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { apiKeyFile, createApiKey, type KeyScope, revokeApiKey, SealedFile } from '../../../src/config/index.ts';
import type { Era, JsonObject } from '../../../src/protocol/index.ts';
import { startWhoami, type WhoamiFixture } from '../../fixtures/http/whoami.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { type RunningHub, runHub } from '../../support/in-process-hub.ts';
import { clientOf, logInAt, shown, untilStatus, visit } from '../../support/oauth-hub.ts';
import { guard, type Guarded, StrictIssuer } from '../../support/strict-issuer.ts';
import type { Told, WireClient } from '../../support/wire-client.ts';

const undo: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

interface Place {
  readonly hub: RunningHub;
  readonly issuer: StrictIssuer;
  readonly guarded: Guarded;
  readonly mcp: WhoamiFixture;
  /** Of the hub; outlives it. */
  readonly data: string;
}

const configOf = ({ url }: Guarded): object => ({ mcpServers: { guarded: { url, oauth: { logins: 'each' } } } });

async function hubAt(guarded: Guarded, data: string): Promise<RunningHub> {
  const hub = await runHub(configOf(guarded), { XDG_DATA_HOME: data });
  undo.push(() => hub.stop());
  return hub;
}

async function start(server: Era = 'legacy'): Promise<Place> {
  const issuer = await StrictIssuer.start();
  undo.push(() => issuer.close());
  const mcp = await startWhoami(server);
  undo.push(() => mcp.close());
  const guarded = await guard(issuer, mcp);
  undo.push(() => guarded.close());
  const folder = await runHub({});
  undo.push(() => folder.stop());
  const data = join(folder.folder, 'data');
  return { hub: await hubAt(guarded, data), issuer, guarded, mcp, data };
}

const keysIn = (data: string) => apiKeyFile(join(data, 'mcp-hub'));

async function keyOf({ data }: Pick<Place, 'data'>, name: string, scopes: readonly KeyScope[] = ['mcp', 'read']): Promise<string> {
  return (await createApiKey(keysIn(data), { name, scopes, expiresAt: null }, Date.now())).text;
}

/** What the file of the logins holds, by principal and server. */
async function stored(data: string): Promise<readonly string[]> {
  const [path, keyFile] = [join(data, 'mcp-hub/oauth-storage.json'), join(data, 'mcp-hub/key')];
  const content = await new SealedFile({ path, keyFile, clock: systemClock, what: 'logins' }).read();
  return Object.keys(content).map((key) => String((JSON.parse(key) as string[])[0]));
}

/** A person of that name, with an API key, who opens every page that the client is sent to. */
async function person(place: Place, name: string, era: Era, key: string): Promise<{ client: WireClient; pages: string[] }> {
  const pages: string[] = [];
  const reply = async (_: string, { url }: JsonObject) => {
    pages.push(String(url));
    expect((await visit(String(url), name)).status).toBe(200);
    return { action: 'accept' };
  };
  return { client: await clientOf(place.hub, era, '/mcp', reply, key), pages };
}

const textOf = ({ response }: Pick<Told, 'response'>): string => {
  const { result, error } = response as { result?: { content: { text: string }[] }; error?: { message: string } };
  return result?.content[0]?.text ?? error?.message ?? '';
};
const whoami = async (client: WireClient): Promise<string> => textOf(await client.call('tools/call', { name: 'guarded__whoami' }));
const authorized = (key: string) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });
const statusOf = async ({ hub }: Pick<Place, 'hub'>, key: string) => {
  const response = await fetch(`${hub.origin}/api/servers/guarded`, { headers: authorized(key) });
  return ((await response.json()) as { server: { status: string; loggedIn: boolean; authorizationUrl: string | null } }).server;
};

const ERAS: readonly Era[] = ['legacy', 'modern'];
const PAIRS = ERAS.flatMap((client) => ERAS.map((server) => [client, server] as const));

describe.each(PAIRS)('%s clients of two API keys at a %s server where each logs in by itself', (era, server) => {
  it('are each sent to a page of their own, and their calls go by their own login', async () => {
    const place = await start(server);
    await logInAt(place.hub);
    const [adaKey, bobKey] = [await keyOf(place, 'ada'), await keyOf(place, 'bob')];
    const [ada, bob] = await Promise.all([person(place, 'ada', era, adaKey), person(place, 'bob', era, bobKey)]);
    expect(await Promise.all([whoami(ada.client), whoami(bob.client)])).toEqual(['ada', 'bob']);
    expect([ada.pages.length, bob.pages.length]).toEqual([1, 1]);
    expect(ada.pages).not.toEqual(bob.pages);
    const owner = await clientOf(place.hub, era);
    const all = await Promise.all(Array.from({ length: 16 }, () => [ada.client, bob.client, owner].map(whoami)).flat());
    expect(all).toEqual(Array.from({ length: 16 }, () => ['ada', 'bob', 'jo']).flat());
    for (const [who, client] of Object.entries({ ada: ada.client, bob: bob.client, jo: owner })) {
      const told = await client.call('resources/read', { uri: 'me://self' });
      expect(told.response).toMatchObject({ result: { contents: [{ text: who }] } });
    }
    expect(place.mcp.strays).toBe(0);
  });

  it('keep their logins when another one is taken back, that of the owner of the hub included', async () => {
    const place = await start(server);
    const { hub, issuer } = place;
    await logInAt(hub);
    const [ada, bob] = [
      await person(place, 'ada', era, await keyOf(place, 'ada')),
      await person(place, 'bob', era, await keyOf(place, 'bob')),
    ];
    expect([await whoami(ada.client), await whoami(bob.client)]).toEqual(['ada', 'bob']);
    await issuer.revokeOf('ada');
    expect([await whoami(bob.client), bob.pages.length]).toEqual(['bob', 1]);
    expect([await whoami(ada.client), ada.pages.length]).toEqual(['ada', 2]);
    expect((await shown(hub)).status).toBe('connected');
    await issuer.revokeOf('jo');
    expect(await whoami(await clientOf(hub, era))).toContain('needs a login');
    await untilStatus(hub, 'unauthorized');
    expect([await whoami(ada.client), await whoami(bob.client)]).toEqual(['ada', 'bob']);
    expect([ada.pages.length, bob.pages.length]).toEqual([2, 1]);
  });
});

describe('logins of each', () => {
  it('outlive the hub', async () => {
    const place = await start();
    await logInAt(place.hub);
    const keys = [await keyOf(place, 'ada'), await keyOf(place, 'bob')] as const;
    for (const [at, name] of ['ada', 'bob'].entries()) {
      expect(await whoami((await person(place, name, 'modern', keys[at] ?? '')).client)).toBe(name);
    }
    await place.hub.stop();
    const grants = place.issuer.grants.length;
    const second = { ...place, hub: await hubAt(place.guarded, place.data) };
    for (const [at, name] of ['ada', 'bob'].entries()) {
      const { client, pages } = await person(second, name, 'modern', keys[at] ?? '');
      expect([await whoami(client), pages.length]).toEqual([name, 0]);
    }
    expect(place.issuer.grants).toHaveLength(grants);
  });

  it('are renewed under many calls at once by one request each', { timeout: 60_000 }, async () => {
    const place = await start('modern');
    const { issuer, guarded } = place;
    await logInAt(place.hub);
    const [ada, bob] = [
      await person(place, 'ada', 'modern', await keyOf(place, 'ada')),
      await person(place, 'bob', 'modern', await keyOf(place, 'bob')),
    ];
    expect([await whoami(ada.client), await whoami(bob.client)]).toEqual(['ada', 'bob']);
    for (let round = 1; round <= 10; round += 1) {
      guarded.rejectCurrent();
      const told = await Promise.all(Array.from({ length: 16 }, () => [whoami(ada.client), whoami(bob.client)]).flat());
      expect(told).toEqual(Array.from({ length: 16 }, () => ['ada', 'bob']).flat());
      expect([issuer.refreshesOf('ada'), issuer.refreshesOf('bob')]).toEqual([round, round]);
    }
    expect([ada.pages.length, bob.pages.length]).toEqual([1, 1]);
    expect(issuer.grants.filter(({ isGranted }) => !isGranted)).toEqual([]);
  });

  it('need nothing of the owner for calls; what there is to call is what the owner sees', async () => {
    const place = await start();
    const key = await keyOf(place, 'ada');
    await untilStatus(place.hub, 'unauthorized');
    const reply = async (_: string, { url }: JsonObject) => (await visit(String(url), 'ada'), { action: 'accept' });
    const client = await clientOf(place.hub, 'modern', '/mcp/guarded', reply, key);
    expect(textOf(await client.call('tools/list'))).toContain('On the machine of the hub, run "mcp-hub auth guarded"');
    expect(textOf(await client.call('tools/call', { name: 'whoami' }))).toBe('ada');
    expect(await shown(place.hub)).toMatchObject({ status: 'unauthorized' });
    await logInAt(place.hub);
    expect((await client.call('tools/list')).response).toMatchObject({ result: { tools: [{ name: 'whoami' }] } });
    expect(textOf(await client.call('tools/call', { name: 'whoami' }))).toBe('ada');
  });

  it('are told to who cannot be sent to the page, and a command of the owner is not offered', async () => {
    const place = await start();
    await logInAt(place.hub);
    const client = await clientOf(place.hub, 'modern', '/mcp', undefined, await keyOf(place, 'ada'));
    const text = await whoami(client);
    expect(text).toMatch(/^Server "guarded" needs a login\. Open http\S+ in a browser; then call again\.$/);
    const [page = ''] = /http\S+/.exec(text) ?? [];
    expect((await visit(page, 'ada')).status).toBe(200);
    expect(await whoami(client)).toBe('ada');
  });
});

describe('an API key that is revoked', () => {
  it("takes its logins with it: connections, tokens here and at the authorization server, and nobody else's", async () => {
    const place = await start();
    const { hub, issuer, mcp, data } = place;
    await logInAt(hub);
    const ada = await person(place, 'ada', 'legacy', await keyOf(place, 'ada'));
    const bob = await person(place, 'bob', 'legacy', await keyOf(place, 'bob'));
    expect([await whoami(ada.client), await whoami(bob.client)]).toEqual(['ada', 'bob']);
    expect([...mcp.sessions.values()].sort()).toEqual(['ada', 'bob', 'jo']);
    expect(await stored(data)).toHaveLength(3);
    await revokeApiKey(keysIn(data), 'ada');
    await eventually(async () => expect(await stored(data)).toHaveLength(2));
    expect([...mcp.sessions.values()].sort()).toEqual(['bob', 'jo']);
    expect(issuer.revoked).toHaveLength(1);
    expect([await whoami(bob.client), bob.pages.length]).toEqual(['bob', 1]);
    expect(await whoami(await clientOf(hub, 'legacy'))).toBe('jo');
  });

  it('while no hub runs does so with the next start, but not where the file of the keys cannot be read', async () => {
    const place = await start();
    await logInAt(place.hub);
    expect(await whoami((await person(place, 'ada', 'modern', await keyOf(place, 'ada'))).client)).toBe('ada');
    await place.hub.stop();
    await revokeApiKey(keysIn(place.data), 'ada');
    const { path } = keysIn(place.data);
    const text = await readFile(path, 'utf8');
    await writeFile(path, '{');
    await hubAt(place.guarded, place.data);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await stored(place.data)).toHaveLength(2);
    await writeFile(path, text);
    await eventually(async () => expect(await stored(place.data)).toEqual(['local']));
    expect(place.issuer.revoked).toHaveLength(1);
  });
});

describe('the management API', () => {
  it('begins, shows and ends the login of whoever asks', async () => {
    const place = await start();
    const { hub } = place;
    await logInAt(hub);
    const [ada, bob] = [await keyOf(place, 'ada'), await keyOf(place, 'bob')];
    const post = async (key: string, path: string) => {
      const init = { method: 'POST', headers: authorized(key), body: JSON.stringify({ server_name: 'guarded' }) };
      const response = await fetch(`${hub.origin}/api/servers/${path}`, init);
      return { status: response.status, json: (await response.json()) as Record<string, unknown> };
    };
    expect(await statusOf(place, ada)).toMatchObject({ status: 'unauthorized', loggedIn: false, authorizationUrl: null });
    const begun = await post(ada, 'authorize');
    const page = String(begun.json['authorizationUrl']);
    expect([begun.status, begun.json]).toMatchObject([200, { server: { status: 'unauthorized', authorizationUrl: page } }]);
    expect(await statusOf(place, bob)).toMatchObject({ status: 'unauthorized', authorizationUrl: null });
    expect(await shown(hub)).toMatchObject({ status: 'connected', authorizationUrl: null });
    expect((await visit(page, 'ada')).status).toBe(200);
    expect(await statusOf(place, ada)).toMatchObject({ status: 'connected', loggedIn: true, authorizationUrl: null });
    expect(await statusOf(place, bob)).toMatchObject({ status: 'unauthorized', loggedIn: false });
    expect(await whoami(await clientOf(hub, 'modern', '/mcp', undefined, ada))).toBe('ada');
    expect(await post(ada, 'logout')).toMatchObject({ status: 200, json: { revoked: true, server: { status: 'unauthorized' } } });
    expect(await whoami(await clientOf(hub, 'modern', '/mcp', undefined, ada))).toContain('needs a login');
    expect(await whoami(await clientOf(hub, 'modern'))).toBe('jo');
    const events = hub.records.filter((record) => JSON.stringify(record).includes('state='));
    expect(events).toEqual([]);
  });
});

it('commands with a key act for the key, and those of the owner for the owner', { timeout: 60_000 }, async () => {
  const place = await start();
  const cli = await commandLine();
  undo.push(() => cli.remove());
  await cli.list({ port: Number(new URL(place.hub.origin).port) });
  const file = join(place.data, 'ada.key');
  await writeFile(file, await keyOf(place, 'ada'));
  const asAda = ['--api-key-file', file];
  const running = cli.start('auth', 'guarded', '--no-browser', ...asAda);
  const page = (): string => /http:\S+state=\S+/.exec(running.stdout())?.[0] ?? '';
  await eventually(() => expect(page()).not.toBe(''));
  expect((await visit(page(), 'ada')).status).toBe(200);
  expect(await running.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('guarded is connected') });
  expect(await cli.run('auth', ...asAda)).toMatchObject({ code: 0, stdout: 'No server needs a login.\n' });
  expect((await cli.run('auth')).stdout).toContain('log in with "mcp-hub auth guarded"');
  await logInAt(place.hub);
  const out = await cli.run('auth', 'guarded', '--logout', ...asAda);
  expect([out.code, out.stdout]).toEqual([0, 'The login at guarded is forgotten here and at the authorization server.\n']);
  expect((await cli.run('auth', ...asAda)).stdout).toContain('log in with "mcp-hub auth guarded"');
  expect((await cli.run('auth')).stdout).toBe('No server needs a login.\n');
});

it('a server that asks nobody for a login is connected for everybody', async () => {
  const mcp = await startWhoami('legacy');
  undo.push(() => mcp.close());
  const hub = await runHub({ mcpServers: { guarded: { url: mcp.url, oauth: { logins: 'each' } } } });
  undo.push(() => hub.stop());
  await untilStatus(hub, 'connected');
  const place = { hub, data: join(hub.folder, 'home/.local/share') };
  const key = await keyOf(place, 'ada');
  expect(await statusOf(place, key)).toMatchObject({ status: 'connected', loggedIn: false });
  expect(await whoami(await clientOf(hub, 'modern', '/mcp', undefined, key))).toBe('undefined');
  // A session for the owner, and one for the key.
  expect(mcp.sessions.size).toBe(2);
});
