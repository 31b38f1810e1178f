import { describe, expect, it } from 'vitest';
import { HubError, systemClock } from '../../src/base/index.ts';
import type { Call } from '../../src/gateway/index.ts';
import { forward, forwardRouted } from '../../src/gateway/forward.ts';
import { FakeUpstream, FakeUpstreams, listing } from '../support/fake-upstream.ts';

const INPUT = { resultType: 'input_required', inputRequests: { r: { method: 'roots/list' } }, requestState: 's' };
const capabilities = { roots: {} };

function call(more: Partial<Call> = {}): Call {
  return {
    scope: { kind: 'all' },
    method: 'tools/call',
    params: { name: 't' },
    downstream: { principal: { id: 'local' }, era: 'legacy', protocolVersion: '2025-11-25', clientCapabilities: capabilities },
    signal: new AbortController().signal,
    notify: () => {},
    ask: async () => ({ result: { roots: [] } }),
    ...more,
  };
}

/** A modern server that wants the roots of its client first. */
function modern(): FakeUpstream {
  const upstream = new FakeUpstream('m', listing({ era: 'modern' }));
  upstream.answer = ({ params }) => ({ result: params?.['inputResponses'] ? { content: [] } : INPUT });
  return upstream;
}

describe('forward', () => {
  it('gets the input of a modern server from a legacy client', async () => {
    const upstream = modern();
    const answer = await forward(systemClock, upstream, call(), { name: 't' });
    expect(answer).toEqual({ afterInput: true, era: 'modern', outcome: { result: { content: [] } } });
    expect(upstream.requests.map(({ params }) => params)).toEqual([
      { name: 't' },
      { name: 't', inputResponses: { r: { roots: [] } }, requestState: 's' },
    ]);
    expect(upstream.requests[0]?.origin).toMatchObject({ era: 'legacy', clientCapabilities: capabilities });
  });

  it('makes a result of a question that was not answered, and an error where there is no such result', async () => {
    const ask = async () => ({ error: { code: -1, message: 'The user said no.' } });
    const failed = await forward(systemClock, modern(), call({ ask }), { name: 't' });
    expect(failed.outcome.result).toMatchObject({ isError: true, _meta: { 'mcp-hub/error': { code: 'INPUT_NOT_GIVEN' } } });
    const prompt = await forward(systemClock, modern(), call({ ask, method: 'prompts/get' }), { name: 'p' });
    const message = 'Server "m" needs an answer to "roots/list" to go on, and did not get one: The user said no.';
    expect(prompt.outcome.error).toMatchObject({ code: -32603, message });
  });

  it('hands on the time limits of a call, and the failure itself beside what a client of MCP reads', async () => {
    const upstream = new FakeUpstream('l', listing());
    const failure = new HubError('TIMEOUT', 'Too slow.');
    upstream.answer = () => Promise.reject(failure);
    const limits = { timeoutMs: 5, resetOnProgress: false, maxTotalMs: 7 };
    const tool = await forward(systemClock, upstream, call(limits), { name: 't' });
    expect(upstream.requests[0]).toMatchObject(limits);
    expect(tool).toMatchObject({ outcome: { result: { isError: true } } });
    const prompt = await forward(systemClock, upstream, call({ method: 'prompts/get' }), { name: 'p' });
    expect(prompt).toMatchObject({ outcome: { error: { message: 'Too slow.' } } });
    expect([tool.failure, prompt.failure]).toEqual([failure, failure]);
  });

  it('leaves the questions of a modern server to a modern client', async () => {
    const { downstream } = call();
    const answer = await forward(systemClock, modern(), call({ downstream: { ...downstream, era: 'modern' }, ask: undefined }), {});
    expect(answer.outcome.result).toBe(INPUT);
  });

  it('lets a legacy server ask the client of the call', async () => {
    const upstream = new FakeUpstream('l', listing());
    upstream.answer = async ({ onRequest }) =>
      (await onRequest?.({ method: 'roots/list' }, new AbortController().signal)) ?? { result: {} };
    const answer = await forward(systemClock, upstream, call(), { name: 't' });
    expect(answer.outcome).toEqual({ result: { roots: [] } });
  });
});

it('of several servers that are only guessed, none may ask', async () => {
  const [one, two] = [new FakeUpstream('one', listing()), new FakeUpstream('two', listing({ era: 'modern' }))];
  const routes = [one, two].map(({ id }) => ({ serverId: id, params: { uri: 'x://1' } }));
  const notFound = (): never => {
    throw new Error('somebody has it');
  };
  await forwardRouted({ upstreams: new FakeUpstreams(one, two), clock: systemClock }, call({ method: 'resources/read' }), {
    routes,
    notFound,
  });
  for (const { requests } of [one, two]) {
    expect(requests[0]?.onRequest).toBeUndefined();
    expect(requests[0]?.origin.clientCapabilities).toBeUndefined();
  }
});
