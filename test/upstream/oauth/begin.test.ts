import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/base/index.ts';
import { connectTo } from '../../support/remote.ts';
import { ScriptedIssuer, ScriptedLogin } from '../../support/scripted-login.ts';

const METADATA_URL = 'https://hub.example/client.json';
let srv: ScriptedLogin;
beforeEach(async () => void (srv = await new ScriptedLogin().open()));
afterEach(() => srv.close());

/** The query of the page that is open for the server. */
const pageOf = (all: ReturnType<ScriptedLogin['logins']>): URLSearchParams =>
  new URL(all.authorizationUrl('srv') ?? 'http://none').searchParams;

describe('the client of a login', () => {
  it('registers itself as a program of its own, with the callback and the right to refresh', async () => {
    const all = srv.logins();
    expect(await srv.call(srv.launch(all))).toBe(401);
    const callback = 'http://localhost:37373/api/oauth/callback?server_name=srv';
    expect(srv.issuer.asked.find(({ path }) => path === '/register')?.fields).toMatchObject({
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [callback],
      token_endpoint_auth_method: 'none',
    });
    const page = pageOf(all);
    expect(page.get('redirect_uri')).toBe(callback);
    expect(page.get('resource')).toBe(srv.url);
    expect(page.get('code_challenge_method')).toBe('S256');
    expect(page.get('client_id')).toMatch(/^client-/);
  });

  it('registers once, and again only for another callback', async () => {
    const all = srv.logins();
    await srv.call(srv.launch(all));
    await srv.call(srv.launch(srv.logins()));
    const isRegistration = ({ path }: { readonly path: string }): boolean => path === '/register';
    expect(srv.issuer.asked.filter(isRegistration)).toHaveLength(1);
    await srv.call(srv.launch(srv.logins(), { callbackPort: 4711 }));
    expect(srv.issuer.asked.filter(isRegistration)).toHaveLength(2);
  });

  it('is that of the config, with its secret and one callback for all servers', async () => {
    const all = srv.logins();
    await srv.logIn(all, { clientId: 'my-app', clientSecret: new Secret('my-secret') });
    expect(srv.issuer.asked.map(({ path }) => path)).not.toContain('/register');
    const asked = srv.issuer.asked.find(({ path }) => path === '/token');
    expect(asked?.headers.authorization).toBe(`Basic ${Buffer.from('my-app:my-secret').toString('base64')}`);
    expect(asked?.fields['redirect_uri']).toBe('http://localhost:37373/api/oauth/callback');
  });

  it('has the callback that the config gives', async () => {
    const all = srv.logins();
    await srv.call(srv.launch(all, { clientId: 'my-app', redirectUri: 'https://hub.example/back' }));
    expect(pageOf(all).get('redirect_uri')).toBe('https://hub.example/back');
  });

  it('is a metadata document only where such are read', async () => {
    const first = srv.logins();
    await srv.call(srv.launch(first, { clientMetadataUrl: METADATA_URL }));
    expect(pageOf(first).get('client_id')).toMatch(/^client-/);
    srv.issuer.metadata = { client_id_metadata_document_supported: true };
    const second = srv.logins();
    await srv.call(srv.launch(second, { clientMetadataUrl: METADATA_URL }));
    expect(pageOf(second).get('client_id')).toBe(METADATA_URL);
  });

  it.each([
    ['registers nobody', { registration_endpoint: undefined }, 201],
    ['refuses the registration', {}, 403],
  ])('where the authorization server %s has to be in the config, and the error names the key', async (_, metadata, status) => {
    srv.issuer.metadata = metadata;
    srv.issuer.registration = () => ({ status, body: { error: 'access_denied' } });
    const all = srv.logins();
    await expect(srv.call(srv.launch(all))).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/"oauth": \{"clientId": "…"\}/),
    });
    expect(all.authorizationUrl('srv')).toBeUndefined();
  });
});

describe('a connection', () => {
  it.each(['http', 'sse', 'auto'] as const)('says what is missing for a login (%s)', async (transport) => {
    srv.issuer.metadata = { registration_endpoint: undefined };
    const launch = { ...srv.launch(srv.logins()), transport };
    await expect(connectTo(launch)).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('"clientId"') });
  });

  it.each(['http', 'sse', 'auto'] as const)('is tried again after the authorization server was out of reach (%s)', async (transport) => {
    srv.issuer.metadataReply = { status: 503 };
    const all = srv.logins();
    await expect(connectTo({ ...srv.launch(all), transport })).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    srv.issuer.metadataReply = undefined;
    srv.aheadMs = 6_000;
    await expect(connectTo({ ...srv.launch(all), transport })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(all.authorizationUrl('srv')).toContain(srv.issuer.url);
  });
});

describe('the authorization server of a login', () => {
  it.each([
    ['is gone', { isCut: true }],
    ['has trouble', { status: 500 }],
    ['names another issuer', { body: { issuer: 'https://else.example' } }],
  ])('is the next one where the first one %s', async (_, metadataReply) => {
    const other = await new ScriptedIssuer().open();
    other.metadataReply = metadataReply;
    try {
      srv.protection = { authorization_servers: [other.url, srv.issuer.url] };
      const all = srv.logins();
      expect(await srv.call(srv.launch(all))).toBe(401);
      expect(all.authorizationUrl('srv')).toContain(srv.issuer.url);
    } finally {
      await other.close();
    }
  });

  it('may write its issuer with the slash that an address without a path need not have, and has it compared as it wrote it', async () => {
    srv.issuer.metadata = { issuer: `${srv.issuer.url}/`, authorization_response_iss_parameter_supported: true };
    const all = srv.logins();
    const launch = srv.launch(all);
    expect(await srv.call(launch)).toBe(401);
    const otherwise = all.finish(srv.agreed(all.authorizationUrl('srv')));
    await expect(otherwise).rejects.toMatchObject({ message: expect.stringContaining('"iss" is another one') });
    expect(await srv.call(launch)).toBe(401);
    srv.valid.add('access-1');
    await all.finish(srv.agreed(all.authorizationUrl('srv'), { iss: `${srv.issuer.url}/` }));
    expect(await srv.call(launch)).toBe(200);
  });

  it.each(['/other', '//', '?x', '/../'])('may not write it with %s at its end', async (end) => {
    srv.issuer.metadata = { issuer: `${srv.issuer.url}${end}` };
    await expect(srv.call(srv.launch(srv.logins()))).rejects.toMatchObject({ message: expect.stringContaining('metadata cannot be used') });
  });

  it('must say that it supports PKCE, unless the config knows better', async () => {
    srv.issuer.metadata = { code_challenge_methods_supported: undefined };
    const all = srv.logins();
    await expect(srv.call(srv.launch(all))).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('"assumePkce": true'),
    });
    expect(all.authorizationUrl('srv')).toBeUndefined();
    expect(await srv.call(srv.launch(all, { assumePkce: true }))).toBe(401);
    expect(pageOf(all).get('code_challenge_method')).toBe('S256');
  });

  it('must support S256, whatever the config says', async () => {
    srv.issuer.metadata = { code_challenge_methods_supported: ['plain'] };
    await expect(srv.call(srv.launch(srv.logins(), { assumePkce: true }))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('is only the one that the config allows', async () => {
    const all = srv.logins();
    await expect(srv.call(srv.launch(all, { issuer: 'https://login.example' }))).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('https://login.example only'),
    });
    expect(srv.issuer.asked).toEqual([]);
  });

  it('is not asked for a token where the server wants one that is bound to a key', async () => {
    srv.protection = { dpop_bound_access_tokens_required: true };
    const all = srv.logins();
    await expect(srv.call(srv.launch(all))).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('DPoP') });
    expect([srv.issuer.asked, all.authorizationUrl('srv')]).toEqual([[], undefined]);
  });

  it('is not asked for a token of another server', async () => {
    srv.protection = { resource: 'https://bank.example/mcp' };
    await expect(srv.call(srv.launch(srv.logins()))).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('https://bank.example/mcp'),
    });
    expect(srv.issuer.asked).toEqual([]);
  });

  it('is none of a server that wants a key: its 401 stands', async () => {
    srv.protection = undefined;
    const all = srv.logins();
    expect(await srv.call(srv.launch(all))).toBe(401);
    expect(all.authorizationUrl('srv')).toBeUndefined();
  });

  it('gets no credentials of the config that were used at another one', async () => {
    const all = srv.logins();
    const oauth = { clientId: 'my-app', clientSecret: new Secret('my-secret') };
    const launch = await srv.logIn(all, oauth);
    const other = await new ScriptedIssuer().open();
    try {
      srv.protection = { authorization_servers: [other.url] };
      await expect(srv.call(launch)).rejects.toMatchObject({ message: expect.stringContaining(`"oauth": {"issuer": "${other.url}"}`) });
      expect(other.trades).toEqual([]);
      expect(await srv.call(srv.launch(all, { ...oauth, issuer: other.url }))).toBe(401);
      expect(all.authorizationUrl('srv')).toContain(other.url);
    } finally {
      await other.close();
    }
  });
});

describe('the callback of a login', () => {
  it('shows nothing of an answer that is not from the authorization server that was asked', async () => {
    const all = srv.logins();
    await srv.call(srv.launch(all));
    const page = all.authorizationUrl('srv');
    const foreign = srv.agreed(page, { iss: 'https://evil.example', error: 'access_denied', error_description: 'Call 0900-EVIL' });
    const error = await all.finish(foreign).catch((thrown: unknown) => String(thrown));
    expect(error).toMatch(/"iss" is another one/);
    expect(error).not.toMatch(/EVIL|evil\.example|access_denied/);
    expect(srv.issuer.trades).toEqual([]);
  });

  it('has to say who it is from where that was announced', async () => {
    srv.issuer.metadata = { authorization_response_iss_parameter_supported: true };
    const all = srv.logins();
    await srv.call(srv.launch(all));
    const params = srv.agreed(all.authorizationUrl('srv'));
    params.delete('iss');
    await expect(all.finish(params)).rejects.toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('"iss" is missing') });
    expect(srv.issuer.trades).toEqual([]);
  });

  it('tells what was refused, and can be begun anew', async () => {
    const all = srv.logins();
    const launch = srv.launch(all);
    await srv.call(launch);
    const page = all.authorizationUrl('srv');
    const refused = srv.agreed(page, { error: 'access_denied', error_description: 'Not you.' });
    refused.delete('code');
    await expect(all.finish(refused)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('access_denied: Not you.'),
    });
    await expect(all.finish(srv.agreed(page))).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    srv.valid.add('access-1');
    const another = await all.begin('srv');
    await all.finish(srv.agreed(another));
    expect(await srv.call(launch)).toBe(200);
    await expect(all.finish(srv.agreed(another))).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it('registers anew after the authorization server has forgotten the client', async () => {
    srv.issuer.token = () => ({ status: 401, body: { error: 'invalid_client' } });
    const all = srv.logins();
    await srv.call(srv.launch(all));
    const before = pageOf(all).get('client_id');
    await expect(all.finish(srv.agreed(all.authorizationUrl('srv')))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(new URL(await all.begin('srv')).searchParams.get('client_id')).not.toBe(before);
  });
});

describe('the person of a login', () => {
  it('has logins of their own', async () => {
    const all = srv.logins();
    const [mine, theirs] = [srv.launch(all), srv.launch(all, {}, 'key:7')];
    await Promise.all([srv.call(mine), srv.call(theirs)]);
    const pages = [all.authorizationUrl('srv'), all.authorizationUrl('srv', 'key:7')];
    expect(new Set(pages).size).toBe(2);
    srv.valid.add('access-1');
    await all.finish(srv.agreed(pages[1]));
    expect([await srv.call(theirs), await srv.call(mine)]).toEqual([200, 401]);
    const again = srv.logins();
    expect([await srv.call(srv.launch(again, {}, 'key:7')), await srv.call(srv.launch(again))]).toEqual([200, 401]);
  });
});
