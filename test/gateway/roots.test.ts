import { describe, expect, it } from 'vitest';
import { type Deferred, deferred } from '../../src/base/index.ts';
import { Roots } from '../../src/gateway/roots.ts';
import type { JsonValue, Outcome } from '../../src/protocol/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { FakeUpstream, FakeUpstreams, listing } from '../support/fake-upstream.ts';

function setup() {
  const clock = new FakeClock();
  const [one, two] = [new FakeUpstream('one', listing()), new FakeUpstream('two', listing())];
  const roots = new Roots({ upstreams: new FakeUpstreams(one, two), clock });
  roots.start();
  return { clock, roots, one, two };
}

type Setup = ReturnType<typeof setup>;

/** A client with these roots, or one whose every answer the test gives. */
function attach({ roots }: Setup, sessionId: string, has: string[] | 'silent' | 'unreachable', only?: string) {
  const state = { has, asked: 0 };
  const pending: Deferred<Outcome>[] = [];
  const member = roots.attach({
    scope: only === undefined ? { kind: 'all' } : { kind: 'server', id: only },
    principal: { id: 'local' },
    changes: new Set(),
    logs: true,
    sessionId,
    send: () => undefined,
    askRoots: async () => {
      state.asked += 1;
      if (state.has === 'unreachable') return { error: { code: -32603, message: 'no stream' } };
      if (state.has !== 'silent') return { result: { roots: state.has.map((uri) => ({ uri, name: sessionId })) } };
      pending.push(deferred<Outcome>());
      return pending.at(-1)?.promise ?? { result: {} };
    },
  });
  return { state, member, pending };
}

const uris = (roots: readonly { readonly [key: string]: JsonValue | undefined }[]): unknown[] => roots.map(({ uri }) => uri);

describe('roots outside of calls', () => {
  it('are the union by URI of the sessions in scope, each asked once', async () => {
    const all = setup();
    const [a, b, c] = [attach(all, 'a', ['x:1', 'x:2']), attach(all, 'b', ['x:2', 'x:3']), attach(all, 'c', ['x:4'], 'two')];
    expect(uris(await all.one.roots(undefined))).toEqual(['x:1', 'x:2', 'x:3']);
    expect(uris(await all.two.roots(undefined))).toEqual(['x:1', 'x:2', 'x:3', 'x:4']);
    expect(uris(await all.two.roots('b'))).toEqual(['x:2', 'x:3']);
    expect(uris(await all.two.roots('unknown'))).toEqual([]);
    expect([a, b, c].map(({ state }) => state.asked)).toEqual([1, 1, 1]);
    expect(all.clock.pending).toBe(0);
  });

  it('are none without clients that have some, and nobody is asked before a server wants to know', async () => {
    const all = setup();
    expect(await all.one.roots(undefined)).toEqual([]);
    const { state, member } = attach(setup(), 'a', ['x:1']);
    member.reachable();
    member.changed();
    expect(state.asked).toBe(0);
  });

  it('do not wait for a client longer than five seconds, nor for one without a stream', async () => {
    const all = setup();
    attach(all, 'a', ['x:1']);
    const silent = attach(all, 'b', 'silent');
    attach(all, 'c', 'unreachable');
    const answer = all.one.roots(undefined);
    await all.clock.advance(5_000);
    expect(uris(await answer)).toEqual(['x:1']);
    expect(uris(await all.one.roots(undefined))).toEqual(['x:1']);
    expect(silent.state.asked).toBe(1);
    expect(all.clock.pending).toBe(0);
  });

  it('leave out what is no root, and all but a thousand', async () => {
    const all = setup();
    const { pending } = attach(all, 'a', 'silent');
    const answer = all.one.roots(undefined);
    await settle();
    const many = Array.from({ length: 1_001 }, (_, n) => ({ uri: `x:${n}` }));
    pending[0]?.resolve({ result: { roots: [1, {}, { uri: 2 }, ...many] } });
    expect(await answer).toHaveLength(1_000);
  });
});

describe('servers that have asked are told', () => {
  it('when the union changed, and only then: once for several changes', async () => {
    const all = setup();
    const [a, b] = [attach(all, 'a', ['x:1']), attach(all, 'b', 'unreachable')];
    await all.one.roots(undefined);
    b.state.has = ['x:1'];
    b.member.reachable();
    await all.clock.advance(1_000);
    expect(all.one.rootsChanges).toEqual([]);
    const c = attach(all, 'c', ['x:2']);
    c.member.reachable();
    a.member.dispose();
    await all.clock.advance(200);
    expect(all.one.rootsChanges).toEqual([undefined]);
    expect(all.two.rootsChanges).toEqual([]);
    expect(uris(await all.one.roots(undefined))).toEqual(['x:1', 'x:2']);
    c.member.dispose();
    await all.clock.advance(200);
    expect(all.one.rootsChanges).toEqual([undefined, undefined]);
    expect(all.clock.pending).toBe(0);
  });

  it('on the connection of a session when its client says so, and the client is asked again', async () => {
    const all = setup();
    const a = attach(all, 'a', ['x:1']);
    await all.one.roots('a');
    await all.one.roots(undefined);
    a.state.has = ['x:2'];
    a.member.changed();
    expect(all.one.rootsChanges).toEqual(['a']);
    await all.clock.advance(200);
    expect(all.one.rootsChanges).toEqual(['a', undefined]);
    expect(uris(await all.one.roots('a'))).toEqual(['x:2']);
    expect(a.state.asked).toBe(2);
  });

  it('of nothing after the end', async () => {
    const all = setup();
    const a = attach(all, 'a', ['x:1']);
    await all.one.roots(undefined);
    a.member.dispose();
    all.roots.dispose();
    await all.clock.advance(1_000);
    expect(all.one.rootsChanges).toEqual([]);
    expect(all.clock.pending).toBe(0);
  });
});
