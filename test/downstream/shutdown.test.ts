import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Deferred, deferred } from '../../src/base/index.ts';
import type { Answer } from '../../src/gateway/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { modernResult } from '../support/fake-gateway.ts';
import { type Harness, legacy, modern, open, send, startHarness, startSession, until } from './harness.ts';

let harness: Harness;
let clock: FakeClock;
let mcp: string;
let answer: Deferred<Answer>;
beforeEach(async () => {
  clock = new FakeClock();
  harness = await startHarness({ clock, shutdownTimeoutMs: 2_000 });
  mcp = `${harness.url}/mcp`;
  answer = deferred();
  harness.gateway.on('tools/call', () => answer.promise);
});
afterEach(() => harness.close());

const running = (count: number) => until(() => harness.endpoint.calls.running === count, `${count} calls run`);

describe('the end of the endpoint', () => {
  it('waits for calls in flight, answers them, and takes no new one meanwhile', async () => {
    const call = send(mcp, modern('tools/call', { name: 'slow' }));
    await running(1);
    const closed = harness.endpoint.close();
    const late = await send(mcp, modern('tools/call', { name: 'late' }));
    expect(late.json).toMatchObject({ error: { data: { code: 'SHUTTING_DOWN' } } });
    answer.resolve(modernResult({ resultType: 'complete', content: [{ type: 'text', text: 'in time' }] }));
    expect((await call).json).toMatchObject({ result: { content: [{ text: 'in time' }] } });
    await closed;
    expect(harness.gateway.calls.filter(({ method }) => method === 'tools/call')).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('takes back what is not answered within shutdownTimeout, with an error that names it', async () => {
    const session = await startSession(mcp);
    const call = open(mcp, { headers: { 'mcp-session-id': session }, body: legacy('tools/call', { name: 'slow' }) });
    await running(1);
    const closed = harness.endpoint.close();
    await clock.advance(1_999);
    expect(harness.endpoint.calls.running).toBe(1);
    await clock.advance(1);
    await closed;
    const reading = await call;
    await reading.ended;
    expect(reading.text()).toContain('SHUTTING_DOWN');
    expect(reading.text()).toMatch(/not answered within 2000 ms \(\\"shutdownTimeout\\"\)/);
    expect(harness.gateway.calls.at(-1)?.signal.aborted).toBe(true);
  });

  it('keeps streams open for as long as calls may go on, and ends them then', async () => {
    const session = await startSession(mcp);
    const stream = await open(mcp, { method: 'GET', headers: { 'mcp-session-id': session } });
    const call = send(mcp, modern('tools/call', { name: 'slow' }));
    await running(1);
    let isOver = false;
    void stream.ended.then(() => (isOver = true));
    const closed = harness.endpoint.close();
    await clock.advance(1_000);
    expect(isOver).toBe(false);
    answer.resolve(modernResult({ resultType: 'complete', content: [] }));
    await Promise.all([call, closed, stream.ended]);
  });

  it('is at once when nothing is in flight', async () => {
    await harness.endpoint.close();
    expect(clock.pending).toBe(0);
  });

  it('is one and the same, however often it is asked for', async () => {
    const call = send(mcp, modern('tools/call', { name: 'slow' }));
    await running(1);
    const drained = harness.endpoint.drain();
    expect(harness.endpoint.drain()).toBe(drained);
    answer.resolve(modernResult({ resultType: 'complete', content: [] }));
    await Promise.all([drained, call]);
  });
});
