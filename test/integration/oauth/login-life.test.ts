import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type EveryKindFixture, startEveryKind } from '../../fixtures/http/every-kind.ts';
import { type Block, type EventsReader, readEvents } from '../../support/event-readers.ts';
import { eventually } from '../../support/eventually.ts';
import { type RunningHub, runHub } from '../../support/in-process-hub.ts';
import { clientOf, loginPageOf, logInAt, post, shown, untilStatus, visit } from '../../support/oauth-hub.ts';
import { logIn } from '../../support/protected-server.ts';
import { guard, type Guarded, StrictIssuer } from '../../support/strict-issuer.ts';

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

interface Place {
  readonly issuer: StrictIssuer;
  readonly mcp: EveryKindFixture;
  readonly guarded: Guarded;
}

async function place(issuer?: StrictIssuer): Promise<Place> {
  const one = issuer ?? (await StrictIssuer.start());
  if (!issuer) undo.push(() => one.close());
  const mcp = await startEveryKind();
  undo.push(() => mcp.close());
  const guarded = await guard(one, mcp);
  undo.push(() => guarded.close());
  return { issuer: one, mcp, guarded };
}

async function hubOf(mcpServers: object, home?: string, port?: number): Promise<RunningHub> {
  const env = home === undefined ? {} : { XDG_DATA_HOME: home };
  const hub = await runHub({ mcpServers }, env, port);
  undo.push(() => hub.stop());
  return hub;
}

async function eventsOf({ origin }: RunningHub): Promise<EventsReader> {
  const reader = await readEvents(origin);
  undo.push(() => reader.cut());
  return reader;
}

const asked = ({ blocks }: EventsReader): readonly Block[] => blocks.filter(({ data }) => data['type'] === 'login_required');
const echo = { name: 'guarded__echo', arguments: { x: 1 } };

describe('a login', () => {
  it('that is taken back is asked for once, with one event and one page, and the server goes on after it', async () => {
    const { issuer, guarded, mcp } = await place();
    const hub = await hubOf({ guarded: { url: guarded.url } });
    const events = await eventsOf(hub);
    await logInAt(hub);
    const before = asked(events).length;
    await issuer.revokeAll();
    const client = await clientOf(hub, 'modern');
    const told = await Promise.all(Array.from({ length: 32 }, () => client.call('tools/call', echo)));
    const { authorizationUrl } = await untilStatus(hub, 'unauthorized');
    expect(authorizationUrl).toMatch(/^http/);
    for (const { response } of told) {
      const { result } = response as { result: { isError: boolean; content: { text: string }[] } };
      expect([result.isError, result.content[0]?.text]).toEqual([true, expect.stringContaining(`Open ${authorizationUrl} in a browser`)]);
    }
    await eventually(() => expect(asked(events)).toHaveLength(before + 1));
    expect(asked(events).at(-1)?.data).toMatchObject({ server: 'guarded', authorizationUrl });
    // What it offers is still there: a call to it is what a person logs in for.
    expect((await shown(hub)).capabilities.tools).toHaveLength(1);
    const requests = [issuer.requests, guarded.counts.refused];
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect([issuer.requests, guarded.counts.refused]).toEqual(requests);
    expect((await visit(authorizationUrl ?? '')).status).toBe(200);
    await untilStatus(hub, 'connected');
    expect((await client.call('tools/call', echo)).response).toMatchObject({ result: { content: [{ text: '{"x":1}' }] } });
    expect(mcp.calls).toHaveLength(1);
    expect(asked(events)).toHaveLength(before + 1);
  });

  it('outlives the hub, with a token that is good and with one that is over', async () => {
    const { issuer, guarded } = await place();
    const folder = await hubOf({});
    const data = join(folder.folder, 'data');
    const first = await hubOf({ guarded: { url: guarded.url } }, data);
    await logInAt(first);
    await first.stop();
    const second = await hubOf({ guarded: { url: guarded.url } }, data);
    await untilStatus(second, 'connected');
    expect(issuer.refreshes).toBe(0);
    await second.stop();
    guarded.rejectCurrent();
    const third = await hubOf({ guarded: { url: guarded.url } }, data);
    await untilStatus(third, 'connected');
    expect(issuer.grants).toEqual([
      { type: 'authorization_code', isGranted: true },
      { type: 'refresh_token', isGranted: true },
    ]);
  });

  it('is one of its own for each of two servers at one authorization server', async () => {
    const { issuer, guarded } = await place();
    const { guarded: other } = await place(issuer);
    const hub = await hubOf({ guarded: { url: guarded.url }, other: { url: other.url } });
    const [page, otherPage] = await Promise.all([loginPageOf(hub), loginPageOf(hub, 'other')]);
    expect(new URL(page).searchParams.get('state')).not.toBe(new URL(otherPage).searchParams.get('state'));
    expect((await visit(otherPage)).status).toBe(200);
    await untilStatus(hub, 'connected', 'other');
    expect(await shown(hub)).toMatchObject({ status: 'unauthorized', authorizationUrl: page });
    expect((await visit(page)).status).toBe(200);
    await untilStatus(hub, 'connected');
    guarded.rejectCurrent();
    const client = await clientOf(hub, 'modern');
    const calls = ['guarded__echo', 'other__echo'].map((name) => client.call('tools/call', { name, arguments: {} }));
    for (const { response } of await Promise.all(calls)) expect(response).toMatchObject({ result: { content: [{ text: '{}' }] } });
    expect(issuer.refreshes).toBe(1);
  });

  it('is changed by no callback with a state that is wrong, used or too old, and by none that lacks something', async () => {
    const { guarded, issuer } = await place();
    const hub = await hubOf({ guarded: { url: guarded.url } });
    const page = await loginPageOf(hub);
    const good = new URL(await logIn(page));
    const others = [
      (url: URL) => url.searchParams.set('state', 'x'.repeat(32)),
      (url: URL) => url.searchParams.delete('state'),
      (url: URL) => url.searchParams.set('state', ''),
      (url: URL) => url.searchParams.delete('code'),
    ];
    const callbackWith = (change: (url: URL) => void): string => {
      const url = new URL(good);
      change(url);
      return url.href;
    };
    for (const change of others) {
      const answer = await fetch(callbackWith(change));
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('The login did not work')]);
      expect(await shown(hub)).toMatchObject({ status: 'unauthorized', authorizationUrl: page });
    }
    expect(issuer.grants).toEqual([]);
    expect((await fetch(good)).status).toBe(200);
    await untilStatus(hub, 'connected');
    const replayed = await fetch(good);
    expect([replayed.status, await replayed.text()]).toEqual([400, expect.stringContaining('belongs to no open login')]);
    expect(await post(`${hub.origin}/api/oauth/manual_callback`, { url: good.href }).then(({ status }) => status)).toBe(400);
    await untilStatus(hub, 'connected');
    expect(issuer.grants).toHaveLength(1);
  });

  it('that was refused says so, and another one can be begun', async () => {
    const { guarded } = await place();
    const hub = await hubOf({ guarded: { url: guarded.url } });
    const page = new URL(await loginPageOf(hub));
    const own = `state=${page.searchParams.get('state')}&iss=${encodeURIComponent(page.origin)}`;
    const refused = await fetch(`${hub.origin}/api/oauth/callback?error=access_denied&error_description=%3Cscript%3E&${own}`);
    const text = await refused.text();
    expect([refused.status, text]).toEqual([401, expect.stringContaining('access_denied')]);
    expect(text).not.toContain('<script');
    const begun = await post(`${hub.origin}/api/servers/authorize`, { server_name: 'guarded' });
    const { authorizationUrl } = (await begun.json()) as { authorizationUrl: string };
    expect((await visit(authorizationUrl)).status).toBe(200);
    await untilStatus(hub, 'connected');
  });
});
