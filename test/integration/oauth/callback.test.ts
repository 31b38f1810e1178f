import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EveryKindFixture, startEveryKind } from '../../fixtures/http/every-kind.ts';
import { type RunningHub, runHub } from '../../support/in-process-hub.ts';
import { loginPageOf, shown, untilStatus, visit } from '../../support/oauth-hub.ts';
import { guard, type Guarded, StrictIssuer } from '../../support/strict-issuer.ts';

let hub: RunningHub;
let issuer: StrictIssuer;
let mcp: EveryKindFixture;
let guarded: Guarded;
let state = '';

beforeAll(async () => {
  issuer = await StrictIssuer.start();
  mcp = await startEveryKind();
  guarded = await guard(issuer, mcp);
  hub = await runHub({ mcpServers: { guarded: { url: guarded.url } } });
  state = new URL(await loginPageOf(hub)).searchParams.get('state') ?? '';
});
afterAll(async () => {
  await hub.stop();
  await Promise.all([guarded.close(), mcp.close()]);
  await issuer.close();
});

const SCRIPT = encodeURIComponent('"><script>alert(1)</script>');
const pair = (name: string, value: string): string => `${name}=${value}`;

describe('the callback', () => {
  it.each([
    ['nothing', ''],
    ['a question mark', '?'],
    ['a code alone', '?code=x'],
    ['an empty code and state', '?code=&state='],
    ['a state that nobody gave out', '?code=x&state=y'],
    ['a code that comes twice', '?code=x&code=y&state=z'],
    ['a state that comes twice', '?code=x&state=a&state=b'],
    ['objects', '?code[a]=1&state[b][c]=2&error[]=3'],
    ['names of what every object has', '?__proto__=x&constructor=y&code=z&state=toString'],
    ['what is no UTF-8', '?code=%ff%fe&state=%80'],
    ['broken escapes', '?code=%&state=%zz'],
    ['zeros and lines', '?code=%00%0d%0a&state=%0a'],
    [
      'script in every parameter',
      `?${['code', 'state', 'iss', 'error', 'error_description', 'server_name'].map((name) => pair(name, SCRIPT)).join('&')}`,
    ],
    ['an error of nobody', '?error=access_denied'],
    ['an error with a wrong state', `?error=${SCRIPT}&state=x`],
    ['a long one', `?code=${'x'.repeat(8_000)}&state=y`],
    ['many', `?code=x&state=y&${Array.from({ length: 2_000 }, (_, at) => `a${at}=1`).join('&')}`],
  ])('answers %s with a page and 400, and changes nothing', async (_, query) => {
    const answer = await fetch(`${hub.origin}/api/oauth/callback${query}`, { redirect: 'manual' });
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8']);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(text).toContain('<h1>The login did not work</h1>');
    expect(text).not.toMatch(/<script|<img|<svg/i);
    expect(await shown(hub)).toMatchObject({ status: 'unauthorized' });
    expect(new URL((await shown(hub)).authorizationUrl ?? '').searchParams.get('state')).toBe(state);
    expect(issuer.grants).toEqual([]);
  });

  it('with a code that the authorization server does not know ends that login, and says so', async () => {
    const answer = await fetch(`${hub.origin}/api/oauth/callback?code=${SCRIPT}&state=${state}&iss=${encodeURIComponent(issuer.url)}`);
    const text = await answer.text();
    expect(answer.status).toBe(401);
    expect(text).toContain('You are not logged in.');
    expect(text).toContain('mcp-hub auth guarded');
    expect(text).not.toMatch(/<script/i);
    const begun = await fetch(`${hub.origin}/api/servers/authorize`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"server_name":"guarded"}',
    });
    const { authorizationUrl } = (await begun.json()) as { authorizationUrl: string };
    expect((await visit(authorizationUrl)).status).toBe(200);
    await untilStatus(hub, 'connected');
  });
});
