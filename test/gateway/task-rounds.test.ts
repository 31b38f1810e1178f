import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { forward } from '../../src/gateway/forward.ts';
import type { Call } from '../../src/gateway/index.ts';
import type { JsonObject, NotificationMessage, Outcome } from '../../src/protocol/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeUpstream, listing } from '../support/fake-upstream.ts';

const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
const NEEDED = { error: { code: -32021, message: 'Needed', data: { requiredCapabilities: TASKS } } };
const seed = { taskId: 't', status: 'working', ttlMs: null, pollIntervalMs: 500 };
const done = { ...seed, status: 'completed', result: { content: [] } };

/** A legacy client's call to a server that insists on a task, whose states come one after the other. */
function calling(states: readonly (JsonObject | Outcome | HubError)[], created: JsonObject = seed, more: Partial<Call> = {}) {
  const clock = new FakeClock();
  const upstream = new FakeUpstream('m', listing({ era: 'modern' }));
  const left = [...states];
  upstream.answer = ({ method, origin }): Outcome => {
    if (!origin.runsTasks) return NEEDED;
    if (method === 'tools/call') return { result: { ...created, resultType: 'task' } };
    if (method !== 'tasks/get') return { result: {} };
    const next = left.length > 1 ? left.shift() : left[0];
    if (next instanceof HubError) throw next;
    return next && ('result' in next || 'error' in next) && !('status' in next) ? (next as Outcome) : { result: next as JsonObject };
  };
  const told: NotificationMessage[] = [];
  const call: Call = {
    scope: { kind: 'all' },
    method: 'tools/call',
    params: { name: 'x', _meta: { progressToken: 'p' } },
    downstream: { principal: { id: 'local' }, era: 'legacy', protocolVersion: '2025-11-25', clientCapabilities: {} },
    signal: new AbortController().signal,
    notify: (event) => void told.push(event),
    ask: async () => ({ result: { action: 'accept' } }),
    ...more,
  };
  const answer = forward(clock, upstream, call, { name: 'x' });
  const methods = (): string[] => upstream.requests.map(({ method }) => method);
  return { clock, upstream, answer, methods, told };
}

describe('a task that is seen through for a legacy client', () => {
  it('is looked at as often as its server says, within limits', async () => {
    const { clock, answer, methods } = calling([{ ...seed, pollIntervalMs: 1 }, { ...seed, pollIntervalMs: 10_000_000 }, done]);
    await clock.advance(499);
    expect(methods()).toEqual(['tools/call', 'tools/call']);
    await clock.advance(1);
    expect(methods().slice(2)).toEqual(['tasks/get']);
    await clock.advance(100);
    expect(methods().slice(2)).toHaveLength(2);
    await clock.advance(60_000);
    expect(await answer).toEqual({ era: 'modern', outcome: { result: { content: [] } } });
    expect(methods().slice(2)).toHaveLength(3);
  });

  it('is given up and cancelled when its time is over', async () => {
    const { clock, answer, methods } = calling([{ ...seed, ttlMs: 2_000 }], { ...seed, ttlMs: 2_000 });
    await clock.advance(3_000);
    expect((await answer).outcome.result).toMatchObject({ isError: true, _meta: { 'mcp-hub/error': { code: 'TIMEOUT' } } });
    expect(methods().at(-1)).toBe('tasks/cancel');
  });

  it('without a time of its own is given up after an hour', async () => {
    const { clock, answer } = calling([{ ...seed, pollIntervalMs: 60_000 }]);
    await clock.advance(3_700_000);
    expect((await answer).outcome.result).toMatchObject({ _meta: { 'mcp-hub/error': { code: 'TIMEOUT' } } });
  });

  it('outlives a connection that breaks', async () => {
    const broken = new HubError('CONNECTION_ERROR', 'gone');
    const { clock, answer } = calling([broken, broken, broken, done]);
    await clock.advance(5_000);
    expect((await answer).outcome.result).toEqual({ content: [] });
    const lost = calling([broken]);
    await lost.clock.advance(5_000);
    expect((await lost.answer).outcome.result).toMatchObject({ _meta: { 'mcp-hub/error': { code: 'CONNECTION_ERROR' } } });
  });

  it('answers each of its questions once, however long it shows them', async () => {
    const asking = { ...seed, status: 'input_required', inputRequests: { a: { method: 'roots/list' } } };
    const both = { ...asking, inputRequests: { ...asking.inputRequests, b: { method: 'roots/list' } } };
    const { clock, answer, upstream } = calling([asking, asking, both, done]);
    await clock.advance(5_000);
    await answer;
    const updates = upstream.requests.filter(({ method }) => method === 'tasks/update').map(({ params }) => params);
    expect(updates).toEqual([
      { taskId: 't', inputResponses: { a: { action: 'accept' } } },
      { taskId: 't', inputResponses: { b: { action: 'accept' } } },
    ]);
  });

  it('ends with the error that the server has for it', async () => {
    const failed = { ...seed, status: 'failed', error: { code: 4711, message: 'Broke.' } };
    const { clock, answer } = calling([failed]);
    await clock.advance(1_000);
    expect((await answer).outcome).toEqual({ error: failed.error });
    const unknown = calling([{ error: { code: -32602, message: 'Unknown task' } }]);
    await unknown.clock.advance(1_000);
    expect((await unknown.answer).outcome.error).toMatchObject({ code: -32602 });
  });

  it.each([
    [{ ...seed, status: 'dancing' }, 'UPSTREAM_PROTOCOL'],
    [{ ...seed, status: 'completed' }, 'UPSTREAM_PROTOCOL'],
    [{ ...seed, status: 'failed', error: 'x' }, 'UPSTREAM_PROTOCOL'],
    [{ ...seed, status: 'input_required', inputRequests: { a: 1 } }, 'UPSTREAM_PROTOCOL'],
    [{ ...seed, status: 'cancelled', statusMessage: 'No more.' }, 'CANCELLED'],
  ])('%j is told as a failure', async (state, code) => {
    const { clock, answer } = calling([state]);
    await clock.advance(1_000);
    expect((await answer).outcome.result).toMatchObject({ isError: true, _meta: { 'mcp-hub/error': { code } } });
  });

  it('tells of its states as progress that only grows, if the client wants it', async () => {
    const states = ['one', 'one', 'two'].map((statusMessage) => ({ ...seed, statusMessage }));
    const { clock, answer, told } = calling([...states, done]);
    await clock.advance(5_000);
    await answer;
    expect(told.map(({ params }) => params)).toEqual([
      { progressToken: 'p', progress: 1, message: 'one' },
      { progressToken: 'p', progress: 2, message: 'two' },
    ]);
    const quiet = calling([...states, done], seed, { params: { name: 'x' } });
    await quiet.clock.advance(5_000);
    await quiet.answer;
    expect(quiet.told).toEqual([]);
  });
});
