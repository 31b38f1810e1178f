import { afterEach, describe, expect, it } from 'vitest';
import { type Deferred, deferred, HubError } from '../../../src/base/index.ts';
import type { StdioDefinition } from '../../../src/config/index.ts';
import type { JsonObject } from '../../../src/protocol/index.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../../../src/upstream/index.ts';
import { notRun } from '../../../src/upstream/not-run.ts';
import { settle } from '../../support/fake-clock.ts';
import { listing, tool } from '../../support/fake-upstream.ts';
import { ScriptedConnection } from '../../support/scripted-connect.ts';
import { anyCall, type ScriptedPool, scriptedPool } from '../../support/scripted-pool.ts';

const pools: ScriptedPool[] = [];
const lost = new HubError('CONNECTION_ERROR', 'The connection was lost.');

afterEach(async () => {
  await Promise.all(pools.splice(0).map(({ pool }) => pool.stopAll()));
});

const offer = listing({ tools: [tool('write'), tool('look', { annotations: { readOnlyHint: true } })] });

/** A connection whose requests wait for the test to answer them. */
class Slow extends ScriptedConnection {
  readonly waiting: { readonly request: UpstreamRequest; readonly answer: Deferred<UpstreamAnswer> }[] = [];
  seen = 0;

  constructor() {
    super(offer);
  }

  override request = (request: UpstreamRequest): Promise<UpstreamAnswer> => {
    const answer = deferred<UpstreamAnswer>();
    this.seen += 1;
    this.waiting.push({ request, answer });
    return answer.promise;
  };

  answer(result: JsonObject = {}): void {
    this.waiting.shift()?.answer.resolve({ era: 'legacy', outcome: { result } });
  }

  fail(error: HubError): void {
    this.waiting.shift()?.answer.reject(error);
  }
}

/** A server with so many replicas, all of them ready. */
async function replicas(count: number, more: Partial<StdioDefinition> = {}) {
  const all = scriptedPool({ replicas: count, ...more });
  pools.push(all);
  all.upstream.start();
  await settle();
  const connections = all.calls.map(() => new Slow());
  for (const [index, call] of all.calls.entries()) call.outcome.resolve(connections[index] ?? new Slow());
  await settle();
  return { ...all, connections };
}

const calling = (name: string, more: Partial<UpstreamRequest> = {}): UpstreamRequest => ({ ...anyCall, params: { name }, ...more });
const ofSession = (sessionId: string): UpstreamRequest => calling('write', { origin: { principalId: 'p', era: 'legacy', sessionId } });
/** Its outcome is of no interest: the test ends before it comes. */
const leave = (request: Promise<unknown>): void => void request.catch(() => undefined);
const seen = (connections: readonly Slow[]): number[] => connections.map((connection) => connection.seen);

describe('the replicas of a server', () => {
  it('are ready as one when the first of them is, and calls go there until there are others', async () => {
    const { upstream, calls, kinds, lists, clock } = scriptedPool({ replicas: 3 });
    upstream.start();
    await settle();
    expect([upstream.state.kind, calls.length]).toEqual(['starting', 3]);
    const early = upstream.request(calling('write'));
    const second = new Slow();
    calls[1]?.outcome.resolve(second);
    await settle();
    second.answer();
    await expect(early).resolves.toMatchObject({ outcome: { result: {} } });
    expect([upstream.state.kind, kinds.at(-1), lists]).toEqual(['ready', 'ready', ['write look']]);
    expect(upstream.replicas?.map(({ state }) => state.kind)).toEqual(['starting', 'ready', 'starting']);
    const stopped = upstream.stop();
    await clock.advance(4_000);
    await stopped;
    expect(upstream.state.kind).toBe('stopped');
  });

  it('get every call at the least busy one, in turn among equals', async () => {
    const { upstream, connections } = await replicas(3);
    for (let n = 0; n < 6; n += 1) leave(upstream.request(calling('write')));
    await settle();
    expect(seen(connections)).toEqual([2, 2, 2]);
    connections[1]?.answer();
    connections[1]?.answer();
    await settle();
    for (let n = 0; n < 2; n += 1) leave(upstream.request(calling('write')));
    await settle();
    expect(seen(connections)).toEqual([2, 4, 2]);
    expect(upstream.replicas?.map(({ inFlight }) => inFlight)).toEqual([2, 2, 2]);
  });

  it('keep a session at one of them with "isolation": "session", and let it move when that one is down', async () => {
    const { upstream, calls, clock } = await replicas(2, { isolation: 'session' });
    // Each session has a connection of its own, made when its first call comes.
    const first = upstream.request(ofSession('s'));
    await settle();
    const own = new Slow();
    calls[2]?.outcome.resolve(own);
    await settle();
    own.answer();
    await first;
    for (let n = 0; n < 4; n += 1) leave(upstream.request(ofSession('s')));
    await settle();
    expect([own.seen, calls.length]).toEqual([5, 3]);
    calls[0]?.options.on.closed(lost);
    await settle();
    leave(upstream.request(ofSession('s')));
    await settle();
    expect(calls.length).toBe(4);
    expect(clock.pending).toBeGreaterThan(0);
  });

  it('are told of tasks and of answers to questions where these belong', async () => {
    const { upstream, connections } = await replicas(3);
    const made = upstream.request(calling('write', { params: { name: 'write', task: {} } }));
    await settle();
    const maker = connections.find(({ waiting }) => waiting.length > 0);
    maker?.answer({ task: { taskId: 't' } });
    await made;
    for (let n = 0; n < 3; n += 1) leave(upstream.request({ ...anyCall, method: 'tasks/get', params: { taskId: 't' } }));
    await settle();
    expect(maker?.seen).toBe(4);
    const asking = upstream.request(calling('write'));
    await settle();
    const asker = connections.find((connection) => connection !== maker && connection.waiting.length > 0);
    asker?.answer({ resultType: 'input_required', requestState: 'r' });
    await asking;
    for (let n = 0; n < 3; n += 1) leave(upstream.request(calling('write', { params: { name: 'write', requestState: 'r' } })));
    await settle();
    expect(asker?.seen).toBe(4);
  });

  it('show the tasks of all of them, page by page, and know where each is', async () => {
    const { upstream, connections, calls } = await replicas(3);
    const [one, two, three] = connections;
    const list = (cursor?: string) =>
      upstream.request({ ...anyCall, method: 'tasks/list', params: cursor === undefined ? {} : { cursor } });
    const first = list();
    await settle();
    one?.answer({ tasks: [{ taskId: 'a' }], nextCursor: 'more of one' });
    two?.answer({ tasks: [{ taskId: 'b' }] });
    three?.answer({ tasks: [{ taskId: 'c' }], nextCursor: 'more of three' });
    const { result } = (await first).outcome;
    expect(result).toEqual({ tasks: [{ taskId: 'a' }, { taskId: 'b' }, { taskId: 'c' }], nextCursor: expect.any(String) });
    const second = list(String(result?.['nextCursor']));
    await settle();
    expect([one, three].map((each) => each?.waiting[0]?.request.params)).toEqual([{ cursor: 'more of one' }, { cursor: 'more of three' }]);
    one?.answer({ tasks: [{ taskId: 'd' }], nextCursor: 'still more' });
    three?.fail(lost);
    const more = (await second).outcome.result;
    expect(more).toEqual({ tasks: [{ taskId: 'd' }], nextCursor: expect.any(String) });
    leave(upstream.request({ ...anyCall, method: 'tasks/get', params: { taskId: 'c' } }));
    leave(upstream.request({ ...anyCall, method: 'tasks/get', params: { taskId: 'd' } }));
    await settle();
    expect(seen(connections)).toEqual([3, 1, 3]);
    // With the only replica that has more of them, the rest of the tasks is gone.
    calls[0]?.options.on.closed(lost);
    await settle();
    await expect(list(String(more?.['nextCursor']))).resolves.toMatchObject({ outcome: { result: { tasks: [] } } });
    await expect(list('cursor of another')).rejects.toMatchObject({ code: 'VALIDATION_ERROR', details: { field: 'params.cursor' } });
  });

  it('show the tasks of those that know them, and say why when none does', async () => {
    const { upstream, connections } = await replicas(2);
    const answers = async (...give: (() => void)[]) => {
      const listed = upstream.request({ ...anyCall, method: 'tasks/list' });
      await settle();
      for (const each of give) each();
      return (await listed).outcome;
    };
    const [one, two] = connections;
    const refuse = (connection?: Slow) => () =>
      connection?.waiting.shift()?.answer.resolve({ era: 'legacy', outcome: { error: { code: -32601, message: 'no tasks' } } });
    expect(await answers(refuse(one), () => two?.answer({ tasks: [{ taskId: 'b' }] }))).toEqual({ result: { tasks: [{ taskId: 'b' }] } });
    expect(await answers(refuse(one), refuse(two))).toMatchObject({ error: { message: 'no tasks' } });
    const failing = answers(
      () => one?.fail(lost),
      () => two?.fail(lost),
    );
    await expect(failing).rejects.toBe(lost);
  });

  it('are asked one after the other for a task that none of them is known for', async () => {
    const { upstream, connections } = await replicas(3);
    const asked = upstream.request({ ...anyCall, method: 'tasks/get', params: { taskId: 'of yesterday' } });
    for (let n = 0; n < 3; n += 1) {
      await settle();
      const one = connections.find(({ waiting }) => waiting.length > 0);
      const answer = n < 2 ? { error: { code: -32602, message: 'unknown task' } } : { result: { taskId: 'of yesterday' } };
      one?.waiting.shift()?.answer.resolve({ era: 'legacy', outcome: answer });
    }
    await expect(asked).resolves.toMatchObject({ outcome: { result: { taskId: 'of yesterday' } } });
    expect(seen(connections)).toEqual([1, 1, 1]);
  });

  /** A request for a task of an earlier hub, which the first of two replicas has failed to answer. */
  async function askedAfterFailure() {
    const { upstream, connections } = await replicas(2);
    const asked = upstream.request({ ...anyCall, method: 'tasks/get', params: { taskId: 'of yesterday' } });
    leave(asked);
    await settle();
    connections.find(({ waiting }) => waiting.length > 0)?.fail(lost);
    await settle();
    return { asked, connections, other: connections.find(({ waiting }) => waiting.length > 0) };
  }

  it('are asked for such a task also after one of them has failed', async () => {
    const { asked, other } = await askedAfterFailure();
    other?.answer({ taskId: 'of yesterday' });
    await expect(asked).resolves.toMatchObject({ outcome: { result: { taskId: 'of yesterday' } } });
  });

  it('do not say that there is no such task when the one that failed may know it', async () => {
    const { asked, connections, other } = await askedAfterFailure();
    other?.waiting.shift()?.answer.resolve({ era: 'legacy', outcome: { error: { code: -32602, message: 'unknown task' } } });
    await expect(asked).rejects.toBe(lost);
    expect(seen(connections)).toEqual([1, 1]);
  });
});

describe('a call that fails at one replica', () => {
  const failing = async (name: string, error: HubError, method = 'tools/call') => {
    const { upstream, connections } = await replicas(2);
    const outcome = upstream.request({ ...calling(name), method }).then(
      () => 'answered',
      (failure: unknown) => (failure instanceof HubError ? failure.code : failure),
    );
    await settle();
    const first = connections.find(({ waiting }) => waiting.length > 0);
    const other = connections.find((connection) => connection !== first);
    first?.fail(error);
    await settle();
    other?.answer();
    return { outcome: await outcome, seen: seen(connections).reduce((sum, one) => sum + one) };
  };

  it('is tried on another one when it provably did not run, whatever it does', async () => {
    expect(await failing('write', notRun(lost))).toEqual({ outcome: 'answered', seen: 2 });
  });

  it('is tried on another one when its tool is annotated as read-only, or the request reads by itself', async () => {
    expect(await failing('look', lost)).toEqual({ outcome: 'answered', seen: 2 });
    expect(await failing('x', lost, 'resources/read')).toEqual({ outcome: 'answered', seen: 2 });
  });

  it('is not tried again when it may have run, took too long, or was refused', async () => {
    expect(await failing('write', lost)).toEqual({ outcome: 'CONNECTION_ERROR', seen: 1 });
    expect(await failing('look', new HubError('TIMEOUT', 'too long'))).toEqual({ outcome: 'TIMEOUT', seen: 1 });
    expect(await failing('look', new HubError('UNAUTHORIZED', 'no'))).toEqual({ outcome: 'UNAUTHORIZED', seen: 1 });
  });

  it('is not tried again once the server has asked the client something', async () => {
    const { upstream, connections } = await replicas(2);
    const onRequest: UpstreamRequest['onRequest'] = async () => ({ result: {} });
    const outcome = upstream.request(calling('look', { onRequest })).catch((error: unknown) => error);
    await settle();
    const first = connections.find(({ waiting }) => waiting.length > 0);
    await first?.waiting[0]?.request.onRequest?.({ method: 'roots/list' }, new AbortController().signal);
    first?.fail(lost);
    expect(await outcome).toBe(lost);
    expect(seen(connections).toSorted()).toEqual([0, 1]);
  });

  it('tells of progress that increases, also when the next one begins from the beginning', async () => {
    const { upstream, connections } = await replicas(2);
    const told: unknown[] = [];
    const call = upstream.request(calling('look', { onNotification: ({ params }) => told.push(params?.['progress']) }));
    await settle();
    const first = connections.find(({ waiting }) => waiting.length > 0);
    const other = connections.find((connection) => connection !== first);
    const tell = (connection: Slow | undefined, progress: number): void =>
      connection?.waiting[0]?.request.onNotification?.({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: 1, progress },
      });
    tell(first, 1);
    tell(first, 2);
    first?.fail(lost);
    await settle();
    for (const progress of [1, 2, 3]) tell(other, progress);
    other?.answer();
    await call;
    expect(told).toEqual([1, 2, 3]);
  });
});

describe('a replica whose calls fail', () => {
  async function outlier() {
    const all = await replicas(2);
    const { upstream, connections, clock } = all;
    const [bad, good] = connections;
    if (!bad || !good) throw new Error('unreachable');
    for (let failures = 0; failures < 5; ) {
      const call = upstream.request(calling('write')).catch(() => undefined);
      await settle();
      if (bad.waiting.length > 0) failures += 1;
      bad.fail(new HubError('TIMEOUT', 'too long'));
      good.answer();
      await call;
    }
    return { upstream, bad, good, clock, records: all.records };
  }
  const circuits = (upstream: ScriptedPool['upstream']) => upstream.replicas?.map(({ circuit }) => circuit);

  it('is left out, tried with a single call after ten seconds, and takes part again when that succeeds', async () => {
    const { upstream, bad, good, clock, records } = await outlier();
    expect(circuits(upstream)).toEqual(['open', 'closed']);
    expect(records.some(({ message }) => message.includes('Replica 1 of server "a" is left out for 10 s'))).toBe(true);
    const before = bad.seen;
    for (let n = 0; n < 4; n += 1) leave(upstream.request(calling('write')));
    await settle();
    expect(bad.seen).toBe(before);
    await clock.advance(10_000);
    for (let n = 0; n < 4; n += 1) leave(upstream.request(calling('write')));
    await settle();
    expect([bad.seen, circuits(upstream)]).toEqual([before + 1, ['half-open', 'closed']]);
    bad.answer();
    await settle();
    expect(circuits(upstream)).toEqual(['closed', 'closed']);
    expect(good.seen).toBeGreaterThan(7);
  });

  it('is better than none', async () => {
    const { upstream, bad, good, clock } = await outlier();
    for (let failures = 0; failures < 5; failures += 1) {
      const call = upstream.request(calling('write')).catch(() => undefined);
      await settle();
      good.fail(new HubError('TIMEOUT', 'too long'));
      await call;
    }
    expect(circuits(upstream)).toEqual(['open', 'open']);
    const before = bad.seen + good.seen;
    leave(upstream.request(calling('write')));
    await settle();
    expect(bad.seen + good.seen).toBe(before + 1);
    expect(clock.pending).toBeGreaterThanOrEqual(0);
  });
});

describe('the number of replicas', () => {
  it('grows and shrinks by an edit of the config; one that goes finishes its calls', async () => {
    const { upstream, calls, connections, pool, clock } = await replicas(1);
    const scaled = (count: number): Promise<void> =>
      pool.apply([{ ...upstream.definition, ...(upstream.definition.kind === 'stdio' && { replicas: count }) }], new Set());
    expect(upstream.replicas).toBeUndefined();
    await scaled(3);
    await settle();
    expect(calls).toHaveLength(3);
    const [second, third] = [new Slow(), new Slow()];
    calls[1]?.outcome.resolve(second);
    calls[2]?.outcome.resolve(third);
    await settle();
    const outcomes = [1, 2, 3].map(() => upstream.request(calling('write')));
    await settle();
    expect(seen([...connections, second, third])).toEqual([1, 1, 1]);
    await scaled(1);
    await settle();
    expect([upstream.replicas, third.log]).toEqual([undefined, []]);
    for (const one of [...connections, second, third]) one.answer();
    await Promise.all(outcomes);
    await settle();
    expect([connections[0]?.log, second.log, third.log]).toEqual([[], ['close'], ['close']]);
    expect(clock.pending).toBe(0);
  });

  it('shrinks for good: one that goes and fails is not started again for a call that waits for its turn there', async () => {
    const queue = { maxConcurrency: 1, maxQueue: 10, queueTimeoutMs: 60_000 };
    const all = scriptedPool({ replicas: 2, queue });
    pools.push(all);
    const { upstream, calls, pool, clock } = all;
    upstream.start();
    await settle();
    const [first, second] = [new Slow(), new Slow()];
    calls[1]?.outcome.resolve(second);
    await settle();
    // As long as there is no other one, they wait there.
    const running = upstream.request(calling('write'));
    const waiting = upstream.request(calling('write'));
    leave(running);
    calls[0]?.outcome.resolve(first);
    await settle();
    await pool.apply([{ ...upstream.definition, ...(upstream.definition.kind === 'stdio' && { replicas: 1 }) }], new Set());
    calls[1]?.options.on.closed(lost);
    second.fail(lost);
    await expect(running).rejects.toBe(lost);
    await clock.advance(2_000);
    expect([calls.length, first.seen]).toEqual([2, 1]);
    first.answer();
    await expect(waiting).resolves.toMatchObject({ outcome: { result: {} } });
    expect(clock.pending).toBe(0);
  });
});

describe('a restart of several replicas', () => {
  it('renews one after the other, and ends at the first whose successor does not become ready', async () => {
    const { upstream, calls } = await replicas(3);
    const restarted = upstream.restart();
    await settle();
    expect(calls).toHaveLength(4);
    calls[3]?.outcome.resolve(new Slow());
    await settle();
    expect(calls).toHaveLength(5);
    calls[4]?.outcome.reject(new HubError('UPSTREAM_EXITED', 'broken'));
    await restarted;
    expect(calls).toHaveLength(5);
    expect(upstream.replicas?.map(({ state }) => state.kind)).toEqual(['ready', 'ready', 'ready']);
    expect(upstream.supervision).toMatchObject({ restarts: 1, lastError: { message: 'broken' } });
  });

  it('reaches all of them when a list of a successor fails that takes over all the same', async () => {
    const { upstream, calls, connections } = await replicas(3);
    const restarted = upstream.restart();
    for (const count of [4, 5, 6]) {
      await settle();
      expect(calls).toHaveLength(count);
      const flawed = Object.assign(new Slow(), { listHealth: { notes: [], failure: { error: lost, isOfferKept: false } } });
      calls.at(-1)?.outcome.resolve(flawed);
    }
    await restarted;
    expect(connections.map(({ log }) => log)).toEqual([['close'], ['close'], ['close']]);
    expect(upstream.supervision).toMatchObject({ restarts: 3, lastError: { message: lost.message } });
  });

  it.each([
    ['of the same entry', ({ upstream }: ScriptedPool) => upstream.restart()],
    ['with a changed entry', ({ edit }: ScriptedPool) => edit({ args: ['later'] })],
  ])('%s is over when the server is stopped', async (_what, renew) => {
    const all = await replicas(2);
    let isOver = false;
    const renewed = renew(all).then(() => (isOver = true));
    await settle();
    await all.upstream.stop();
    await settle();
    expect(isOver).toBe(true);
    await renewed;
    expect([all.upstream.state.kind, all.upstream.supervision.outdated, all.clock.pending]).toEqual(['stopped', undefined, 0]);
  });

  it('is over when the server is removed', async () => {
    const { pool, upstream, edit } = await replicas(2);
    let isOver = false;
    const edited = edit({ args: ['later'] }).then(() => (isOver = true));
    await settle();
    await pool.apply([], new Set());
    await settle();
    expect([isOver, upstream.state.kind]).toEqual([true, 'stopped']);
    await edited;
  });
});

describe('replicas that sleep', () => {
  it('are woken one by one: the first by the first call, the next by a call that finds the others busy', async () => {
    const { pool, upstream, calls } = scriptedPool({ replicas: 3, start: 'lazy' });
    pool.startAll();
    const first = upstream.request(calling('write'));
    await settle();
    expect(calls).toHaveLength(1);
    const one = new Slow();
    calls[0]?.outcome.resolve(one);
    await settle();
    leave(upstream.request(calling('write')));
    await settle();
    expect(calls).toHaveLength(2);
    one.answer();
    await first;
    await pool.stopAll();
  });
});
