import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SealedFile } from '../../../src/config/index.ts';
import { ScriptedIssuer, ScriptedLogin } from '../../support/scripted-login.ts';
import { remoteLaunch } from '../../support/remote.ts';

let srv: ScriptedLogin;
beforeEach(async () => {
  srv = await new ScriptedLogin().open();
  srv.valid.add('access-of-4');
});
afterEach(() => srv.close());

const CALLBACK = 'http://localhost:37373/api/oauth/callback?server_name=srv';
const clientInfo = {
  redirect_uris: [CALLBACK],
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  client_name: 'MCP Hub',
  client_uri: 'https://github.com/ravitemer/mcp-hub',
  client_id: 'client-of-4',
  client_id_issued_at: 1,
};
const tokens = { access_token: 'access-of-4', token_type: 'Bearer', expires_in: 3_600, refresh_token: 'refresh-of-4' };
const OTHERS = { 'http://other.example/mcp': { clientInfo: null, tokens: null, codeVerifier: null }, 'of another program': 1 };

/** The file as 4.x writes it. */
async function leftBy4x(entry: object = { clientInfo, tokens, codeVerifier: 'verifier-of-4' }): Promise<string> {
  const text = JSON.stringify({ [srv.url]: entry, ...OTHERS }, null, 2);
  await writeFile(srv.file, text);
  return text;
}
const text = (): Promise<string> => readFile(srv.file, 'utf8');
const sealed = (): SealedFile => new SealedFile({ path: srv.file, keyFile: srv.keyFile, clock: srv.clock, what: 'logins' });
const refreshes = (): readonly object[] => srv.issuer.trades.filter(({ grant_type }) => grant_type === 'refresh_token');

/** The server takes only the newest token from now on. */
function takeNewest(): void {
  srv.valid.clear();
  srv.issuer.token = () => {
    const given = srv.issuer.tokens();
    srv.valid.clear();
    if ('access_token' in given) srv.valid.add(String(given.access_token));
    return { body: given };
  };
}

describe('a login of 4.x', () => {
  it('is in use at once, and the file stays as 4.x can read it', async () => {
    const left = await leftBy4x();
    const all = srv.logins();
    expect(await srv.call(srv.launch(all))).toBe(200);
    expect([all.authorizationUrl('srv'), await all.isLoggedIn('srv', 'local')]).toEqual([undefined, true]);
    expect(srv.issuer.asked).toEqual([]);
    expect(await text()).toBe(left);
    expect(srv.launch(all).redact('access-of-4 refresh-of-4')).toBe('[redacted] [redacted]');
  });

  it('is renewed where the server sends its logins, in the name of its client, and kept from then on as any other', async () => {
    await leftBy4x();
    takeNewest();
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
    const traded = { grant_type: 'refresh_token', refresh_token: 'refresh-of-4', client_id: 'client-of-4', resource: srv.url };
    expect(refreshes()).toEqual([traded]);
    expect(await text()).not.toMatch(/of-4|access-1/);
    expect(await sealed().read()).toEqual({
      ...OTHERS,
      [JSON.stringify(['local', 'srv', srv.url])]: {
        issuer: srv.issuer.url,
        byIssuer: {
          [srv.issuer.url]: expect.objectContaining({
            client: clientInfo,
            redirectUrl: CALLBACK,
            tokens: expect.objectContaining({ access_token: 'access-1' }),
          }),
        },
      },
    });
    // Its registration serves the next login too.
    const all = srv.logins();
    srv.valid.clear();
    srv.issuer.token = () => ({ status: 400, body: { error: 'invalid_grant' } });
    expect(await srv.call(srv.launch(all))).toBe(401);
    expect(new URL(all.authorizationUrl('srv') ?? '').searchParams.get('client_id')).toBe('client-of-4');
  });

  it('is bound by its first renewal: later ones go nowhere else', async () => {
    await leftBy4x();
    takeNewest();
    const launch = srv.launch(srv.logins());
    expect(await srv.call(launch)).toBe(200);
    const other = await new ScriptedIssuer().open();
    srv.protection = { authorization_servers: [other.url] };
    srv.valid.clear();
    expect(await srv.call(launch)).toBe(401);
    expect(other.trades).toEqual([]);
    await other.close();
  });

  it.each<[string, number, () => void]>([
    [
      'several authorization servers are named',
      0,
      () => (srv.protection = { authorization_servers: [srv.issuer.url, 'http://127.0.0.1:9'] }),
    ],
    ['none is named, nor found at the server’s own address', 0, () => (srv.protection = undefined)],
    ['it is refused', 1, () => (srv.issuer.token = () => ({ status: 400, body: { error: 'invalid_grant' } }))],
  ])('is asked for anew where %s', async (_, sent, prepare) => {
    await leftBy4x();
    takeNewest();
    prepare();
    const all = srv.logins();
    const launch = srv.launch(all);
    expect([await srv.call(launch), await srv.call(launch)]).toEqual([401, 401]);
    expect(refreshes()).toHaveLength(sent);
    if (srv.protection === undefined) return;
    const page = new URL(all.authorizationUrl('srv') ?? '');
    // Which authorization server knows the old client is not known.
    expect(page.searchParams.get('client_id')).not.toBe('client-of-4');
    takeNewest();
    await all.finish(srv.agreed(page.href));
    expect(await srv.call(launch)).toBe(200);
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
    expect(JSON.stringify(await sealed().read())).not.toMatch(/of-4"/);
  });

  it('is not lost while its authorization server cannot be asked', async () => {
    await leftBy4x();
    takeNewest();
    srv.issuer.metadataReply = { status: 503 };
    const launch = srv.launch(srv.logins());
    await expect(srv.call(launch)).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    srv.issuer.metadataReply = undefined;
    srv.aheadMs = 6_000;
    expect(await srv.call(launch)).toBe(200);
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
  });

  it('goes to the first of two servers at one address that renews it', async () => {
    await leftBy4x();
    const all = srv.logins();
    const namesake = all.equip('namesake', remoteLaunch(srv.url));
    if (namesake.kind !== 'remote') throw new Error('It was remote before.');
    const launch = srv.launch(all);
    expect([await srv.call(launch), await srv.call(namesake)]).toEqual([200, 200]);
    takeNewest();
    expect(await srv.call(launch)).toBe(200);
    expect(await srv.call(namesake)).toBe(401);
    expect(refreshes()).toHaveLength(1);
    expect(await srv.call(launch)).toBe(200);
  });

  it('is gone after a log-out', async () => {
    await leftBy4x();
    const all = srv.logins();
    expect(await srv.call(srv.launch(all))).toBe(200);
    await all.logOut('srv');
    expect(await srv.call(srv.launch(srv.logins()))).toBe(401);
    expect(await sealed().read()).toMatchObject(OTHERS);
    expect(Object.keys(await sealed().read())).not.toContain(srv.url);
  });

  it('is nobody else’s: a key with a login of its own does not get it', async () => {
    await leftBy4x();
    expect(await srv.call(srv.launch(srv.logins(), {}, 'somebody'))).toBe(401);
  });

  it('takes the place of a mere registration, and not of a login', async () => {
    await srv.logIn(srv.logins());
    const own = await sealed().read();
    const issuer = srv.issuer.url;
    const key = JSON.stringify(['local', 'srv', srv.url]);
    await sealed().change(() => ({ [key]: { byIssuer: { [issuer]: { redirectUrl: CALLBACK } } }, [srv.url]: { clientInfo, tokens } }));
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
    await sealed().change(() => ({ ...own, [srv.url]: { clientInfo, tokens: { ...tokens, access_token: 'stale' } } }));
    srv.valid.clear();
    srv.valid.add('access-1');
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
  });
});

describe('a file of 4.x', () => {
  it.each<[string, object]>([
    ['no tokens yet', { clientInfo, tokens: null, codeVerifier: 'verifier-of-4' }],
    ['tokens of another shape', { clientInfo, tokens: { access_token: 7 }, codeVerifier: null }],
  ])('with %s stays as it is until somebody logs in, and loses nothing then', async (_, entry) => {
    const left = await leftBy4x(entry);
    const all = srv.logins();
    const launch = srv.launch(all);
    expect(await srv.call(launch)).toBe(401);
    const page = all.authorizationUrl('srv');
    expect(await text()).toBe(left);
    takeNewest();
    await all.finish(srv.agreed(page));
    expect(await srv.call(launch)).toBe(200);
    expect(await sealed().read()).toMatchObject({ ...OTHERS, [srv.url]: entry });
    // The registration, which was in no file before, is kept with the login.
    srv.valid.clear();
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  it('is read beside what this hub has sealed, as 4.x writes it when it is gone back to', async () => {
    await sealed().change(() => ({ 'of another program': 1 }));
    await writeFile(srv.file, JSON.stringify({ ...JSON.parse(await text()), [srv.url]: { clientInfo, tokens, codeVerifier: null } }));
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
    takeNewest();
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
    expect(await text()).not.toContain('of-4');
    expect(Object.keys(await sealed().read())).toHaveLength(2);
  });
});
