import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deferred, silentLogger } from '../../src/base/index.ts';
import { Calls } from '../../src/downstream/calls.ts';
import type { HttpSession } from '../../src/downstream/http-session.ts';
import type { Owner } from '../../src/downstream/session.ts';
import { Sessions } from '../../src/downstream/sessions.ts';
import type { Answer } from '../../src/gateway/index.ts';
import { FakeGateway, legacyResult } from '../support/fake-gateway.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Harness, initialize, legacy, open, send, startHarness, startSession, until } from './harness.ts';

let harness: Harness;
let clock: FakeClock;
let mcp: string;
beforeEach(async () => {
  clock = new FakeClock();
  harness = await startHarness({ clock, sessionIdleTimeoutMs: 1_000_000, maxSessions: 2 });
  mcp = `${harness.url}/mcp`;
});
afterEach(() => harness.close());

const within = (id: string) => ({ headers: { 'mcp-session-id': id } });
const statusOf = async (id: string): Promise<number> => (await send(mcp, { ...within(id), body: legacy('ping') })).status;
const listen = (id: string) => open(mcp, { method: 'GET', ...within(id) });

describe('one session more than maxSessions', () => {
  it('ends the one that was unused for longest', async () => {
    const first = await startSession(mcp);
    await clock.advance(10);
    const second = await startSession(mcp);
    await clock.advance(10);
    expect(await statusOf(first)).toBe(200);
    await clock.advance(10);
    const third = await startSession(mcp);
    expect([await statusOf(first), await statusOf(second), await statusOf(third)]).toEqual([200, 404, 200]);
    expect(harness.endpoint.clientCount).toBe(2);
  });

  it('ends none with an open stream', async () => {
    const first = await startSession(mcp);
    const stream = await listen(first);
    await clock.advance(10);
    const second = await startSession(mcp);
    const third = await startSession(mcp);
    expect([await statusOf(first), await statusOf(second), await statusOf(third)]).toEqual([200, 404, 200]);
    stream.close();
  });

  it('ends none with a call in flight', async () => {
    const answer = deferred<Answer>();
    harness.gateway.on('tools/call', () => answer.promise);
    const first = await startSession(mcp);
    const call = send(mcp, { ...within(first), body: legacy('tools/call', { name: 'slow' }) });
    await until(() => harness.gateway.calls.some(({ method }) => method === 'tools/call'), 'the call runs');
    await clock.advance(10);
    const second = await startSession(mcp);
    const third = await startSession(mcp);
    expect([await statusOf(second), await statusOf(third)]).toEqual([404, 200]);
    answer.resolve(legacyResult({ content: [] }));
    expect((await call).json).toMatchObject({ result: { content: [] } });
  });

  it('is refused when all of them are in use, and its error names the setting', async () => {
    const streams = [await listen(await startSession(mcp)), await listen(await startSession(mcp))];
    const refused = await send(mcp, { body: initialize() });
    expect([refused.status, refused.headers['mcp-session-id']]).toEqual([429, undefined]);
    expect(refused.json).toMatchObject({ id: 0, error: { message: expect.stringContaining('2 sessions ("maxSessions")') } });
    streams[0]?.close();
    await streams[0]?.ended;
    let status = 429;
    for (let turn = 0; turn < 100 && status === 429; turn += 1) ({ status } = await send(mcp, { body: initialize() }));
    expect(status).toBe(200);
    streams[1]?.close();
  });
});

describe('sessions of several principals', () => {
  /** Sessions in a place for so many, in the order of their making; each was last used a millisecond after the one before. */
  function places(maxSessions: number) {
    const limits = { maxBodyBytes: 1, sessionIdleTimeoutMs: 1_000_000, maxSessions, shutdownTimeoutMs: 0 };
    const gateway = new FakeGateway();
    const calls = new Calls(gateway, silentLogger);
    const sessions = new Sessions({ gateway, calls, clock, logger: silentLogger, serverInfo: {}, limits: () => limits });
    const made: HttpSession[] = [];
    const ownerOf = (id: string): Owner => ({ principal: { id }, scope: { kind: 'all' } });
    const create = async (id: string): Promise<HttpSession> => {
      await clock.advance(1);
      const session = sessions.create(ownerOf(id));
      made.push(session);
      return session;
    };
    const left = (): string => {
      const there = made.filter(({ session }) => sessions.get(session.id, session.owner));
      return there.map(({ session }) => session.owner.principal.id).join('');
    };
    const occupy = (name: string): void => {
      for (const { session } of made) if (session.owner.principal.id === name) session.listenOn({ send: () => true, end: () => {} });
    };
    return { create, left, occupy, close: () => sessions.close() };
  }

  it.each([
    ['aab', 'c', 'abc'],
    ['abb', 'a', 'aba'],
    ['aab', 'a', 'aba'],
    ['aaab', 'b', 'aabb'],
    ['aabb', 'a', 'abba'],
    ['aabb', 'b', 'aabb'],
    ['ab', 'c', 'bc'],
    ['aaaa', 'a', 'aaaa'],
  ])('of %s, one more of %s leaves %s: the longest unused one of whoever has most goes', async (before, newcomer, after) => {
    const { create, left, close } = places(before.length);
    for (const id of before) await create(id);
    await create(newcomer);
    expect(left()).toBe(after);
    close();
  });

  it('that are in use do not go, and nor do those of somebody who has no more', async () => {
    const { create, left, occupy, close } = places(4);
    for (const id of 'aaab') await create(id);
    occupy('a');
    await expect(create('a')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', details: { setting: 'maxSessions' } });
    expect(left()).toBe('aaab');
    // Its own it may give up.
    await create('b');
    expect(left()).toBe('aaab');
    close();
  });

  it('are not taken by a key that makes many', async () => {
    const { create, left, close } = places(10);
    for (const id of 'aaabbb') await create(id);
    for (let round = 0; round < 50; round += 1) await create('x');
    expect(left()).toBe(`aaabbb${'x'.repeat(4)}`);
    close();
  });
});
