import type { CancelSignal } from '../../src/base/index.ts';
import { describe, expect, it } from 'vitest';
import type { JsonObject, Outcome, ServerRequest } from '../../src/protocol/index.ts';
import { asksForInput, driveRounds, type Rounds } from '../../src/gateway/input-rounds.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

const elicit = (message: string): JsonObject => ({ method: 'elicitation/create', params: { message } });
const required = (rest: JsonObject): Outcome => ({ result: { resultType: 'input_required', ...rest } });
const modern = (outcome: Outcome) => ({ era: 'modern' as const, outcome });
const done = { result: { resultType: 'complete', content: [] } };

/** Rounds against a server that answers with `outcomes`, one after the other; the client answers with what it was asked. */
function rounds(outcomes: readonly Outcome[], more: Partial<Rounds> = {}) {
  const sent: JsonObject[] = [];
  const asked: ServerRequest[] = [];
  const clock = new FakeClock();
  const left = [...outcomes];
  const drive = driveRounds(modern(left.shift() ?? done), {
    server: 'srv',
    params: { name: 't', arguments: { a: 1 }, _meta: { progressToken: 7 } },
    signal: new AbortController().signal,
    clock,
    ask: async (request) => {
      asked.push(request);
      return { result: { action: 'accept', content: { said: request.params?.['message'] } } };
    },
    send: async (params) => {
      sent.push(params);
      return modern(left.shift() ?? done);
    },
    ...more,
  });
  drive.catch(() => undefined);
  return { drive, sent, asked, clock };
}

describe('asksForInput', () => {
  it('is about modern servers only', () => {
    expect(asksForInput(modern(required({})))).toBe(true);
    expect(asksForInput({ era: 'legacy', outcome: required({}) })).toBe(false);
    expect(asksForInput(modern(done))).toBe(false);
    expect(asksForInput(modern({ error: { code: 1, message: 'x' } }))).toBe(false);
  });
});

describe('driveRounds', () => {
  it('repeats the call with bare answers and the state of each round', async () => {
    const state = 'opaque é\u0000 state';
    const { drive, sent, asked } = rounds([
      required({ inputRequests: { a: elicit('A?'), b: elicit('B?') }, requestState: state }),
      required({ inputRequests: { c: elicit('C?') } }),
    ]);
    expect((await drive).outcome).toBe(done);
    const answer = (said: string) => ({ action: 'accept', content: { said } });
    const first = { name: 't', arguments: { a: 1 }, _meta: { progressToken: 7 } };
    expect(sent).toEqual([
      { ...first, inputResponses: { a: answer('A?'), b: answer('B?') }, requestState: state },
      { ...first, inputResponses: { c: answer('C?') } },
    ]);
    expect(asked.map(({ params }) => params?.['message'])).toEqual(['A?', 'B?', 'C?']);
  });

  it('gives a visit to a URL the id that legacy clients know it by, and touches nothing else', async () => {
    const url = { mode: 'url', url: 'https://example.org/x', message: 'Log in', 'x-new': 1 };
    const inputRequests = { u: { method: 'elicitation/create', params: url }, r: { method: 'roots/list' } };
    const { drive, asked } = rounds([required({ inputRequests })]);
    await drive;
    expect(asked).toEqual([
      { method: 'elicitation/create', params: { ...url, elicitationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string } },
      { method: 'roots/list', params: undefined },
    ]);
  });

  it('waits a moment before it repeats a call that asks nothing', async () => {
    const { drive, sent, clock } = rounds([required({ requestState: 's' })]);
    await clock.advance(249);
    expect(sent).toEqual([]);
    await clock.advance(1);
    await drive;
    expect(sent).toMatchObject([{ requestState: 's' }]);
    expect(sent[0]).not.toHaveProperty('inputResponses');
  });

  it('asks ten rounds at most', async () => {
    const { drive, sent } = rounds(Array.from({ length: 20 }, () => required({ inputRequests: { a: elicit('Again?') } })));
    await expect(drive).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL', message: expect.stringContaining('more than 10') as string });
    expect(sent).toHaveLength(10);
  });

  it('fails when one answer is an error, and takes the other questions back', async () => {
    const signals: CancelSignal[] = [];
    const { drive, sent } = rounds([required({ inputRequests: { a: elicit('A?'), b: elicit('B?') } })], {
      ask: ({ params }, signal) => {
        signals.push(signal);
        const no = { error: { code: -1, message: 'The user said no.' } };
        return params?.['message'] === 'A?' ? new Promise<Outcome>(() => {}) : Promise.resolve(no);
      },
    });
    const message = 'Server "srv" needs an answer to "elicitation/create" to go on, and did not get one: The user said no.';
    await expect(drive).rejects.toMatchObject({ code: 'INPUT_NOT_GIVEN', message });
    await settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(sent).toEqual([]);
  });

  it.each<[string, JsonObject]>([
    ['nothing at all', {}],
    ['no questions', { inputRequests: {} }],
    ['a list', { inputRequests: [elicit('A?')] }],
    ['a question without a method', { inputRequests: { a: { params: {} } } }],
    ['a question with odd params', { inputRequests: { a: { method: 'roots/list', params: [1] } } }],
    ['too many questions', { inputRequests: Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`${at}`, elicit('?')])) }],
  ])('fails when the server sends %s', async (_, rest) => {
    const { drive, asked } = rounds([required(rest)]);
    await expect(drive).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
    expect(asked).toEqual([]);
  });
});
