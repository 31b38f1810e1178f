import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deferred } from '../../src/base/index.ts';
import type { Answer } from '../../src/gateway/index.ts';
import { legacyResult } from '../support/fake-gateway.ts';
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
