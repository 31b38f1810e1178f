import { afterEach, describe, expect, it } from 'vitest';
import { type EveryKindFixture, startEveryKind } from '../../fixtures/http/every-kind.ts';
import { startModernHttp } from '../../fixtures/http/modern-http.ts';
import { eventually } from '../../support/eventually.ts';
import { type RunningHub, runHub } from '../../support/in-process-hub.ts';
import { clientOf, loginPageOf, logInAt, post, shown, untilStatus, visit } from '../../support/oauth-hub.ts';
import { guard, type Guarded, StrictIssuer } from '../../support/strict-issuer.ts';
import type { Era, JsonObject } from '../../../src/protocol/index.ts';

const undo: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function start(server: Era = 'legacy'): Promise<{ hub: RunningHub; issuer: StrictIssuer; guarded: Guarded; mcp: EveryKindFixture }> {
  const issuer = await StrictIssuer.start();
  undo.push(() => issuer.close());
  const legacy = await startEveryKind();
  undo.push(() => legacy.close());
  const modern = await startModernHttp();
  undo.push(() => modern.close());
  const guarded = await guard(issuer, server === 'legacy' ? legacy : modern);
  undo.push(() => guarded.close());
  const hub = await runHub({ mcpServers: { guarded: { url: guarded.url } } });
  undo.push(() => hub.stop());
  return { hub, issuer, guarded, mcp: legacy };
}

const ERAS: readonly Era[] = ['legacy', 'modern'];
const PAIRS = ERAS.flatMap((client) => ERAS.map((server) => [client, server] as const));
const echo = { name: 'guarded__echo', arguments: { x: 1 } };
const textOf = ({ response }: { readonly response: JsonObject }): string => {
  const { result, error } = response as { result?: { content: { text: string }[] }; error?: { message: string } };
  return result?.content[0]?.text ?? error?.message ?? '';
};
const urlOf = (params: JsonObject): string => String(params['url']);

/** Opens the page that it is sent to, as a person does, and says so. */
const logsIn = (log: string[]) => async (method: string, params: JsonObject) => {
  expect([method, params['mode']]).toEqual(['elicitation/create', 'url']);
  log.push(urlOf(params));
  expect((await visit(urlOf(params))).status).toBe(200);
  return { action: 'accept' };
};

describe.each(PAIRS)('a call of a %s client to a %s server whose login was taken back', (era, server) => {
  it('sends its client to the page, and goes on after the login', async () => {
    const { hub, issuer } = await start(server);
    await logInAt(hub);
    await issuer.revokeAll();
    const log: string[] = [];
    const client = await clientOf(hub, era, '/mcp', logsIn(log));
    const told = await client.call('tools/call', echo);
    expect(textOf(told)).toContain('"x":1');
    expect(log).toHaveLength(1);
    await untilStatus(hub, 'connected');
    const [asked] = client.asked;
    const params = asked?.params as JsonObject;
    expect(typeof params['elicitationId']).toBe(era === 'legacy' ? 'string' : 'undefined');
    const over = [...told.notes, ...client.changes].filter(({ method }) => method === 'notifications/elicitation/complete');
    const named = { elicitationId: params['elicitationId'] };
    expect(over.map((one) => one['params'])).toEqual(era === 'legacy' ? [named] : []);
  });

  it('says what to open where the client cannot be sent there, and where it does not want to go', async () => {
    const { hub, issuer } = await start(server);
    await logInAt(hub);
    await issuer.revokeAll();
    const told = await (await clientOf(hub, era)).call('tools/call', echo);
    const page = await loginPageOf(hub);
    expect(textOf(told)).toBe(`Server "guarded" needs a login. Open ${page} in a browser, or run "mcp-hub auth guarded"; then call again.`);
    for (const action of ['decline', 'cancel']) {
      const unwilling = await clientOf(hub, era, '/mcp', () => ({ action }));
      const refused = await unwilling.call('tools/call', echo);
      expect(textOf(refused)).toContain(`was declined. Open ${page} in a browser`);
    }
    expect(await shown(hub)).toMatchObject({ status: 'unauthorized', authorizationUrl: page });
  });
});

describe.each(ERAS)('a %s client at a server that nobody has logged in at yet', (era) => {
  it.each([
    ['tools/call', { name: 'echo', arguments: { x: 1 } }, '"x":1'],
    ['prompts/get', { name: 'greet' }, 'hello'],
    ['resources/read', { uri: 'test://note' }, 'a note'],
  ])('gets the answer to its %s after the login', async (method, params, answer) => {
    const { hub, mcp } = await start();
    const page = await loginPageOf(hub);
    const plain = await (await clientOf(hub, era, '/mcp/guarded')).call(method, params);
    expect(JSON.stringify(plain.response)).toContain(JSON.stringify(page).slice(1, -1));
    const log: string[] = [];
    const told = await (await clientOf(hub, era, '/mcp/guarded', logsIn(log))).call(method, params);
    expect(JSON.stringify(told.response['result']).replaceAll('\\', '')).toContain(answer);
    expect(log).toEqual([page]);
    expect(mcp.calls).toHaveLength(1);
  });
});

describe('calls that wait for a login', () => {
  it('are one page, and one question to each session, however many they are', async () => {
    const { hub, issuer, mcp } = await start();
    await logInAt(hub);
    await issuer.revokeAll();
    const pages: string[] = [];
    const never = (_: string, params: JsonObject): Promise<JsonObject> => {
      pages.push(urlOf(params));
      return new Promise(() => {});
    };
    const legacy = await clientOf(hub, 'legacy', '/mcp', never);
    const waiting = Array.from({ length: 16 }, () => legacy.start('tools/call', echo).done);
    const modern = await clientOf(hub, 'modern', '/mcp', (_, params) => (pages.push(urlOf(params)), { action: 'accept' }));
    const more = Array.from({ length: 16 }, () => modern.call('tools/call', echo));
    await eventually(() => expect(pages).toHaveLength(17));
    expect(new Set(pages).size).toBe(1);
    // Somebody logs in elsewhere: nobody has to answer anything.
    expect((await visit(pages[0] ?? '')).status).toBe(200);
    for (const told of await Promise.all([...waiting, ...more])) expect(textOf(told)).toContain('"x":1');
    expect(mcp.calls).toHaveLength(32);
    expect(legacy.asked).toHaveLength(1);
    expect(legacy.takenBack).toHaveLength(1);
    expect(issuer.grants.filter(({ type }) => type === 'authorization_code')).toHaveLength(2);
  });

  it('ask anew when the call that asked is taken back', async () => {
    const { hub, issuer, mcp } = await start();
    await logInAt(hub);
    await issuer.revokeAll();
    const client = await clientOf(hub, 'legacy', '/mcp', () => new Promise(() => {}));
    const first = client.start('tools/call', echo);
    await eventually(() => expect(client.asked).toHaveLength(1));
    const second = client.start('tools/call', echo);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await first.cancel();
    await eventually(() => expect(client.asked).toHaveLength(2));
    expect((await visit(await loginPageOf(hub))).status).toBe(200);
    expect(textOf(await second.done)).toContain('"x":1');
    expect(mcp.calls).toHaveLength(1);
  });

  it('end with the words of the authorization server when it is refused there', async () => {
    const { hub, issuer } = await start();
    await logInAt(hub);
    await issuer.revokeAll();
    const refuses = async (_: string, params: JsonObject): Promise<JsonObject> => {
      const page = new URL(urlOf(params));
      const own = `state=${page.searchParams.get('state')}&iss=${encodeURIComponent(page.origin)}`;
      await fetch(`${hub.origin}/api/oauth/callback?error=access_denied&${own}`);
      return new Promise(() => {});
    };
    const client = await clientOf(hub, 'legacy', '/mcp', refuses);
    expect(textOf(await client.call('tools/call', echo))).toContain('access_denied');
  });

  it('do not hold up the stop of the hub', async () => {
    const { hub, issuer } = await start();
    await logInAt(hub);
    await issuer.revokeAll();
    const client = await clientOf(hub, 'legacy', '/mcp', () => new Promise(() => {}));
    const waiting = client.start('tools/call', echo);
    await eventually(() => expect(client.asked).toHaveLength(1));
    await hub.stop();
    expect(textOf(await waiting.done)).toContain('The hub is stopping');
  });

  it('of the REST API say what to open, with 401', async () => {
    const { hub, issuer } = await start();
    await logInAt(hub);
    await issuer.revokeAll();
    const answer = await post(`${hub.origin}/api/servers/tools`, { server_name: 'guarded', tool: 'echo', arguments: {} });
    const body = (await answer.json()) as { error: string; data: { authorizationUrl: string } };
    expect([answer.status, body]).toMatchObject([401, { code: 'UNAUTHORIZED' }]);
    expect(body.error).toContain(`Open ${await loginPageOf(hub)} in a browser`);
    expect(body.data.authorizationUrl).toBe(await loginPageOf(hub));
  });
});
