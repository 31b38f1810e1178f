import { describe, expect, it } from 'vitest';
import { settle } from '../support/fake-clock.ts';
import { tool } from '../support/fake-upstream.ts';
import { CALL, DONE, parkingLot, retry, roundOf, YES } from './parking.ts';

const TEN_MINUTES = 600_000;
const CREATED = { result: { task: { taskId: 'task-1', status: 'working' } } };

/** A lot whose tool `t` runs as a task of 2025-11-25 or not at all. */
function taskLot() {
  const lot = parkingLot({
    tools: [tool('t', { execution: { taskSupport: 'required' } })],
    capabilities: { tools: {}, tasks: { requests: { tools: { call: {} } } } },
  });
  /** Makes a call whose task is made, so that its result is waited for. */
  const wait = async () => {
    const { work, sent } = await lot.begin();
    work.answer(CREATED);
    await settle();
    const result = lot.works.at(-1);
    if (!result || result === work) throw new Error('the result is not waited for');
    return { created: work, result, sent };
  };
  return { ...lot, wait };
}

describe('a tool that runs only as a task of 2025-11-25, called by a modern client', () => {
  it('can ask its client, which brings the answer with the same call', async () => {
    const lot = taskLot();
    const { result, sent } = await lot.wait();
    expect(result.request).toMatchObject({ method: 'tasks/result', params: { taskId: 'task-1' } });
    const question = result.elicit();
    await lot.clock.advance(5);
    const again = lot.send(retry(roundOf(await sent.answer)));
    await settle();
    expect(question.outcome).toEqual({ result: YES });
    result.answer();
    expect((await again.answer).outcome).toEqual(DONE);
    expect(lot.upstream.requests).toHaveLength(2);
    expect(lot.clock.pending).toBe(0);
  });

  it('is one client throughout to its server, which forgets it afterwards', async () => {
    const lot = taskLot();
    const [one, two] = [await lot.wait(), await lot.wait()];
    const clients = lot.upstream.requests.map(({ origin }) => origin.sessionId);
    expect(clients).toEqual([clients[0], clients[0], clients[2], clients[2]]);
    expect(new Set(clients).size).toBe(2);
    expect(clients).not.toContain(undefined);
    one.result.answer();
    await one.sent.answer;
    expect(lot.upstream.endedSessions).toEqual([clients[0]]);
    two.result.die();
    await settle();
    lot.works.at(-1)?.answer();
    await two.sent.answer;
    expect(lot.upstream.endedSessions).toEqual([clients[0], clients[2]]);
  });

  it.each(['before', 'after'])('is cancelled when nobody answers a question that came %s the task', async (when) => {
    const lot = taskLot();
    const { work, sent } = await lot.begin();
    if (when === 'before') work.elicit();
    work.answer(CREATED);
    await settle();
    if (when === 'after') lot.works.at(-1)?.elicit();
    await lot.clock.advance(5);
    roundOf(await sent.answer);
    await lot.clock.advance(TEN_MINUTES);
    expect(lot.upstream.requests.map(({ method }) => method)).toEqual(['tools/call', 'tasks/result', 'tasks/cancel']);
    expect(lot.upstream.requests.at(-1)).toMatchObject({ params: { taskId: 'task-1' } });
    lot.works.at(-1)?.answer();
    await settle();
    expect(lot.upstream.endedSessions).toHaveLength(1);
  });

  it('is cancelled when its client takes the call back', async () => {
    const lot = taskLot();
    const { sent } = await lot.wait();
    sent.close();
    await settle();
    expect(lot.upstream.requests.at(-1)).toMatchObject({ method: 'tasks/cancel' });
    lot.works.at(-1)?.answer();
    await sent.answer;
    expect(lot.upstream.endedSessions).toHaveLength(1);
  });

  it('does not go on with a state that is none of the hub', async () => {
    const lot = taskLot();
    const { outcome } = await lot.send({ ...CALL, requestState: 'x' }).answer;
    expect(outcome.error?.code).toBe(-32602);
    expect(lot.works).toEqual([]);
  });
});
