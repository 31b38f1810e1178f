import { afterEach, describe, expect, it } from 'vitest';
import { deferred, silentLogger } from '../../src/base/index.ts';
import { type Answer, type Call, HubGateway } from '../../src/gateway/index.ts';
import type { JsonObject } from '../../src/protocol/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { FakeUpstream, FakeUpstreams, listing, type ListingParts, remoteDefinitionOf } from '../support/fake-upstream.ts';

const URI = 'x://1';
const started: HubGateway[] = [];

afterEach(() => {
  for (const gateway of started.splice(0)) gateway.dispose();
});

const REMOTE = remoteDefinitionOf('a');

interface Scene {
  /** What is in the result besides its contents. */
  readonly hint?: JsonObject;
  readonly parts?: ListingParts;
}

/** A gateway over one server that answers every read with another text. */
function scene({ hint = { ttlMs: 1_000, cacheScope: 'public' }, parts = {} }: Scene = {}) {
  const clock = new FakeClock();
  const server = new FakeUpstream('a', listing({ era: 'modern', resources: [{ uri: URI, name: '1' }], ...parts }));
  server.answer = () => ({ result: { contents: [{ uri: URI, text: String(server.requests.length) }], resultType: 'complete', ...hint } });
  const upstreams = new FakeUpstreams(server);
  const hub = { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0' };
  const gateway = new HubGateway({ upstreams, hub, maxToolNameLength: () => 54, clock, logger: silentLogger, onNote: () => {} });
  gateway.start();
  started.push(gateway);
  const read = (params: JsonObject = { uri: URI }, more: Partial<Call> = {}): Promise<Answer> =>
    gateway.call({
      scope: { kind: 'server', id: 'a' },
      method: 'resources/read',
      params,
      downstream: { principal: { id: 'local' }, era: 'modern', protocolVersion: '2026-07-28' },
      signal: new AbortController().signal,
      notify: () => {},
      ...more,
    });
  return { clock, server, upstreams, read };
}

const updated = (uri: string) => ({ id: 'a', uri, notification: { jsonrpc: '2.0', method: 'notifications/resources/updated' } as const });
const by = (id: string, era: 'legacy' | 'modern' = 'modern'): Pick<Call, 'downstream'> => ({
  downstream: { principal: { id }, era, protocolVersion: 'x' },
});

describe('a read that its server lets be cached', () => {
  it('is not kept where headers of the client go to the server', async () => {
    const { server, read } = scene();
    server.definition = { ...REMOTE, forwardHeaders: ['x-user'] };
    const texts = [await read(), await read({ uri: URI }, { headers: { 'x-user': 'bob' } })].map(
      ({ outcome }) => outcome.result?.['contents'],
    );
    expect(texts).toEqual([[{ uri: URI, text: '1' }], [{ uri: URI, text: '2' }]]);
    expect(server.requests.map(({ origin }) => origin.headers)).toEqual([undefined, { 'x-user': 'bob' }]);
    server.definition = REMOTE;
    await read();
    await read({ uri: URI }, { headers: { 'x-user': 'bob' } });
    expect(server.requests).toHaveLength(3);
  });

  it('is not kept, nor given, to somebody who has a login of their own', async () => {
    const { server, read } = scene();
    server.definition = { ...REMOTE, oauth: { logins: 'each' } };
    const texts: unknown[] = [];
    // What the owner reads is the owner's, though the server calls it public.
    for (const id of ['local', 'local', 'ada', 'ada', 'bob', 'local']) {
      const { result } = (await read({ uri: URI }, by(id))).outcome;
      texts.push(result?.['contents']);
    }
    expect(texts).toEqual(['1', '1', '2', '3', '4', '1'].map((text) => [{ uri: URI, text }]));
  });

  it('is not what another server of the same name says, also when it was under way as that came', async () => {
    const { server, upstreams, read } = scene();
    await read();
    const late = deferred<void>();
    const { answer } = server;
    server.answer = async (request) => {
      await late.promise;
      return answer(request);
    };
    const underWay = read({ uri: URI, other: 1 });
    await settle();
    upstreams.apply();
    upstreams.apply(server);
    late.resolve();
    await underWay;
    await read({ uri: URI, other: 1 });
    await read();
    expect(server.requests).toHaveLength(4);
  });

  it('is answered with the time that is left, and asked for again after that', async () => {
    const { clock, server, read } = scene();
    const first = await read();
    await clock.advance(400);
    expect(await read()).toEqual({ era: 'modern', outcome: { result: { ...first.outcome.result, ttlMs: 600 } } });
    await clock.advance(600);
    await read();
    expect(server.requests).toHaveLength(2);
  });

  it('is the same read whatever its _meta and the order of its fields, and another with other params', async () => {
    const { server, read } = scene();
    await read({ uri: URI, 'x-more': { a: 1, b: [2] }, _meta: { progressToken: 1 } });
    await read({ 'x-more': { b: [2], a: 1 }, uri: URI, _meta: { traceparent: 't' } });
    expect(server.requests).toHaveLength(1);
    await read({ uri: URI });
    await read({ uri: 'x://2' });
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    ['public', 1],
    ['private', 2],
    ['odd', 2],
  ])('is shared between principals or not: %s', async (cacheScope, requests) => {
    const { server, read } = scene({ hint: { ttlMs: 1_000, cacheScope } });
    await read(undefined, by('a'));
    await read(undefined, by('b'));
    await read(undefined, by('a'));
    expect(server.requests).toHaveLength(requests);
  });

  it('serves legacy clients as well', async () => {
    const { server, read } = scene();
    await read(undefined, by('local', 'legacy'));
    await read(undefined, by('local', 'legacy'));
    expect(server.requests).toHaveLength(1);
  });
});

describe('a read is made every time', () => {
  it.each<[string, Scene]>([
    ['without a time', { hint: {} }],
    ['with none', { hint: { ttlMs: 0, cacheScope: 'public' } }],
    ['with a negative one', { hint: { ttlMs: -5, cacheScope: 'public' } }],
    ['when it is not complete', { hint: { ttlMs: 1_000, resultType: 'input_required' } }],
    ['of a legacy server', { parts: { era: 'legacy' } }],
    ['of more than 1 MiB', { hint: { ttlMs: 1_000, text: 'x'.repeat(1024 * 1024) } }],
  ])('%s', async (_, parts) => {
    const { server, read } = scene(parts);
    await read();
    await read();
    expect(server.requests).toHaveLength(2);
  });

  it.each(['inputResponses', 'requestState'])('with %s, and that keeps nothing', async (field) => {
    const { server, read } = scene();
    await read({ uri: URI, [field]: {} });
    await read({ uri: URI, [field]: {} });
    await read();
    expect(server.requests).toHaveLength(3);
  });

  it('when the hub gave the input for a legacy client', async () => {
    const { clock, server, read } = scene();
    server.answer = ({ params }) => ({
      result: params?.['requestState'] === undefined ? { resultType: 'input_required', requestState: 's' } : { contents: [], ttlMs: 1_000 },
    });
    const ask = { ask: () => Promise.resolve({ result: {} }), ...by('local', 'legacy') };
    for (const count of [2, 4]) {
      const answer = read(undefined, ask);
      await clock.advance(250);
      expect((await answer).outcome.result?.['contents']).toEqual([]);
      expect(server.requests).toHaveLength(count);
    }
  });

  it('when it failed', async () => {
    const { server, read } = scene();
    server.answer = () => ({ error: { code: -32602, message: 'no' } });
    await read();
    await read();
    expect(server.requests).toHaveLength(2);
  });
});

describe('a kept result is dropped', () => {
  it.each([
    ['the resource', URI, 2],
    ['a part of it', `${URI}/part`, 2],
    ['another resource', 'y://1', 1],
  ])('with an update of %s', async (_, uri, requests) => {
    const { server, upstreams, read } = scene();
    await read();
    upstreams.emit('resourceUpdated', updated(uri));
    await read();
    expect(server.requests).toHaveLength(requests);
  });

  it('with another list of resources or another connection, and without one', async () => {
    const { server, read } = scene();
    await read();
    server.resourceEpoch = 'second';
    await read();
    server.resourceEpoch = undefined;
    await read();
    expect(server.requests).toHaveLength(3);
  });

  it('before it is kept, when the update comes while it is read', async () => {
    const { server, upstreams, read } = scene();
    const late = deferred<void>();
    const answer = server.answer;
    server.answer = async (request) => (await late.promise, answer(request));
    const first = read();
    await settle();
    upstreams.emit('resourceUpdated', updated(URI));
    late.resolve();
    await first;
    await read();
    expect(server.requests).toHaveLength(2);
  });

  it('when it was used longest ago and there are too many, or too much', async () => {
    const many = scene();
    for (let at = 0; at <= 1_000; at += 1) await many.read({ uri: `x://${at}` });
    await many.read({ uri: 'x://1000' });
    await many.read({ uri: 'x://1' });
    expect(many.server.requests).toHaveLength(1_001);
    await many.read({ uri: 'x://0' });
    expect(many.server.requests).toHaveLength(1_002);
    const much = scene({ hint: { ttlMs: 1_000, text: 'x'.repeat(1_000_000) } });
    for (let at = 0; at <= 16; at += 1) await much.read({ uri: `x://${at}` });
    await much.read({ uri: 'x://16' });
    expect(much.server.requests).toHaveLength(17);
    await much.read({ uri: 'x://0' });
    expect(much.server.requests).toHaveLength(18);
  });
});
