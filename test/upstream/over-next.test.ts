import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { notRun } from '../../src/upstream/not-run.ts';
import { overNext } from '../../src/upstream/over-next.ts';
import type { Connection } from '../../src/upstream/index.ts';
import { ScriptedConnection } from '../support/scripted-connect.ts';

const broken = new HubError('CONNECTION_ERROR', 'It broke.');
const ended = new HubError('CONNECTION_ERROR', 'No session.', { details: { session: 'ended' } });

describe('a request whose connection is lost', () => {
  const first: Connection = new ScriptedConnection();
  const second: Connection = new ScriptedConnection();

  async function send(failure: HubError, current: Connection | undefined, replaced = current !== first) {
    const sent: Connection[] = [];
    const answer = overNext(
      first,
      async (connection) => {
        sent.push(connection);
        if (connection === first) throw failure;
        return 'answer';
      },
      async () => second,
      {
        get current() {
          return sent.length > 0 && replaced ? undefined : current;
        },
        replaced: async () => replaced,
      },
      new AbortController().signal,
    );
    const outcome = await answer.catch((reason: unknown) => reason);
    return { outcome, sent };
  }

  it('is sent over the next one when it provably did not run', async () => {
    expect(await send(notRun(broken), undefined)).toEqual({ outcome: 'answer', sent: [first, second] });
    expect(await send(notRun(ended), first, true)).toMatchObject({ outcome: 'answer' });
  });

  it('fails when it may have run', async () => {
    expect(await send(broken, undefined)).toEqual({ outcome: broken, sent: [first] });
  });

  it('fails when there is no other one', async () => {
    expect(await send(notRun(broken), first)).toMatchObject({ outcome: { message: 'It broke.', details: { ran: false } }, sent: [first] });
    expect(await send(notRun(ended), first, false)).toMatchObject({ outcome: { message: 'No session.' }, sent: [first] });
  });
});
