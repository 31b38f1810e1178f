import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/index.ts';
import { settle } from '../support/fake-clock.ts';
import { ALL, CALL, DONE, parkingLot, refusalOf, retry, roundOf, SAID, type Work, YES } from './parking.ts';

describe('a call of a modern client to a legacy server', () => {
  it('that asks nothing sets no timer and is answered as it is', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    expect(lot.clock.pending).toBe(0);
    work.answer();
    expect(await sent.answer).toEqual({ era: 'legacy', outcome: DONE });
    expect(lot.clock.pending).toBe(0);
  });

  it('waits while its client is asked, and goes on with the answer', async () => {
    const lot = parkingLot();
    const { work, question, round } = await lot.park();
    expect(round.inputRequests).toEqual({
      'elicitation-1': { method: 'elicitation/create', params: { message: 'Name?', requestedSchema: { type: 'object' } } },
    });
    expect([work.isCancelled, question.outcome]).toEqual([false, undefined]);
    const again = lot.send(retry(round));
    await settle();
    expect(question.outcome).toEqual({ result: YES });
    work.answer();
    expect(await again.answer).toEqual({ era: 'legacy', outcome: DONE });
    expect(lot.works).toHaveLength(1);
    expect(lot.clock.pending).toBe(0);
  });

  it.each([
    ['prompts/get', { name: 'srv__p' }],
    ['resources/read', { uri: 'x://1' }],
  ])('may be %s', async (method, params) => {
    const lot = parkingLot();
    const { work, round } = await lot.park(params, { method });
    const again = lot.send(retry(round, YES, params), { method });
    await settle();
    work.answer({ result: { messages: [] } });
    expect((await again.answer).outcome).toEqual({ result: { messages: [] } });
  });

  it('cannot be asked in any other method', async () => {
    const lot = parkingLot();
    const params = { ref: { type: 'ref/prompt', name: 'srv__p' }, argument: {} };
    const { work } = await lot.begin(params, { method: 'completion/complete' });
    expect(work.request.onRequest).toBeUndefined();
  });

  it('asks what comes at the same moment in one round, with a key for each', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    const questions = [work.elicit(), work.ask('sampling/createMessage', { messages: [], maxTokens: 1 }), work.ask('roots/list')];
    await lot.clock.advance(4);
    questions.push(work.elicit('Age?'));
    await lot.clock.advance(1);
    const round = roundOf(await sent.answer);
    expect(round.keys).toEqual(['elicitation-1', 'sampling-2', 'roots-3', 'elicitation-4']);
    expect(round.inputRequests['roots-3']).toEqual({ method: 'roots/list' });
    const inputResponses = { 'elicitation-1': YES, 'sampling-2': SAID, 'roots-3': { roots: [] }, 'elicitation-4': { action: 'cancel' } };
    lot.send({ ...CALL, requestState: round.requestState, inputResponses });
    await settle();
    expect(questions.map(({ outcome }) => outcome?.result)).toEqual([YES, SAID, { roots: [] }, { action: 'cancel' }]);
  });

  it('goes on for as many rounds as the server needs, ten at most, each with a state of its own', async () => {
    const lot = parkingLot();
    const { work, round: first } = await lot.park();
    let round = first;
    const states = new Set([round.requestState]);
    for (let turn = 2; turn <= 10; turn += 1) {
      const sent = lot.send(retry(round));
      await settle();
      work.elicit(`Turn ${turn}?`);
      await lot.clock.advance(5);
      round = roundOf(await sent.answer);
      expect(round.keys).toEqual([`elicitation-${turn}`]);
      states.add(round.requestState);
    }
    expect(states.size).toBe(10);
    const last = lot.send(retry(round));
    await settle();
    const eleventh = work.elicit('Once more?');
    await settle();
    expect(eleventh.outcome?.error?.message).toContain('asked 10 times');
    work.answer();
    expect((await last.answer).outcome).toEqual(DONE);
  });

  it('asks in the next round what came while its client was away', async () => {
    const lot = parkingLot();
    const { work, question, round } = await lot.park();
    const later = work.elicit('And?');
    await lot.clock.advance(1_000);
    const sent = lot.send(retry(round));
    await lot.clock.advance(5);
    expect(question.outcome).toEqual({ result: YES });
    const next = roundOf(await sent.answer);
    expect(next.keys).toEqual(['elicitation-2']);
    lot.send(retry(next));
    await settle();
    expect(later.outcome).toEqual({ result: YES });
  });

  it('asks again only for what is missing, and ignores what nobody asked for', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    const [name, age] = [work.elicit('Name?'), work.elicit('Age?')];
    await lot.clock.advance(5);
    const round = roundOf(await sent.answer);
    const again = lot.send({
      ...CALL,
      requestState: round.requestState,
      inputResponses: { 'elicitation-1': YES, other: 7, constructor: 1 },
    });
    await lot.clock.advance(5);
    const next = roundOf(await again.answer);
    expect([name.outcome, age.outcome]).toEqual([{ result: YES }, undefined]);
    expect([next.keys, next.requestState === round.requestState]).toEqual([['elicitation-2'], false]);
    const third = lot.send({ ...CALL, requestState: next.requestState });
    await lot.clock.advance(5);
    expect(roundOf(await third.answer).keys).toEqual(['elicitation-2']);
  });

  it('answers the server with an error when the client leaves a question open for ten rounds', async () => {
    const lot = parkingLot();
    let { round, work, question } = await lot.park();
    for (let turn = 2; turn <= 10; turn += 1) {
      const sent = lot.send({ ...CALL, requestState: round.requestState });
      await lot.clock.advance(5);
      round = roundOf(await sent.answer);
    }
    const last = lot.send({ ...CALL, requestState: round.requestState });
    await lot.clock.advance(5);
    expect(question.outcome?.error?.message).toContain('10 rounds');
    work.answer();
    expect((await last.answer).outcome).toEqual(DONE);
  });

  it.each<[string, string, JsonObject, unknown]>([
    ['a number', 'elicitation/create', {}, 12345],
    ['null', 'elicitation/create', {}, null],
    ['an action that is none', 'elicitation/create', {}, { action: 'maybe' }],
    ['content that is no object', 'elicitation/create', {}, { action: 'accept', content: [1] }],
    ['the answer in an envelope', 'elicitation/create', {}, { method: 'elicitation/create', result: YES }],
    ['no role', 'sampling/createMessage', {}, { content: { type: 'text' } }],
    ['no content', 'sampling/createMessage', {}, { role: 'assistant' }],
    ['no list', 'roots/list', {}, { roots: {} }],
  ])('refuses %s in answer to %s, and may be answered properly then', async (_, method, params, answer) => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    const question = work.ask(method, params);
    await lot.clock.advance(5);
    const round = roundOf(await sent.answer);
    const [key = ''] = round.keys;
    const bad = { ...CALL, requestState: round.requestState, inputResponses: { [key]: answer } } as JsonObject;
    expect(refusalOf(await lot.send(bad).answer)).toContain(`inputResponses["${key}"]`);
    for (const inputResponses of [null, 7, [1], 'x']) {
      const whole = { ...CALL, requestState: round.requestState, inputResponses };
      expect(refusalOf(await lot.send(whole).answer)).toContain('inputResponses must be an object');
    }
    expect(question.outcome).toBeUndefined();
    lot.send(retry(round, { ...YES, ...SAID, content: {}, roots: [] }));
    await settle();
    expect(question.outcome?.result).toBeDefined();
  });

  it('takes a first call with answers and no state as a first call', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin({ ...CALL, inputResponses: { 'elicitation-1': YES } });
    const question = work.elicit();
    await lot.clock.advance(5);
    roundOf(await sent.answer);
    expect(question.outcome).toBeUndefined();
  });
});

describe('a question', () => {
  it('passes as it is but for what the modern era does not have', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    const _meta = { progressToken: 3, 'io.modelcontextprotocol/related-task': { taskId: 't' }, 'x/y': 1 };
    work.ask('elicitation/create', { mode: 'url', url: 'https://x.test', message: 'Go', elicitationId: 'e1', 'x-new': 1 });
    work.ask('elicitation/create', { message: 'Form', elicitationId: 'kept', requestedSchema: {} });
    work.ask('sampling/createMessage', { messages: [], tools: [], task: { ttl: 1 }, _meta });
    work.ask('roots/list', { _meta: { progressToken: 'only' } });
    await lot.clock.advance(5);
    const { inputRequests } = roundOf(await sent.answer);
    expect(inputRequests).toEqual({
      'elicitation-1': { method: 'elicitation/create', params: { mode: 'url', url: 'https://x.test', message: 'Go', 'x-new': 1 } },
      'elicitation-2': { method: 'elicitation/create', params: { message: 'Form', elicitationId: 'kept', requestedSchema: {} } },
      'sampling-3': { method: 'sampling/createMessage', params: { messages: [], tools: [], _meta: { 'x/y': 1 } } },
      'roots-4': { method: 'roots/list', params: {} },
    });
  });

  it('of a kind that no client answers gets an error at once', async () => {
    const lot = parkingLot();
    const { work } = await lot.begin();
    const question = work.ask('tasks/get', {});
    await settle();
    expect(question.outcome?.error).toMatchObject({ code: -32601 });
    expect(lot.clock.pending).toBe(0);
  });

  it('that the server takes back is not asked, and its answer is ignored', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    const [gone, kept, later] = [work.elicit('Gone?'), work.elicit('Kept?'), work.elicit('Later?')];
    gone.takeBack();
    await lot.clock.advance(5);
    const round = roundOf(await sent.answer);
    expect(round.keys).toEqual(['elicitation-2', 'elicitation-3']);
    later.takeBack();
    const again = lot.send(retry(round));
    await settle();
    expect([kept.outcome?.result, later.outcome?.result]).toEqual([YES, undefined]);
    work.answer();
    expect((await again.answer).outcome).toEqual(DONE);
  });

  it('that is the only one, and taken back in time, is no round', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin();
    work.elicit().takeBack();
    await lot.clock.advance(5);
    work.answer();
    expect((await sent.answer).outcome).toEqual(DONE);
  });

  it('is one of fifty at most', async () => {
    const lot = parkingLot();
    const { work } = await lot.begin();
    const questions = Array.from({ length: 51 }, () => work.elicit());
    await settle();
    expect(questions.map(({ outcome }) => outcome?.error?.message).filter(Boolean)).toEqual([
      expect.stringContaining('50 questions') as string,
    ]);
  });
});

describe('what a client cannot be asked', () => {
  it.each<[string, JsonObject, JsonObject, JsonObject]>([
    ['elicitation/create', {}, { sampling: {} }, { elicitation: { form: {} } }],
    ['elicitation/create', { mode: 'form' }, { elicitation: { url: {} } }, { elicitation: { form: {} } }],
    ['elicitation/create', { mode: 'url' }, { elicitation: {} }, { elicitation: { url: {} } }],
    ['sampling/createMessage', {}, { elicitation: {} }, { sampling: {} }],
    ['sampling/createMessage', { tools: [] }, { sampling: {} }, { sampling: { tools: {} } }],
  ])('(%s %j of %j) ends the call with -32021', async (method, params, capabilities, requiredCapabilities) => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin(CALL, { capabilities });
    const question = work.ask(method, params);
    await lot.clock.advance(5);
    expect(question.outcome?.error).toMatchObject({ code: -32601 });
    await lot.clock.advance(999);
    expect(work.isCancelled).toBe(false);
    await lot.clock.advance(1);
    expect(work.isCancelled).toBe(true);
    expect((await sent.answer).outcome.error).toMatchObject({ code: -32021, data: { requiredCapabilities } });
    expect(lot.clock.pending).toBe(0);
  });

  it.each<[string, (work: Work) => void]>([
    ['answers that it could not', (work) => work.answer({ result: { content: [], isError: true } })],
    ['answers with an error', (work) => work.answer({ error: { code: -32000, message: 'No form, no work' } })],
    ['dies', (work) => work.die()],
  ])('ends the call at once when the server %s, which then need not be told', async (_title, stop) => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin(CALL, { capabilities: { sampling: {} } });
    work.elicit();
    await lot.clock.advance(5);
    const late = work.ask('sampling/createMessage', { messages: [] });
    await settle();
    expect(late.outcome?.error?.message).toContain('the call is over');
    stop(work);
    expect((await sent.answer).outcome.error).toMatchObject({ code: -32021 });
    expect([work.isCancelled, lot.clock.pending]).toEqual([false, 0]);
  });

  it('is for the server to do without: what it does all the same, its client is told', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin(CALL, { capabilities: {} });
    work.elicit();
    await lot.clock.advance(5);
    work.answer({ result: { content: [{ type: 'text', text: 'done without' }] } });
    expect((await sent.answer).outcome.result).toMatchObject({ content: [{ text: 'done without' }] });
    expect(lot.clock.pending).toBe(0);
  });

  it('(roots) is refused to the server, which can do without', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin(CALL, { capabilities: { sampling: {} } });
    const roots = work.ask('roots/list');
    await lot.clock.advance(5);
    expect([roots.outcome?.error?.code, work.isCancelled]).toEqual([-32601, false]);
    const sample = work.ask('sampling/createMessage', { messages: [] });
    await lot.clock.advance(5);
    expect(roundOf(await sent.answer).keys).toEqual(['sampling-2']);
    expect(sample.outcome).toBeUndefined();
  });

  it('is an empty form for nobody but those who say so: `elicitation: {}` means forms', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin(CALL, { capabilities: { elicitation: {} } });
    work.elicit();
    await lot.clock.advance(5);
    expect(roundOf(await sent.answer).keys).toEqual(['elicitation-1']);
  });

  it('is left out of a round that has more to it', async () => {
    const lot = parkingLot();
    const { work, sent } = await lot.begin(CALL, { capabilities: { sampling: {} } });
    const [form, sample] = [work.elicit(), work.ask('sampling/createMessage', { messages: [] })];
    await lot.clock.advance(5);
    expect(roundOf(await sent.answer).keys).toEqual(['sampling-2']);
    expect([form.outcome?.error?.code, sample.outcome, work.isCancelled]).toEqual([-32601, undefined, false]);
  });

  it('goes by what the request at hand declares', async () => {
    const lot = parkingLot();
    const { work, round } = await lot.park();
    const again = lot.send(retry(round), { capabilities: { sampling: {} } });
    await settle();
    const second = work.elicit('And?');
    await lot.clock.advance(5);
    await lot.clock.advance(1_000);
    expect((await again.answer).outcome.error).toMatchObject({ code: -32021 });
    expect([second.outcome?.error?.code, work.isCancelled]).toEqual([-32601, true]);
    expect(refusalOf(await lot.send(retry(round), { capabilities: ALL }).answer)).toContain('Call again without requestState');
  });
});
