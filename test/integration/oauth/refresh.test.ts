import { afterEach, describe, expect, it, vi } from 'vitest';
import { type EveryKindFixture, startEveryKind } from '../../fixtures/http/every-kind.ts';
import { type RunningHub, runHub } from '../../support/in-process-hub.ts';
import { clientOf, logInAt, post, shown, untilStatus } from '../../support/oauth-hub.ts';
import { guard, type Guarded, StrictIssuer } from '../../support/strict-issuer.ts';

const REFRESHES = 200;
const CALLERS = 32;

let issuer: StrictIssuer;
let mcp: EveryKindFixture;
let guarded: Guarded;
let hub: RunningHub;
afterEach(async () => {
  await hub.stop();
  await Promise.all([guarded.close(), mcp.close()]);
  await issuer.close();
});

async function start(accessTokenTtl?: number): Promise<void> {
  issuer = await StrictIssuer.start(accessTokenTtl === undefined ? {} : { accessTokenTtl });
  mcp = await startEveryKind();
  guarded = await guard(issuer, mcp);
  hub = await runHub({ mcpServers: { guarded: { url: guarded.url } } });
  await logInAt(hub);
}

const echo = { name: 'guarded__echo', arguments: { x: 1 } };

describe('a login whose token is over', () => {
  it(`is renewed ${REFRESHES} times under ${CALLERS} calls at once, by one request each, and no call fails`, {
    timeout: 120_000,
  }, async () => {
    await start();
    const client = await clientOf(hub, 'modern');
    for (let round = 1; round <= REFRESHES; round += 1) {
      guarded.rejectCurrent();
      const told = await Promise.all(Array.from({ length: CALLERS }, () => client.call('tools/call', echo)));
      expect(told.filter(({ response }) => JSON.stringify(response).includes('isError') || 'error' in response)).toEqual([]);
      expect(issuer.refreshes).toBe(round);
    }
    expect(mcp.calls).toHaveLength(REFRESHES * CALLERS);
    expect(issuer.grants.filter(({ isGranted }) => !isGranted)).toEqual([]);
    expect(issuer.grants.filter(({ type }) => type === 'authorization_code')).toHaveLength(1);
  });

  it('is renewed before that, where the token says how long it lives, and not with every call', { timeout: 30_000 }, async () => {
    await start(2);
    const refusedBefore = guarded.counts.refused;
    const client = await clientOf(hub, 'modern');
    const untilMs = Date.now() + 7_000;
    let calls = 0;
    while (Date.now() < untilMs) {
      const told = await Promise.all(Array.from({ length: CALLERS }, () => client.call('tools/call', echo)));
      expect(told.filter(({ response }) => JSON.stringify(response).includes('isError') || 'error' in response)).toEqual([]);
      calls += CALLERS;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(mcp.calls).toHaveLength(calls);
    expect(issuer.refreshes).toBeGreaterThanOrEqual(2);
    // One for each life of a token, which is shortened by a fifth.
    expect(issuer.refreshes).toBeLessThanOrEqual(6);
    expect(issuer.grants.every(({ isGranted }) => isGranted)).toBe(true);
    // What was under way when a token ended may have been refused once, and was sent again.
    expect(guarded.counts.refused - refusedBefore).toBeLessThanOrEqual(CALLERS * issuer.refreshes);
  });

  it.each([
    ['does not answer', 'cut' as const],
    ['answers 503', 503],
    ['answers 429', 429],
  ])('is kept while the authorization server %s, and renewed after that, without anybody', { timeout: 30_000 }, async (_, fault) => {
    await start();
    issuer.fail(fault);
    guarded.rejectCurrent();
    const client = await clientOf(hub, 'modern');
    const told = await client.call('tools/call', echo);
    expect(JSON.stringify(told.response)).toContain('a login that there was is kept');
    expect(await shown(hub)).toMatchObject({ authorizationUrl: null });
    const again = await post(`${hub.origin}/api/servers/restart`, { server_name: 'guarded' });
    expect([200, 503]).toContain(again.status);
    expect((await shown(hub)).status).not.toBe('unauthorized');
    issuer.fail('none');
    await post(`${hub.origin}/api/servers/start`, { server_name: 'guarded' });
    await untilStatus(hub, 'connected');
    // An authorization server that was away is left alone for five seconds.
    const renewed = async (): Promise<void> => {
      const answer = await client.call('tools/call', echo);
      expect(answer.response).toMatchObject({ result: { content: [{ text: '{"x":1}' }] } });
    };
    await vi.waitFor(renewed, { timeout: 10_000, interval: 200 });
    expect(issuer.grants.filter(({ type }) => type === 'authorization_code')).toHaveLength(1);
  });
});
