import { describe, expect, it } from 'vitest';
import { type Deferred, deferred, HubError } from '../../src/base/index.ts';
import type { QueueLimits, StdioDefinition, ToolTimeouts } from '../../src/config/index.ts';
import { Admission } from '../../src/upstream/admission.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../../src/upstream/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { definitionOf } from '../support/fake-upstream.ts';

const base = definitionOf('slow');
const ONE: QueueLimits = { maxConcurrency: 1, maxQueue: 3, queueTimeoutMs: 5_000 };

interface Sent {
  readonly name: string;
  readonly request: UpstreamRequest;
  readonly answer: Deferred<UpstreamAnswer>;
}

type Limits = Pick<StdioDefinition, 'queue' | 'totalTimeoutMs' | 'toolTimeouts'>;

/** An admission in front of a server whose answers the test gives. */
function admission(limits: Limits) {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const current = { definition: { ...base, ...limits } };
  const made = new Admission({
    id: 'slow',
    clock,
    definition: () => current.definition,
    send: (request) => {
      const answer = deferred<UpstreamAnswer>();
      sent.push({ name: String(request.params?.['name'] ?? request.method), request, answer });
      return answer.promise;
    },
  });
  const call = (name: string, sessionId = 'one', more: Partial<UpstreamRequest> = {}) => {
    const controller = new AbortController();
    const origin = { principalId: 'local', sessionId, era: 'legacy' as const };
    const request: UpstreamRequest = { method: 'tools/call', params: { name }, origin, signal: controller.signal, ...more };
    const outcome = made.request(request).then(
      () => 'answered',
      (error: unknown) => error,
    );
    return { request, controller, outcome };
  };
  const names = (): string[] => sent.map(({ name }) => name);
  const answer = async (name: string): Promise<void> => {
    const found = sent.find((one) => one.name === name);
    if (!found) throw new Error(`${name} was not sent`);
    found.answer.resolve({ era: 'legacy', outcome: { result: {} } });
    await settle();
  };
  const become = (next: Limits): void => {
    current.definition = { ...base, ...next };
    made.changed();
  };
  return { clock, made, sent, call, names, answer, become };
}

const codeOf = (error: unknown): unknown => (error instanceof HubError ? [error.code, error.details['setting']] : error);

describe('Admission', () => {
  it('hands on the very request where nothing is limited, and only counts it', async () => {
    const { made, call, sent, clock, answer } = admission({});
    const calls = ['a', 'b', 'c'].map((name) => call(name));
    expect(sent.map(({ request }) => request)).toEqual(calls.map(({ request }) => request));
    expect(sent[0]?.request).toBe(calls[0]?.request);
    expect([made.load.running, made.load.waiting, clock.pending]).toEqual([3, 0, 0]);
    await answer('a');
    sent[1]?.answer.reject(new HubError('UPSTREAM_EXITED', 'gone'));
    await settle();
    expect(made.load.running).toBe(1);
  });

  it('sends no more at once than the limit says, and the next one when one is answered or fails', async () => {
    const { made, call, names, answer, sent } = admission({ queue: { ...ONE, maxConcurrency: 2 } });
    const calls = ['a', 'b', 'c', 'd'].map((name) => call(name));
    expect(names()).toEqual(['a', 'b']);
    expect([made.load.running, made.load.waiting]).toEqual([2, 2]);
    await answer('b');
    expect(names()).toEqual(['a', 'b', 'c']);
    sent[0]?.answer.reject(new HubError('UPSTREAM_EXITED', 'gone'));
    await settle();
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
    await answer('c');
    await answer('d');
    expect((await Promise.all(calls.map(({ outcome }) => outcome))).map(codeOf)).toEqual([
      ['UPSTREAM_EXITED', undefined],
      'answered',
      'answered',
      'answered',
    ]);
    expect([made.load.running, made.load.waiting]).toEqual([0, 0]);
  });

  it('lets sessions take turns', async () => {
    const { call, names, answer } = admission({ queue: { ...ONE, maxQueue: 10 } });
    for (const name of ['a1', 'a2', 'a3', 'a4']) call(name, 'a');
    call('b1', 'b');
    for (const name of ['a1', 'a2', 'b1']) await answer(name);
    expect(names()).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  it('never sends a call that was taken back while it waited, and lets the next one through', async () => {
    const { call, names, answer, made, clock } = admission({ queue: ONE });
    call('a');
    const b = call('b');
    call('c');
    b.controller.abort();
    expect(codeOf(await b.outcome)).toEqual(['CANCELLED', undefined]);
    expect(made.load.waiting).toBe(1);
    await answer('a');
    expect(names()).toEqual(['a', 'c']);
    await answer('c');
    expect([made.load.running, made.load.waiting, clock.pending]).toEqual([0, 0, 0]);
  });

  it('refuses at once what was taken back before', async () => {
    const { call, names } = admission({ queue: ONE });
    const controller = new AbortController();
    controller.abort();
    const { outcome } = call('a', 'one', { signal: controller.signal });
    expect(codeOf(await outcome)).toEqual(['CANCELLED', undefined]);
    expect(names()).toEqual([]);
  });

  it('gives up what has no turn in time, with the name of the setting', async () => {
    const { call, names, clock, made } = admission({ queue: ONE });
    call('a');
    const b = call('b');
    await clock.advance(5_000);
    expect(codeOf(await b.outcome)).toEqual(['LIMIT_EXCEEDED', 'queueTimeout']);
    expect(String(await b.outcome)).toContain('"queueTimeout"');
    expect([names(), made.load.waiting, clock.pending]).toEqual([['a'], 0, 0]);
  });

  it('refuses one too many, with the name of the setting', async () => {
    const { call, names } = admission({ queue: ONE });
    for (const name of ['a', 'b', 'c', 'd']) call(name);
    const { outcome } = call('e');
    expect(codeOf(await outcome)).toEqual(['LIMIT_EXCEEDED', 'maxQueue']);
    expect(String(await outcome)).toContain('"maxConcurrency"');
    expect(names()).toEqual(['a']);
  });

  it('has a full queue lose the newest of who waits most, when somebody else comes', async () => {
    const { call, answer, names } = admission({ queue: ONE });
    const [, , , a4] = ['a1', 'a2', 'a3', 'a4'].map((name) => call(name, 'a'));
    const b1 = call('b1', 'b');
    expect(codeOf(await a4?.outcome)).toEqual(['LIMIT_EXCEEDED', 'maxQueue']);
    for (const name of ['a1', 'a2', 'b1', 'a3']) await answer(name);
    expect(names()).toEqual(['a1', 'a2', 'b1', 'a3']);
    expect(await b1.outcome).toBe('answered');
  });

  it('refuses at once when nothing may wait', async () => {
    const { call } = admission({ queue: { ...ONE, maxQueue: 0 } });
    call('a');
    expect(codeOf(await call('b', 'other').outcome)).toEqual(['LIMIT_EXCEEDED', 'maxQueue']);
  });

  it('lets requests about tasks pass, which may end what others wait for', async () => {
    const { call, names } = admission({ queue: ONE });
    call('a');
    call('', 'one', { method: 'tasks/cancel', params: {} });
    expect(names()).toEqual(['a', 'tasks/cancel']);
  });

  it('follows the limits while calls wait', async () => {
    const { call, names, become, made, answer } = admission({ queue: ONE });
    for (const name of ['a', 'b', 'c', 'd']) call(name);
    become({ queue: { ...ONE, maxConcurrency: 2 } });
    expect([names().length, made.load.waiting]).toEqual([1, 2]);
    await settle();
    expect(names()).toEqual(['a', 'b']);
    become({});
    await settle();
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
    for (const name of ['a', 'b', 'c', 'd']) await answer(name);
    expect(made.load.running).toBe(0);
  });

  it('counts the calls that run already when a limit is set', async () => {
    const { call, names, become, made, answer } = admission({});
    for (const name of ['a', 'b']) call(name);
    become({ queue: ONE });
    call('c');
    expect([names(), made.load.running, made.load.waiting]).toEqual([['a', 'b'], 2, 1]);
    await answer('a');
    expect(names()).toEqual(['a', 'b']);
    await answer('b');
    expect([names(), made.load.running, made.load.waiting]).toEqual([['a', 'b', 'c'], 1, 0]);
  });

  it('keeps to a limit that became lower', async () => {
    const { call, names, become, answer } = admission({ queue: { ...ONE, maxConcurrency: 3 } });
    for (const name of ['a', 'b', 'c', 'd']) call(name);
    become({ queue: ONE });
    await answer('a');
    await answer('b');
    expect(names()).toEqual(['a', 'b', 'c']);
    await answer('c');
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
  });

  describe('time limits', () => {
    const sentWith = (limits: Limits, more: Partial<UpstreamRequest> = {}) => {
      const { call, sent } = admission(limits);
      call('long', 'one', more);
      const { timeoutMs, maxTotalMs } = sent[0]?.request ?? expect.fail('nothing was sent');
      return [timeoutMs, maxTotalMs];
    };
    const long: Readonly<Record<string, ToolTimeouts>> = { long: { requestTimeoutMs: 7, totalTimeoutMs: 8 } };

    it.each([
      ['none', {}, {}, [undefined, undefined]],
      ['those of the server', { totalTimeoutMs: 9 }, {}, [undefined, 9]],
      ['those of the tool before those of the server', { totalTimeoutMs: 9, toolTimeouts: long }, {}, [7, 8]],
      ['those of the caller before all', { totalTimeoutMs: 9, toolTimeouts: long }, { timeoutMs: 1, maxTotalMs: 2 }, [1, 2]],
      ['not those of another tool', { toolTimeouts: { other: { requestTimeoutMs: 7 } } }, {}, [undefined, undefined]],
      ['not those of a tool for a prompt of its name', { toolTimeouts: long }, { method: 'prompts/get' }, [undefined, undefined]],
      ['not what every object has', { toolTimeouts: long }, { params: { name: 'toString' } }, [undefined, undefined]],
    ])('are %s', (_, limits, more, expected) => {
      expect(sentWith(limits, more)).toEqual(expected);
    });
  });
});
