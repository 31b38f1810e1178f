import { describe, expect, it } from 'vitest';
import { saysSessionGone, sessionStatus } from '../../../src/upstream/remote/stale-session.ts';
import { wordings } from '../../fixtures/http/restartable.ts';

const statusOf = (status: number, body: string | object, hasChallenge = false): number =>
  sessionStatus({ status, text: typeof body === 'string' ? body : JSON.stringify(body), hasChallenge });

describe('a session that is gone', () => {
  it.each(Object.entries(wordings).filter(([, { status }]) => status !== 200))('is 404 in the words of %s', (_, { status, body }) => {
    expect(statusOf(status, body)).toBe(404);
  });

  it.each([
    [401, 'who are you?', false],
    [401, 'Unauthorized: Session not found', true],
    [400, { jsonrpc: '2.0', id: 3, error: { code: -32602, message: 'The session of the browser is closed' } }, false],
    [422, 'name: too long', false],
    [500, 'Session terminated before the request completed', false],
    [503, 'Session not found', false],
  ])('is not what %i %j means', (status, body, hasChallenge) => {
    expect(statusOf(status, body, hasChallenge)).toBe(status);
  });

  it('is told in an answer only by a code of the transport and in its exact words', () => {
    expect(saysSessionGone({ code: -32600, message: 'Session not found' })).toBe(true);
    expect(saysSessionGone({ code: -32602, message: 'Session not found' })).toBe(false);
    expect(saysSessionGone({ code: -32000, message: 'Session not found: tmux 3' })).toBe(false);
  });
});
