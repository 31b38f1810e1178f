import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/protocol/index.ts';
import { settle } from '../support/fake-clock.ts';
import { listing, tool } from '../support/fake-upstream.ts';
import { CALL, DONE, parkingLot, refusalOf, retry, roundOf, type SendOptions, YES } from './parking.ts';

const TEN_MINUTES = 600_000;

describe('a retry that does not fit', () => {
  it.each<[string, (state: string) => object, SendOptions?]>([
    ['a changed state', (requestState) => ({ requestState: `${requestState}-TAMPERED` })],
    ['a state of another hub', () => ({ requestState: 'hub1.AAAA' })],
    ['no state of a hub at all', () => ({ requestState: 'opaque' })],
    ['an empty state', () => ({ requestState: '' })],
    ['a state that is no string', () => ({ requestState: 7 })],
    ['another tool', () => ({ name: 'srv__u' })],
    ['the same tool by its plain name', () => ({ name: 't' })],
    ['other arguments', () => ({ arguments: { a: 2 } })],
    ['another principal', () => ({}), { principal: 'bob' }],
    ['another endpoint', () => ({ name: 't' }), { scope: { kind: 'server', id: 'srv' } }],
    ['another method', () => ({ name: 'srv__p' }), { method: 'prompts/get' }],
  ])('(%s) is refused in one and the same way, and disturbs nothing', async (_, change, options) => {
    const lot = parkingLot();
    const { work, question, round } = await lot.park();
    const sent = lot.send({ ...retry(round), ...change(round.requestState) }, options);
    const message = refusalOf(await sent.answer);
    expect(message).toContain('Call again without requestState');
    expect(message).toBe(refusalOf(await lot.send({ ...CALL, requestState: 'hub1.x' }).answer));
    expect([question.outcome, work.isCancelled, lot.works.length]).toEqual([undefined, false, 1]);
    lot.send(retry(round));
    await settle();
    expect(question.outcome).toEqual({ result: YES });
  });

  it('(a round that was answered already) is refused, at once or later', async () => {
    const lot = parkingLot();
    const { work, round } = await lot.park();
    const [first, second] = [lot.send(retry(round)), lot.send(retry(round, { action: 'cancel' }))];
    expect(refusalOf(await second.answer)).toContain('used already');
    work.elicit('And?');
    await lot.clock.advance(5);
    const next = roundOf(await first.answer);
    expect(refusalOf(await lot.send(retry(round)).answer)).toContain('used already');
    const last = lot.send(retry(next));
    await settle();
    work.answer();
    expect((await last.answer).outcome).toEqual(DONE);
    expect(refusalOf(await lot.send(retry(next)).answer)).toContain('used already');
  });

  it('(after a restart of the hub) is refused', async () => {
    const { round } = await parkingLot().park();
    const lot = parkingLot();
    expect(refusalOf(await lot.send(retry(round)).answer)).toContain('restarted');
    expect(lot.works).toEqual([]);
  });
});

describe('a retry that fits', () => {
  it('may have other `_meta` and another order of keys', async () => {
    const lot = parkingLot();
    const { question, round } = await lot.park();
    const { requestState, inputResponses } = retry(round);
    lot.send({ inputResponses, requestState, arguments: { b: { d: null, c: [1, 2] }, a: 1 }, name: 'srv__t', _meta: { y: 2 } });
    await settle();
    expect(question.outcome).toEqual({ result: YES });
  });

  it('finds its call also when the tool is not listed any more', async () => {
    const lot = parkingLot();
    const { work, round } = await lot.park();
    lot.upstreams.offer('srv', listing({ tools: [tool('other')] }));
    const again = lot.send(retry(round));
    await settle();
    work.answer();
    expect((await again.answer).outcome).toEqual(DONE);
  });
});

describe('time', () => {
  it('ends a call that nobody answers after ten minutes, and says so', async () => {
    const lot = parkingLot();
    const { work, question, round } = await lot.park();
    await lot.clock.advance(TEN_MINUTES - 1);
    expect([question.outcome, work.isCancelled]).toEqual([undefined, false]);
    await lot.clock.advance(1);
    expect(question.outcome?.error?.message).toContain('within 10 minutes');
    expect([work.isCancelled, lot.clock.pending]).toEqual([true, 0]);
    expect(refusalOf(await lot.send(retry(round)).answer)).toMatch(/expired.*Call again without requestState/);
  });

  it('counts from the last round', async () => {
    const lot = parkingLot();
    const { work, round } = await lot.park();
    await lot.clock.advance(TEN_MINUTES - 1);
    const again = lot.send(retry(round));
    await settle();
    work.elicit('And?');
    await lot.clock.advance(5);
    const next = roundOf(await again.answer);
    await lot.clock.advance(TEN_MINUTES - 1);
    expect(work.isCancelled).toBe(false);
    await lot.clock.advance(1);
    expect(work.isCancelled).toBe(true);
    expect(refusalOf(await lot.send(retry(next)).answer)).toContain('expired');
  });

  it('does not run while the server works on an answer', async () => {
    const lot = parkingLot();
    const { work, round } = await lot.park();
    const again = lot.send(retry(round));
    await lot.clock.advance(2 * TEN_MINUTES);
    work.answer();
    expect((await again.answer).outcome).toEqual(DONE);
  });
});

describe('an end', () => {
  it('by the server, while its client is away, is kept for the retry', async () => {
    const lot = parkingLot();
    const { work, question, round } = await lot.park();
    work.answer();
    await settle();
    expect(question.outcome?.error).toBeDefined();
    expect((await lot.send(retry(round)).answer).outcome).toEqual(DONE);
    expect(lot.clock.pending).toBe(0);
  });

  it('by the death of the server too, as the failure that it is', async () => {
    const lot = parkingLot();
    const { work, round } = await lot.park();
    work.die();
    await settle();
    expect((await lot.send(retry(round)).answer).outcome.result).toMatchObject({
      isError: true,
      content: [{ text: 'The process ended.' }],
    });
    const { work: second, round: other } = await lot.park();
    const open = lot.send(retry(other));
    second.die();
    expect((await open.answer).outcome.result).toMatchObject({ isError: true });
  });

  it('by time, when nobody comes for what was kept', async () => {
    const lot = parkingLot();
    const { work, round } = await lot.park();
    work.answer();
    await lot.clock.advance(TEN_MINUTES);
    expect(lot.clock.pending).toBe(0);
    expect(refusalOf(await lot.send(retry(round)).answer)).toContain('expired');
  });

  it('by the client that closes an open request takes the call back', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    const question = work.elicit();
    sent.close();
    await lot.clock.advance(5);
    expect([work.isCancelled, question.outcome?.error?.message]).toEqual([true, 'The call is over.']);

    const { work: second, round } = await lot.park();
    const again = lot.send(retry(round));
    await settle();
    again.close();
    await settle();
    expect([second.isCancelled, lot.clock.pending]).toEqual([true, 0]);
    expect(refusalOf(await lot.send(retry(round)).answer)).toContain('not valid');
  });

  it('of the hub takes every call back', async () => {
    const lot = parkingLot();
    const [one, two] = [await lot.park(), await lot.park()];
    lot.gateway.dispose();
    await settle();
    expect([one.work.isCancelled, two.work.isCancelled, lot.clock.pending]).toEqual([true, true, 0]);
    expect(one.question.outcome?.error?.message).toContain('stopping');
  });
});

describe('limits', () => {
  it('let one principal have 64 calls waiting, and others their own', async () => {
    const lot = parkingLot();
    const parked = [];
    for (let at = 0; at < 64; at += 1) parked.push(await lot.park());
    const { work, sent } = await lot.begin();
    const question = work.elicit();
    await settle();
    expect(question.outcome?.error?.message).toContain('64 calls of this client wait');
    work.answer();
    expect((await sent.answer).outcome).toEqual(DONE);
    await lot.park(CALL, { principal: 'bob' });

    const [first] = parked;
    if (first) lot.send(retry(first.round));
    await settle();
    first?.work.answer();
    await settle();
    await lot.park();
  });

  it('let 1,024 calls wait in all', async () => {
    const lot = parkingLot();
    for (let at = 0; at < 1_024; at += 1) {
      const { work } = await lot.begin(CALL, { principal: `p${at % 20}` });
      work.elicit();
    }
    await lot.clock.advance(5);
    const { work } = await lot.begin(CALL, { principal: 'eve' });
    const question = work.elicit();
    await settle();
    expect(question.outcome?.error?.message).toContain('1024 calls wait');
  });
});

describe('what a server tells of a call', () => {
  const log = (data: string) => ({ level: 'info', data });
  const progress = (value: number) => ({ progressToken: 'first', progress: value });

  it('goes to the open request with its own progress token, and is kept in between', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin({ ...CALL, _meta: { progressToken: 'first' } });
    work.tell('notifications/progress', progress(1));
    work.elicit();
    await lot.clock.advance(5);
    const round = roundOf(await sent.answer);
    work.tell('notifications/progress', progress(2));
    work.tell('notifications/message', log('between'));
    const again = lot.send(retry(round, YES, { ...CALL, _meta: { progressToken: 2 } }));
    await settle();
    work.tell('notifications/progress', progress(3));
    work.tell('notifications/elicitation/complete', { elicitationId: 'x' });
    expect(sent.notes.map(({ params }) => params)).toEqual([progress(1)]);
    expect(again.notes.map(({ params }) => params)).toEqual([
      { progressToken: 2, progress: 2 },
      log('between'),
      { progressToken: 2, progress: 3 },
    ]);
    work.elicit('And?');
    await lot.clock.advance(5);
    const third = lot.send(retry(roundOf(await again.answer)));
    await settle();
    work.tell('notifications/progress', progress(4));
    work.tell('notifications/message', log('third'));
    expect(third.notes.map(({ params }) => params)).toEqual([log('third')]);
  });

  it('is kept sixteen deep', async () => {
    const lot = parkingLot();
    const { work, round } = await lot.park();
    for (let at = 1; at <= 20; at += 1) work.tell('notifications/message', log(`${at}`));
    work.answer();
    await settle();
    const again = lot.send(retry(round));
    expect((await again.answer).outcome).toEqual(DONE);
    expect(again.notes.map(({ params }) => params?.['data'])).toEqual(Array.from({ length: 16 }, (_, at) => `${at + 5}`));
  });
});

describe('a URL that has to be visited first (-32042)', () => {
  const visit = { mode: 'url', url: 'https://x.test/go', message: 'Log in' };
  const error = { code: -32042, message: 'Visit first', data: { elicitations: [{ ...visit, elicitationId: 'e1' }] } };
  const demand: Outcome = { error };

  it('is asked of a client that can visit, and the call is made anew then', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    work.answer(demand);
    const round = roundOf(await sent.answer);
    expect(round.inputRequests).toEqual({ 'elicitation-1': { method: 'elicitation/create', params: visit } });
    expect(lot.clock.pending).toBe(0);
    const again = lot.send(retry(round, { action: 'accept' }));
    await settle();
    expect(lot.works).toHaveLength(2);
    lot.works[1]?.answer();
    expect((await again.answer).outcome).toEqual(DONE);
  });

  it('is asked at the end of a call that was parked as well', async () => {
    const lot = parkingLot();
    const { work, round } = await lot.park();
    work.answer(demand);
    await settle();
    const visits = roundOf(await lot.send(retry(round)).answer);
    lot.send(retry(visits, { action: 'accept' }));
    await settle();
    expect(lot.works).toHaveLength(2);
  });

  it('ends the call when the visit is declined', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    work.answer(demand);
    const again = lot.send(retry(roundOf(await sent.answer), { action: 'decline' }));
    expect((await again.answer).outcome.result).toMatchObject({ isError: true, _meta: { 'mcp-hub/error': { code: 'INPUT_NOT_GIVEN' } } });
    expect(lot.works).toHaveLength(1);
  });

  it('gives a state that is good for this request only, for ten minutes', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    work.answer(demand);
    const round = roundOf(await sent.answer);
    expect(refusalOf(await lot.send({ ...retry(round), arguments: {} }).answer)).toContain('not valid');
    expect(refusalOf(await lot.send(retry(round), { principal: 'bob' }).answer)).toContain('not valid');
    await lot.clock.advance(TEN_MINUTES);
    expect(refusalOf(await lot.send(retry(round)).answer)).toContain('expired');
    expect(lot.works).toHaveLength(1);
  });

  it('is -32021 to a client that cannot visit', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin(CALL, { capabilities: { elicitation: {} } });
    work.answer(demand);
    expect((await sent.answer).outcome.error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    });
  });

  it.each([undefined, {}, { elicitations: [] }, { elicitations: [{ mode: 'url' }, 7] }])(
    'stays an error when it names none: %j',
    async (data) => {
      const lot = parkingLot();
      const { work, sent } = await lot.begin();
      work.answer({ error: { ...error, data } });
      expect((await sent.answer).outcome.error?.code).toBe(-32042);
    },
  );
});

describe('a `requestState` that is not of the hub', () => {
  it('goes to a modern server as it came', async () => {
    const lot = parkingLot();
    lot.upstreams.offer('srv', listing({ era: 'modern', tools: [tool('t')] }));
    const params = { ...CALL, requestState: 'hub1.of another hub', inputResponses: { a: YES } };
    const { work, sent } = await lot.begin(params);
    expect(work.request.params).toMatchObject({ requestState: params.requestState, inputResponses: { a: YES } });
    expect(work.request.onRequest).toBeUndefined();
    work.answer();
    expect(await sent.answer).toEqual({ era: 'modern', outcome: DONE });
  });

  const starting = (era: 'modern' | 'legacy') => {
    const lot = parkingLot();
    lot.upstream.listing = undefined;
    lot.upstream.onSettled = async () => lot.upstreams.offer('srv', listing({ era, tools: [tool('t')] }));
    const sent = lot.send({ ...CALL, name: 't', requestState: 'opaque' }, { scope: { kind: 'server', id: 'srv' } });
    return { lot, sent };
  };

  it('waits for a server that is starting, and goes to it when it is modern', async () => {
    const { lot, sent } = starting('modern');
    await settle();
    lot.works[0]?.tell('notifications/progress', { progressToken: 1, progress: 1 });
    lot.works[0]?.answer();
    expect((await sent.answer).outcome).toEqual(DONE);
    expect(sent.notes.map(({ method }) => method)).toEqual(['notifications/progress']);
  });

  it('… and is refused when it is legacy', async () => {
    const { lot, sent } = starting('legacy');
    expect(refusalOf(await sent.answer)).toContain('not valid');
    expect(lot.works).toEqual([]);
  });
});
