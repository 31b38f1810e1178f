import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, type LogRecord, systemClock } from '../../../src/base/index.ts';
import { SealedFile } from '../../../src/config/index.ts';
import { Logins } from '../../../src/upstream/index.ts';
import { listen } from '../../fixtures/http/listen.ts';
import { logIn, type ProtectedServer, startProtectedServer } from '../../support/protected-server.ts';
import { connectTo, remoteLaunch, toolCall } from '../../support/remote.ts';

let server: ProtectedServer;
let folder: string;
let records: LogRecord[];
const file = (): string => join(folder, 'data', 'oauth-storage.json');
const keyFile = (): string => join(folder, 'data', 'key');
const logins = (met?: (principal: string) => void): Logins =>
  new Logins({
    ...(met && { met }),
    file: file(),
    keyFile: keyFile(),
    clock: systemClock,
    logger: createLogger([(record) => void records.push(record)]),
    redirectUrl: (name, at = 37_373) => `http://localhost:${at}/api/oauth/callback?server_name=${name}`,
    serveCallback: (_, _req, res) => void res.end(),
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-login-'));
  records = [];
  server = await startProtectedServer();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Logs a person in, and returns what the callback was called with. */
async function login(all: Logins): Promise<URLSearchParams> {
  const launch = all.equip('srv', remoteLaunch(server.url));
  await expect(connectTo(launch)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  const page = all.authorizationUrl('srv') ?? '';
  expect(await all.begin('srv')).toBe(page);
  const callback = new URL(await logIn(page));
  expect(callback.searchParams.get('server_name')).toBe('srv');
  return callback.searchParams;
}

describe('logins at remote servers', () => {
  it('lets a person in, keeps the login for the next start, and shows it to nobody', async () => {
    const first = logins();
    const params = await login(first);
    expect(await first.finish(params)).toBe('srv');
    expect(first.authorizationUrl('srv')).toBeUndefined();

    const second = logins();
    const { connection } = await connectTo(second.equip('srv', remoteLaunch(server.url)));
    await connection.request(toolCall('echo'));
    await connection.close();
    await expect(second.begin('srv')).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });

    const stored = await new SealedFile({ path: file(), keyFile: keyFile(), clock: systemClock, what: 'logins' }).read();
    const token = /"access_token":"([^"]+)"/.exec(JSON.stringify(stored))?.[1] ?? '';
    expect(await readFile(file(), 'utf8')).not.toContain(token);
    expect(server.authorizations).toContain(`Bearer ${token}`);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(records)).not.toContain(token);
    expect(second.equip('srv', remoteLaunch(server.url)).redact(`x ${token} y`)).toBe('x [redacted] y');
  });

  it('takes over what 4.x has kept: its tokens, and the right to renew them in the name of its client', async () => {
    const first = logins();
    await first.finish(await login(first));
    const own: unknown = Object.values(
      await new SealedFile({ path: file(), keyFile: keyFile(), clock: systemClock, what: 'logins' }).read(),
    )[0];
    const { byIssuer } = own as { byIssuer: Record<string, { client: { issuer?: string }; tokens: { issuer?: string } }> };
    const [kept] = Object.values(byIssuer);
    const { issuer: _, ...clientInfo } = kept?.client ?? {};
    const { issuer, ...tokens } = kept?.tokens ?? {};
    expect(issuer).toMatch('http://');
    await writeFile(file(), JSON.stringify({ [server.url]: { clientInfo, tokens, codeVerifier: 'x' } }));

    const all = logins();
    const { connection } = await connectTo(all.equip('srv', remoteLaunch(server.url)));
    await connection.request(toolCall('echo'));
    expect(await readFile(file(), 'utf8')).toContain('clientInfo');
    server.expireTokens();
    await connection.request(toolCall('echo'));
    await connection.close();
    expect(all.authorizationUrl('srv')).toBeUndefined();
    expect(await readFile(file(), 'utf8')).not.toContain('clientInfo');
  });

  it('renews a token that the server does not take any more, and sends the refused request again', async () => {
    const all = logins();
    await all.finish(await login(all));
    const { connection } = await connectTo(all.equip('srv', remoteLaunch(server.url)));
    server.expireTokens();
    const answers = await Promise.all([1, 2, 3].map(() => connection.request(toolCall('echo'))));
    expect(answers.filter(({ outcome }) => 'error' in outcome && outcome.error)).toEqual([]);
    await connection.close();
    const tokens = new Set(server.authorizations.filter((header) => header !== ''));
    expect(tokens.size).toBe(2);
  });

  it('goes on with what another hub of the same person has renewed: a refresh token is good for one use', async () => {
    const [first, second] = [logins(), logins()];
    await first.finish(await login(first));
    const [one, other] = await Promise.all([first, second].map((all) => connectTo(all.equip('srv', remoteLaunch(server.url)))));
    server.expireTokens();
    await one?.connection.request(toolCall('echo'));
    const answer = await other?.connection.request(toolCall('echo'));
    expect(answer?.outcome.error).toBeUndefined();
    await Promise.all([one?.connection.close(), other?.connection.close()]);
    expect(new Set(server.authorizations.filter((header) => header !== '')).size).toBe(2);
  });

  it('forgets a server that is gone, but not its login', async () => {
    const all = logins();
    const params = await login(all);
    all.keep(['other']);
    expect(all.authorizationUrl('srv')).toBeUndefined();
    await expect(all.finish(params)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await all.finish(await login(all));
    all.keep([]);
    const { connection } = await connectTo(all.equip('srv', remoteLaunch(server.url)));
    await connection.close();
  });

  it('takes a callback once, and only that of the login that was begun', async () => {
    const all = logins();
    const params = await login(all);
    const foreign = new URLSearchParams(params);
    foreign.set('state', 'guessed');
    await expect(all.finish(foreign)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await expect(all.finish(new URLSearchParams({ code: 'x' }))).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await all.finish(params);
    await expect(all.finish(params)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it('says what the authorization server refused', async () => {
    const all = logins();
    const params = await login(all);
    const state = params.get('state') ?? '';
    await expect(all.finish(new URLSearchParams({ state, error: 'access_denied' }))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    // That was the end of it.
    const iss = params.get('iss') ?? '';
    await expect(all.finish(new URLSearchParams({ state, code: 'wrong', iss }))).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    const other = new URL(await all.begin('srv')).searchParams.get('state') ?? '';
    await expect(all.finish(new URLSearchParams({ state: other, code: 'wrong', iss }))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('leaves alone what the config gives credentials to, and knows no login there', async () => {
    const all = logins();
    const launch = remoteLaunch(server.url, { headers: { Authorization: 'Bearer key' } });
    expect(all.equip('srv', launch)).toBe(launch);
    await expect(all.begin('srv')).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it.each(['file:///bin/sh', 'javascript:alert(1)', 'ms-settings:x'])('offers no login page that is no web page: %s', async (page) => {
    const bad = await listen((req, res) => {
      req.resume();
      const origin = `http://${req.headers.host}`;
      const answers: Record<string, object> = {
        '/.well-known/oauth-protected-resource': { resource: `${origin}/mcp`, authorization_servers: [origin] },
        '/.well-known/oauth-authorization-server': {
          issuer: origin,
          authorization_endpoint: page,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
        },
        '/register': { client_id: 'hub', redirect_uris: ['http://localhost:37373/api/oauth/callback?server_name=srv'] },
      };
      const answer = answers[(req.url ?? '').replace(/\/mcp$/, '')];
      if (answer)
        return res.writeHead(req.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      return res.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    });
    try {
      const all = logins();
      await connectTo(all.equip('srv', remoteLaunch(bad.url))).catch(() => undefined);
      expect(all.authorizationUrl('srv')).toBeUndefined();
      await expect(all.begin('srv')).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    } finally {
      await bad.close();
    }
  });
});

describe('logins of several principals', () => {
  const keyed = (all: Logins, principal: string) => all.equip('srv', remoteLaunch(server.url), 1, principal);

  async function loginAs(all: Logins, principal: string): Promise<void> {
    await all.finish(new URL(await logIn(await all.begin('srv', principal), principal)).searchParams);
  }

  it('are apart: pages, tokens, clients and their ends', async () => {
    const met: string[] = [];
    const all = logins((principal) => met.push(principal));
    keyed(all, 'local');
    // Who has not come to the server yet logs in there as its owner would.
    const pages = [await all.begin('srv', 'ada'), await all.begin('srv', 'bob')];
    expect(new Set(pages.map((page) => new URL(page).searchParams.get('client_id'))).size).toBe(2);
    expect(all.waiting(new URL(pages[0] ?? '').searchParams.get('state'))).toEqual({ server: 'srv', principal: 'ada' });
    expect([all.waiting('guessed'), all.waiting(null), all.authorizationUrl('srv')]).toEqual([undefined, undefined, undefined]);
    await loginAs(all, 'ada');
    const isIn = (): Promise<boolean[]> => Promise.all(['local', 'ada', 'bob'].map((one) => all.isLoggedIn('srv', one)));
    expect(await isIn()).toEqual([false, true, false]);
    await loginAs(all, 'bob');
    const { connection } = await connectTo(keyed(all, 'bob'));
    await connection.close();
    expect(met).toEqual(['bob']);
    await all.logOut('srv', 'ada');
    expect(await isIn()).toEqual([false, false, true]);
  });

  it('are begun as the entry of the server says now, although nobody but the owner has come there since', async () => {
    const all = logins();
    keyed(all, 'local');
    const clientOf = async (): Promise<string | null> => new URL(await all.begin('srv', 'ada')).searchParams.get('client_id');
    expect(await clientOf()).not.toBe('mine');
    all.equip('srv', { ...remoteLaunch(server.url), oauth: { clientId: 'mine' } });
    expect(await clientOf()).toBe('mine');
  });

  it('are forgotten as a whole, also by a hub that has not used them, and no other ones', async () => {
    const first = logins();
    keyed(first, 'local');
    await loginAs(first, 'ada');
    await loginAs(first, 'bob');
    const second = logins();
    expect(await second.principals()).toEqual(new Set(['ada', 'bob']));
    await second.forget('ada');
    expect(await second.principals()).toEqual(new Set(['bob']));
    const third = logins();
    keyed(third, 'local');
    expect([await third.isLoggedIn('srv', 'ada'), await third.isLoggedIn('srv', 'bob')]).toEqual([false, true]);
    // It is as if it had never been there.
    await first.forget('bob');
    expect(await first.principals()).toEqual(new Set());
    await loginAs(first, 'bob');
    expect(await first.isLoggedIn('srv', 'bob')).toBe(true);
  });
});
