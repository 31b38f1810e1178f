import { describe, expect, it } from 'vitest';
import { Questions } from '../../src/downstream/questions.ts';
import type { Message } from '../../src/protocol/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

function asking() {
  const clock = new FakeClock();
  const questions = new Questions(clock);
  const sent: Message[] = [];
  const push = (message: Message): boolean => {
    sent.push(message);
    return true;
  };
  const aborter = new AbortController();
  const ask = (method = 'roots/list') => questions.ask({ method }, { push, signal: AbortSignal.any([aborter.signal]) });
  return { clock, questions, sent, aborter, ask };
}

const cancelled = (requestId: number) => ({ method: 'notifications/cancelled', params: { requestId } });

describe('Questions', () => {
  it('have ids of their own, and each its own answer, with unknown fields', async () => {
    const { clock, questions, sent, ask } = asking();
    const [first, second] = [ask(), ask('sampling/createMessage')];
    expect(sent).toEqual([
      { jsonrpc: '2.0', id: 1, method: 'roots/list' },
      { jsonrpc: '2.0', id: 2, method: 'sampling/createMessage' },
    ]);
    questions.answer({ jsonrpc: '2.0', id: '1', result: { wrong: 'type' } });
    questions.answer({ jsonrpc: '2.0', id: 99, result: {} });
    questions.answer({ jsonrpc: '2.0', id: null, error: { code: -1, message: 'of nothing' } });
    questions.answer({ jsonrpc: '2.0', id: 2, error: { code: -1, message: 'The user said no', data: { x: 1 } } });
    questions.answer({ jsonrpc: '2.0', id: 1, result: { roots: [], 'x-new': 1 } });
    expect(await second).toEqual({ error: { code: -1, message: 'The user said no', data: { x: 1 } } });
    expect(await first).toEqual({ result: { roots: [], 'x-new': 1 } });
    questions.answer({ jsonrpc: '2.0', id: 1, result: { late: true } });
    expect(sent).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('are taken back when nobody waits for the answer any more, and the client is told', async () => {
    const { clock, sent, aborter, ask } = asking();
    const answer = ask();
    aborter.abort();
    expect(await answer).toMatchObject({ error: { code: -32603, message: expect.stringContaining('taken back') as string } });
    expect(sent[1]).toMatchObject(cancelled(1));
    expect(await ask()).toHaveProperty('error');
    expect(sent).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('wait ten minutes', async () => {
    const { clock, sent, ask } = asking();
    const answer = ask();
    await clock.advance(599_999);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    expect(await answer).toMatchObject({ error: { code: -32603, message: expect.stringContaining('10 minutes') as string } });
    expect(sent[1]).toMatchObject(cancelled(1));
  });

  it('with a progress token get one of their own; progress comes back with the first, and they wait anew', async () => {
    const clock = new FakeClock();
    const questions = new Questions(clock);
    const sent: Message[] = [];
    const told: unknown[] = [];
    const ask = (progressToken: string) =>
      questions.ask(
        { method: 'sampling/createMessage', params: { a: 1, _meta: { progressToken, b: 2 } } },
        { push: (message) => sent.push(message) > 0, signal: new AbortController().signal, tell: ({ params }) => told.push(params) },
      );
    const [first, second] = [ask('same'), ask('same')];
    expect(sent).toMatchObject([
      { id: 1, params: { a: 1, _meta: { progressToken: 1, b: 2 } } },
      { id: 2, params: { _meta: { progressToken: 2 } } },
    ]);
    await clock.advance(599_999);
    questions.progress({ progressToken: 2, progress: 5, message: 'm' });
    questions.progress({ progressToken: '2', progress: 6 });
    questions.progress({ progressToken: 'same', progress: 7 });
    questions.progress({ progressToken: 99, progress: 8 });
    expect(told).toEqual([{ progressToken: 'same', progress: 5, message: 'm' }]);
    await clock.advance(1);
    expect(await first).toHaveProperty('error');
    questions.answer({ jsonrpc: '2.0', id: 2, result: { late: false } });
    expect(await second).toEqual({ result: { late: false } });
    questions.progress({ progressToken: 2, progress: 9 });
    expect(told).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('are a hundred at most', async () => {
    const { aborter, ask } = asking();
    const open = Array.from({ length: 100 }, () => ask());
    expect(await ask()).toMatchObject({ error: { message: expect.stringContaining('100') as string } });
    aborter.abort();
    await Promise.all(open);
  });

  it('fail at once when the client reads no stream', async () => {
    const clock = new FakeClock();
    const outcome = await new Questions(clock).ask({ method: 'roots/list' }, { push: () => false, signal: new AbortController().signal });
    expect(outcome).toMatchObject({ error: { message: expect.stringContaining('no stream') as string } });
    await settle();
    expect(clock.pending).toBe(0);
  });
});
