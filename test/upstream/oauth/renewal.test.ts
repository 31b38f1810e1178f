import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../../src/base/index.ts';
import { SealedFile } from '../../../src/config/index.ts';
import type { Logins } from '../../../src/upstream/index.ts';
import { type Reply, ScriptedIssuer, ScriptedLogin } from '../../support/scripted-login.ts';

let srv: ScriptedLogin;
let all: Logins;
beforeEach(async () => {
  srv = await new ScriptedLogin().open();
  all = srv.logins();
});
afterEach(() => srv.close());

const page = (): string | undefined => all.authorizationUrl('srv');
/** What the refresh requests had in them. */
const refreshes = (): readonly (string | undefined)[] =>
  srv.issuer.trades.filter(({ grant_type }) => grant_type === 'refresh_token').map(({ refresh_token }) => refresh_token);

/** Whether the file has any tokens. */
async function tokensKept(): Promise<boolean> {
  const { file: path, keyFile, clock } = srv;
  return JSON.stringify(await new SealedFile({ path, keyFile, clock, what: 'logins' }).read()).includes('access_token');
}

/** The server takes only the newest token from now on. */
function takeNewest(more: object = {}): void {
  srv.issuer.token = () => {
    const tokens = srv.issuer.tokens(more);
    srv.valid.clear();
    if ('access_token' in tokens) srv.valid.add(String(tokens.access_token));
    return { body: tokens };
  };
}

describe('a token', () => {
  it('is renewed ahead of its end, once for all calls, and at once kept for the next start', async () => {
    takeNewest({ expires_in: 3600 });
    const launch = await srv.logIn(all);
    srv.aheadMs = 3_545_000;
    const statuses = await Promise.all(Array.from({ length: 32 }, () => srv.call(launch)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(refreshes()).toEqual(['refresh-1']);
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
    expect(refreshes()).toEqual(['refresh-1']);
  });

  it('that lives for seconds is not renewed at every call', async () => {
    takeNewest({ expires_in: 20 });
    const launch = await srv.logIn(all);
    await srv.call(launch);
    await srv.call(launch);
    expect(refreshes()).toEqual([]);
    srv.aheadMs = 16_000;
    await srv.call(launch);
    expect(refreshes()).toEqual(['refresh-1']);
  });

  it('that is refused is renewed once for all calls, and every call is sent again', async () => {
    takeNewest();
    const launch = await srv.logIn(all);
    for (const round of [1, 2, 3]) {
      srv.valid.clear();
      expect(new Set(await Promise.all(Array.from({ length: 32 }, () => srv.call(launch))))).toEqual(new Set([200]));
      expect(refreshes()).toHaveLength(round);
    }
    expect(refreshes()).toEqual(['refresh-1', 'refresh-2', 'refresh-3']);
  });

  it('is not renewed by a hub of a person who has logged out at another one, also while it asks', async () => {
    takeNewest();
    await srv.logIn(all);
    const others = [srv.logins(), srv.logins()];
    const [early, late] = others.map((one) => srv.launch(one));
    if (!early || !late) throw new Error('There are two.');
    expect([await srv.call(early), await srv.call(late)]).toEqual([200, 200]);
    srv.valid.clear();
    const { token } = srv.issuer;
    srv.issuer.token = async (...asked) => {
      await all.logOut('srv');
      return token(...asked);
    };
    expect(await srv.call(early)).toBe(401);
    expect(await tokensKept()).toBe(false);
    expect([await srv.call(early), await srv.call(late)]).toEqual([401, 401]);
    expect(refreshes()).toEqual(['refresh-1']);
    expect(await tokensKept()).toBe(false);
    await others[1]?.finish(srv.agreed(others[1].authorizationUrl('srv')));
    expect(await Promise.all([early, late].map((launch) => srv.call(launch)))).toEqual([200, 200]);
  });

  it('is renewed once for two hubs of the same person', async () => {
    takeNewest();
    await srv.logIn(all);
    const launches = [srv.launch(all), srv.launch(srv.logins()), srv.launch(srv.logins())];
    expect(await Promise.all(launches.map((launch) => srv.call(launch)))).toEqual([200, 200, 200]);
    srv.valid.clear();
    expect(new Set(await Promise.all([...launches, ...launches].map((launch) => srv.call(launch))))).toEqual(new Set([200]));
    expect(refreshes()).toEqual(['refresh-1']);
  });

  it('keeps its refresh token where no new one comes', async () => {
    takeNewest({ refresh_token: undefined });
    srv.issuer.token = ((given) => (fields, asked) => {
      if (fields['grant_type'] !== 'authorization_code') return given(fields, asked);
      srv.valid.add('first');
      return { body: { access_token: 'first', refresh_token: 'for-ever' } };
    })(srv.issuer.token);
    const launch = await srv.logIn(all);
    for (const _ of [1, 2]) {
      srv.valid.clear();
      expect(await srv.call(launch)).toBe(200);
    }
    expect(refreshes()).toEqual(['for-ever', 'for-ever']);
  });

  it.each<[string, Reply]>([
    ['as a form', { type: 'application/x-www-form-urlencoded', body: 'access_token=new&token_type=bearer&expires_in=3600' }],
    ['as a form that says it is a page', { type: 'text/html', body: 'access_token=new' }],
    ['without a type', { body: { access_token: 'new' } }],
    ['with a lifetime in quotes', { body: { access_token: 'new', token_type: 'bearer', expires_in: '3600' } }],
    ['with a lifetime of nothing', { body: { access_token: 'new', token_type: 'bearer', expires_in: 0 } }],
    [
      'with nulls',
      { body: { access_token: 'new', token_type: 'Bearer', refresh_token: null, scope: null, expires_in: null, id_token: null } },
    ],
    ['with a list of scopes', { body: { access_token: 'new', token_type: 'Bearer', scope: ['a', 'b'] } }],
  ])('is taken %s', async (_, reply) => {
    takeNewest();
    const launch = await srv.logIn(all);
    srv.valid.clear();
    srv.valid.add('new');
    srv.issuer.token = () => reply;
    expect(await srv.call(launch)).toBe(200);
    expect(await srv.call(launch)).toBe(200);
    expect(refreshes()).toEqual(['refresh-1']);
  });
});

describe('a login', () => {
  it.each<[string, Reply]>([
    ['answers 500', { status: 500 }],
    ['answers 503 and says invalid_grant', { status: 503, body: { error: 'invalid_grant' } }],
    ['answers 429', { status: 429, body: { error: 'invalid_client' } }],
    ['breaks the connection off', { isCut: true }],
    ['answers with the page of a proxy', { status: 200, body: '<html>Just a moment</html>' }],
    ['answers 404 with a page', { status: 404, body: '<html>Gone</html>' }],
    ['is not available for a while', { status: 400, body: { error: 'temporarily_unavailable' } }],
  ])('is not lost while its authorization server %s', async (_, reply) => {
    takeNewest();
    const launch = await srv.logIn(all);
    srv.valid.clear();
    const { token } = srv.issuer;
    srv.issuer.token = () => reply;
    await expect(srv.call(launch)).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    const asked = refreshes().length;
    await expect(srv.call(launch)).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    expect([refreshes().length, page()]).toEqual([asked, undefined]);
    srv.issuer.token = token;
    srv.aheadMs += 6_000;
    expect(await srv.call(launch)).toBe(200);
    expect(new Set(refreshes())).toEqual(new Set(['refresh-1']));
  });

  it('is not lost while the metadata of its authorization server or server cannot be read', async () => {
    takeNewest();
    const launch = await srv.logIn(all);
    srv.valid.clear();
    srv.issuer.metadataReply = { status: 503 };
    await expect(srv.call(launch)).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    expect([refreshes(), page()]).toEqual([[], undefined]);
    srv.issuer.metadataReply = undefined;
    srv.aheadMs += 6_000;
    expect(await srv.call(launch)).toBe(200);
  });

  it('goes on with a token that is still good when it cannot be renewed ahead', async () => {
    takeNewest({ expires_in: 3600 });
    const launch = await srv.logIn(all);
    srv.issuer.token = () => ({ status: 502 });
    srv.aheadMs = 3_545_000;
    expect([await srv.call(launch), await srv.call(launch)]).toEqual([200, 200]);
    expect(refreshes()).toHaveLength(1);
    expect(page()).toBeUndefined();
  });

  it.each<[string, Reply]>([
    ['invalid_grant', { status: 400, body: { error: 'invalid_grant' } }],
    ['401 without a word', { status: 401, body: 'no' }],
    ['an error with status 200', { status: 200, body: { error: 'invalid_grant', error_description: 'bad refresh token' } }],
    ['that it does not do this', { status: 400, body: { error: 'unsupported_grant_type' } }],
  ])('is asked for once when the authorization server says %s, and calls go on after it', async (_, reply) => {
    takeNewest();
    const launch = await srv.logIn(all);
    srv.valid.clear();
    const { token } = srv.issuer;
    srv.issuer.token = () => reply;
    expect(new Set(await Promise.all([1, 2, 3].map(() => srv.call(launch))))).toEqual(new Set([401]));
    const asked = page();
    expect(await srv.call(launch)).toBe(401);
    expect([page(), refreshes()]).toEqual([asked, ['refresh-1']]);
    srv.issuer.token = token;
    await all.finish(srv.agreed(asked));
    expect([await srv.call(launch), page()]).toEqual([200, undefined]);
  });

  it('begins anew at another authorization server, which is told nothing of the old one', async () => {
    takeNewest();
    const launch = await srv.logIn(all);
    const client = new URL(
      await other(async (next) => {
        srv.valid.clear();
        srv.protection = { authorization_servers: [next.url] };
        expect(await srv.call(launch)).toBe(401);
        const opened = page() ?? '';
        expect(opened).toContain(next.url);
        expect(JSON.stringify(next.asked)).not.toContain('refresh-1');
        srv.valid.add('access-1');
        const params = srv.agreed(opened, { iss: next.url });
        await all.finish(params);
        expect(await srv.call(launch)).toBe(200);
        return opened;
      }),
    ).searchParams.get('client_id');
    expect(client).toMatch(/^client-/);
    expect(refreshes()).toEqual([]);
  });

  it('outlives a restart of the hub, also one that was kept as it was before there were issuers', async () => {
    takeNewest();
    await srv.logIn(all);
    const file = new SealedFile({ path: srv.file, keyFile: srv.keyFile, clock: srv.clock, what: 'logins' });
    const issuer = srv.issuer.url;
    const former = {
      client: { client_id: 'client-of-old', issuer },
      redirectUrl: 'http://localhost:37373/api/oauth/callback?server_name=srv',
      tokens: { access_token: 'access-1', refresh_token: 'refresh-of-old', token_type: 'Bearer', issuer },
      obtainedAtMs: 1,
    };
    await file.change(() => ({ [`srv ${srv.url}`]: former, 'of another program': 1 }));
    const launch = srv.launch(srv.logins());
    expect(await srv.call(launch)).toBe(200);
    srv.valid.clear();
    expect(await srv.call(launch)).toBe(200);
    expect(refreshes()).toEqual(['refresh-of-old']);
    expect(srv.issuer.trades.at(-1)?.['client_id']).toBe('client-of-old');
    const kept = Object.keys(await file.read());
    expect(kept).toHaveLength(2);
    expect(kept).toContain('of another program');
    expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
  });
});

describe('a token that is more than its text', () => {
  it.each(['DPoP', 'mac', 'N_A'])('is not sent as if it were none, when it is given (%s)', async (type) => {
    srv.issuer.token = () => ({ body: srv.issuer.tokens({ token_type: type }) });
    const launch = srv.launch(all);
    expect(await srv.call(launch)).toBe(401);
    const refused = all.finish(srv.agreed(page()));
    await expect(refused).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining(`of type ${JSON.stringify(type)}`),
    });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('access-1') });
    srv.valid.add('access-1');
    expect(await srv.call(launch)).toBe(401);
  });

  it.each(['bearer', 'BEARER', ' Bearer '])('is none that is called %s', async (type) => {
    takeNewest({ token_type: type });
    expect(await srv.call(await srv.logIn(all))).toBe(200);
  });

  it('is not sent either when a renewal or the hub’s own login gives it', async () => {
    takeNewest();
    const launch = await srv.logIn(all);
    srv.issuer.token = () => ({ body: srv.issuer.tokens({ token_type: 'DPoP' }) });
    srv.valid.clear();
    await expect(srv.call(launch)).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('"DPoP"') });
    const own = srv.launch(srv.logins(), { clientId: 'app', clientSecret: new Secret('s3cret-value'), grantType: 'client_credentials' });
    await expect(srv.call(own)).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('"DPoP"') });
  });
});

describe('more rights', () => {
  it('are asked for on top of what there is, once, and not again from a server that is never content', async () => {
    takeNewest();
    srv.challenge = ', scope="read"';
    const launch = await srv.logIn(all);
    srv.wanted = 'write';
    await expect(srv.call(launch)).rejects.toMatchObject({ code: 'UNAUTHORIZED', details: { status: 403, scope: 'write' } });
    const asked = page() ?? '';
    await expect(srv.call(launch)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(page()).toBe(asked);
    expect(new URL(asked).searchParams.get('scope')).toBe('read write');
    expect(refreshes()).toEqual([]);
    // The authorization server gives them, and the server wants them all the same.
    await all.finish(srv.agreed(asked));
    expect([await srv.call(launch), page()]).toEqual([403, undefined]);
    srv.wanted = undefined;
    expect(await srv.call(launch)).toBe(200);
  });

  it('are still to be had from the open page after the token was renewed', async () => {
    takeNewest();
    const launch = await srv.logIn(all);
    srv.wanted = 'write';
    await expect(srv.call(launch)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const asked = page();
    srv.wanted = undefined;
    srv.valid.clear();
    expect(await srv.call(launch)).toBe(200);
    expect([page(), refreshes()]).toEqual([asked, ['refresh-1']]);
    await all.finish(srv.agreed(asked));
    expect([await srv.call(launch), page()]).toEqual([200, undefined]);
  });

  it('that the authorization server did not give are not asked for for ever', async () => {
    takeNewest({ scope: 'read' });
    const launch = await srv.logIn(all);
    srv.wanted = 'admin';
    await srv.call(launch).catch(() => undefined);
    await all.finish(srv.agreed(page()));
    expect([await srv.call(launch), page()]).toEqual([403, undefined]);
    // A person may want it all the same.
    expect(new URL(await all.begin('srv')).searchParams.get('scope')).toBe('read admin');
  });
});

describe('a hub that logs in by itself', () => {
  it('does so with its secret, again when the token ends, and never opens a page', async () => {
    takeNewest({ expires_in: 3600, refresh_token: undefined });
    const launch = srv.launch(all, {
      clientId: 'app',
      clientSecret: new Secret('s3cret'),
      grantType: 'client_credentials',
      scopes: ['a', 'b'],
    });
    expect(await srv.call(launch)).toBe(200);
    srv.aheadMs = 3_545_000;
    expect(await srv.call(launch)).toBe(200);
    srv.valid.clear();
    expect(await srv.call(launch)).toBe(200);
    expect(srv.issuer.trades).toHaveLength(3);
    expect(srv.issuer.trades[0]).toEqual({ grant_type: 'client_credentials', scope: 'a b', resource: srv.url });
    srv.wanted = 'more';
    expect([await srv.call(launch), page()]).toEqual([403, undefined]);
    await expect(all.begin('srv')).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it.each([
    ['ec', 'ES256'],
    ['rsa', 'RS256'],
  ] as const)('proves with its key who it is (%s)', async (kind, alg) => {
    takeNewest();
    const { privateKey, publicKey } =
      kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
    const type = kind === 'ec' ? 'sec1' : 'pkcs1';
    const pem = privateKey.export({ format: 'pem', type }).toString().replaceAll('\n', String.raw`\n`);
    expect(await srv.call(srv.launch(all, { clientId: 'app', privateKey: new Secret(pem), grantType: 'client_credentials' }))).toBe(200);
    const [head = '', body = '', signature = ''] = srv.issuer.trades[0]?.['client_assertion']?.split('.') ?? [];
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(head)).toMatchObject({ alg });
    expect(read(body)).toMatchObject({ iss: 'app', sub: 'app', aud: srv.issuer.url });
    const key = { key: createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })), dsaEncoding: 'ieee-p1363' as const };
    expect(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('says which keys to look at when it is not let in, and shows none of them', async () => {
    srv.issuer.token = () => ({ status: 401, body: { error: 'invalid_client', error_description: 'Not s3cret-value.' } });
    const launch = srv.launch(all, { clientId: 'app', clientSecret: new Secret('s3cret-value'), grantType: 'client_credentials' });
    const error = await srv.call(launch).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('Check "clientId" and the secret or key') });
    expect(String(error)).not.toContain('s3cret-value');
  });

  it('does not quote a key that is none', async () => {
    const launch = srv.launch(all, { clientId: 'app', privateKey: new Secret('{"kty": "hidden'), grantType: 'client_credentials' });
    const error = await srv.call(launch).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('no private key') });
    expect(String(error)).not.toContain('hidden');
  });
});

it('nothing of a login is told to the log or the console', async () => {
  const warn = vi.spyOn(console, 'warn');
  takeNewest();
  const launch = await srv.logIn(all);
  srv.valid.clear();
  srv.issuer.token = () => ({ status: 400, body: { error: 'invalid_grant', error_description: 'refresh-1 was revoked' } });
  await srv.call(launch);
  const told = JSON.stringify(srv.records);
  for (const secret of ['access-1', 'refresh-1', 'the-code']) expect(told).not.toContain(secret);
  expect(warn.mock.calls).toEqual([]);
  warn.mockRestore();
});

async function other<T>(work: (issuer: ScriptedIssuer) => Promise<T>): Promise<T> {
  const issuer = await new ScriptedIssuer().open();
  try {
    return await work(issuer);
  } finally {
    await issuer.close();
  }
}
