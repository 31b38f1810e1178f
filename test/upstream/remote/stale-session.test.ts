import { describe, expect, it } from 'vitest';
import { saysSessionGone, withSessionStatus } from '../../../src/upstream/remote/stale-session.ts';
import { wordings } from '../../fixtures/http/restartable.ts';

const refusal = (status: number, body: string | object, headers: Record<string, string> = {}): Response =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });

describe('a session that is gone', () => {
  it.each(Object.entries(wordings).filter(([, { status }]) => status !== 200))('is 404 in the words of %s', async (_, { status, body }) => {
    const response = await withSessionStatus(refusal(status, body));
    expect(response.status).toBe(404);
    expect(await response.text()).toBe(typeof body === 'string' ? body : JSON.stringify(body));
  });

  it.each([
    [401, 'who are you?', {}],
    [401, 'Unauthorized: Session not found', { 'www-authenticate': 'Bearer' }],
    [400, { jsonrpc: '2.0', id: 3, error: { code: -32602, message: 'The session of the browser is closed' } }, {}],
    [422, 'name: too long', {}],
    [500, 'Session terminated before the request completed', {}],
    [503, 'Session not found', {}],
  ])('is not what %i %j means', async (status, body, headers) => {
    expect((await withSessionStatus(refusal(status, body, headers))).status).toBe(status);
  });

  it('is told in an answer only by a code of the transport and in its exact words', () => {
    expect(saysSessionGone({ code: -32600, message: 'Session not found' })).toBe(true);
    expect(saysSessionGone({ code: -32602, message: 'Session not found' })).toBe(false);
    expect(saysSessionGone({ code: -32000, message: 'Session not found: tmux 3' })).toBe(false);
  });
});
