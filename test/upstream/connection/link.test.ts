import { describe, expect, it } from 'vitest';
import { createLogger, HubError } from '../../../src/base/index.ts';
import { cancelledBy } from '../../../src/protocol/index.ts';
import { Link } from '../../../src/upstream/connection/link.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { type ScriptedReply, ScriptedTransport } from '../../support/scripted-transport.ts';

async function opened(hasRequestStreams: boolean, reply: ScriptedReply = 'silence') {
  const clock = new FakeClock();
  const warnings: string[] = [];
  const transport = new ScriptedTransport({ hasRequestStreams, script: () => reply });
  const link = new Link({ transport, id: 'srv', clock, logger: createLogger([({ message }) => void warnings.push(message)]) });
  await link.open(new AbortController().signal);
  return { clock, transport, link, warnings };
}

const takenBack = new HubError('CANCELLED', 'no longer wanted');

describe('Link', () => {
  it('closes the stream of a request to a modern HTTP server that is taken back', async () => {
    const { link, transport } = await opened(true);
    link.settle('modern', '2026-07-28');
    const answer = link.send(link.allot(), 'tools/call', {});
    link.cancel(1, takenBack);
    await expect(answer).rejects.toBe(takenBack);
    expect(transport.abandoned).toEqual([1]);
    expect(transport.methods).toEqual(['tools/call']);
  });

  it('drops what is nested too deeply, and fails the request that it answers', async () => {
    const { link, transport, warnings } = await opened(false);
    const deep = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));
    const heard: string[] = [];
    link.attach({ notification: ({ method }) => void heard.push(method), request: async () => undefined, closed: () => undefined });
    const answer = link.send(link.allot(), 'tools/call', {});
    transport.receive({ jsonrpc: '2.0', method: 'notifications/message', params: { data: deep } });
    transport.reply(1, { result: { deep } });
    await expect(answer).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining('"srv" sent a message that is nested'),
    });
    transport.receive({ jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage', params: { deep } });
    expect(transport.sent.at(-1)).toMatchObject({ id: 'q', error: { code: -32600 } });
    expect(heard).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  it('passes the reason on that the client gave', async () => {
    const { link, transport } = await opened(false);
    link.send(link.allot(), 'tools/call', {}).catch(() => undefined);
    link.cancel(1, cancelledBy({ requestId: 'x', reason: 'too slow for me' }));
    expect(transport.sent.at(-1)).toMatchObject({ params: { requestId: 1, reason: 'too slow for me' } });
  });

  it('takes back at its end what a legacy HTTP server works on, and waits for that to be delivered, but not for long', async () => {
    const { link, transport, clock } = await opened(true);
    link.settle('legacy', '2025-11-25');
    const answer = link.send(link.allot(), 'tools/call', {});
    let deliver = (): void => undefined;
    transport.delivery = new Promise((resolve) => (deliver = resolve));
    const closing = link.close();
    await expect(answer).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    await settle();
    expect([transport.methods, transport.closes]).toEqual([['tools/call', 'notifications/cancelled'], 0]);
    deliver();
    await closing;
    expect([transport.closes, clock.pending]).toEqual([1, 0]);

    const deaf = await opened(true);
    deaf.link.settle('legacy', '2025-11-25');
    deaf.link.send(deaf.link.allot(), 'tools/call', {}).catch(() => undefined);
    deaf.transport.delivery = new Promise(() => undefined);
    const ending = deaf.link.close();
    await deaf.clock.advance(500);
    await ending;
    expect(deaf.transport.closes).toBe(1);
  });

  it.each(['modern', 'unsettled'] as const)('takes nothing back at its end when the server is %s', async (era) => {
    const { link, transport } = await opened(true);
    if (era === 'modern') link.settle('modern', '2026-07-28');
    link.send(link.allot(), 'initialize', {}).catch(() => undefined);
    await link.close();
    expect(transport.methods).toEqual(['initialize']);
  });

  it('tells a legacy HTTP server and keeps the stream for a while', async () => {
    const { link, transport, clock } = await opened(true);
    link.settle('legacy', '2025-11-25');
    link.send(link.allot(), 'tools/call', {}).catch(() => undefined);
    link.send(link.allot(), 'tools/call', {}).catch(() => undefined);
    link.cancel(1, takenBack);
    link.cancel(2, takenBack);
    expect(transport.methods.slice(2)).toEqual(['notifications/cancelled', 'notifications/cancelled']);
    transport.reply(2, { result: {} });
    await clock.advance(29_999);
    expect(transport.abandoned).toEqual([]);
    await clock.advance(1);
    expect(transport.abandoned).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  it('takes an error without an id for the answer to the request on whose stream it came', async () => {
    const { link, transport, warnings } = await opened(true);
    const error = { code: -32600, message: 'no' };
    const answer = link.send(link.allot(), 'tools/call', {});
    transport.receive({ jsonrpc: '2.0', error });
    transport.receive({ jsonrpc: '2.0', id: null, error }, 1);
    expect(await answer).toEqual({ error });
    expect(warnings).toEqual([expect.stringContaining('belongs to no request')]);
  });

  it('says once, and not with every message, that a server sends what cannot be used', async () => {
    const { transport, warnings } = await opened(false);
    const deep = JSON.parse('['.repeat(2_000) + ']'.repeat(2_000));
    for (let at = 0; at < 50; at += 1) {
      transport.receive({ jsonrpc: '2.0', error: { code: at, message: 'no' } });
      transport.receive({ jsonrpc: '2.0', id: 1_000 + at, result: {} });
      transport.receive({ jsonrpc: '2.0', id: `made up ${at}`, result: {} });
      transport.receive({ jsonrpc: '2.0', method: 'notifications/message', params: { deep } });
    }
    expect(warnings).toEqual([
      expect.stringContaining('belongs to no request'),
      expect.stringContaining('was never sent'),
      expect.stringContaining('nested more than'),
    ]);
  });

  it('says once that answers come which nobody waits for any more', async () => {
    const { link, transport, warnings } = await opened(false);
    link.send(link.allot(), 'tools/call', {}).catch(() => undefined);
    link.cancel(1, takenBack);
    for (let at = 0; at < 5; at += 1) transport.reply(1, { result: {} });
    expect(warnings).toEqual([expect.stringContaining('nobody waits for any more')]);
  });

  it('takes an id that comes back as a text for the number that it is written as', async () => {
    const { link, transport } = await opened(false);
    const answers = Array.from({ length: 12 }, () => link.send(link.allot(), 'tools/call', {}));
    const settled: number[] = [];
    for (const [at, answer] of answers.entries()) answer.then(() => settled.push(at + 1)).catch(() => undefined);
    for (const id of ['01', '1.0', ' 1', '1 ', '+1', '1e0', '0x1', '-1', '', '١', `${'0'.repeat(20)}1`])
      transport.reply(id, { result: {} });
    await settle();
    expect(settled).toEqual([]);
    transport.reply('12', { result: { twelve: true } });
    transport.reply('1', { error: { code: 1, message: 'one' } });
    transport.reply('2', { failed: takenBack });
    expect(await answers[11]).toEqual({ result: { twelve: true } });
    expect(await answers[0]).toEqual({ error: { code: 1, message: 'one' } });
    await expect(answers[1]).rejects.toBe(takenBack);
    expect(link.isBusy).toBe(true);
    await link.close();
  });

  it('lets go of the stream of a request that was taken back when its answer comes with a text for its id', async () => {
    const { link, transport, clock } = await opened(true);
    link.settle('legacy', '2025-11-25');
    link.send(link.allot(), 'tools/call', {}).catch(() => undefined);
    link.cancel(1, takenBack);
    transport.reply('1', { result: {} });
    expect(clock.pending).toBe(0);
  });

  it('fails what is in flight and what comes later when it is closed', async () => {
    const { link, transport, clock } = await opened(false);
    const answer = link.send(link.allot(), 'tools/call', {});
    await link.close();
    await link.close();
    await expect(answer).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    await expect(link.send(link.allot(), 'tools/call', {})).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    await expect(link.notify('notifications/x')).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    transport.receive({ jsonrpc: '2.0', id: 'late', method: 'ping' });
    expect(transport.methods).toEqual(['tools/call']);
    expect(clock.pending).toBe(0);
  });

  it('tells of its end once, also when its user gives it up', async () => {
    const { link, transport } = await opened(false);
    const ends: string[] = [];
    link.attach({ notification: () => undefined, request: async () => undefined, closed: ({ message }) => void ends.push(message) });
    link.fail(takenBack);
    transport.exit();
    await settle();
    expect([ends, transport.closes]).toEqual([['no longer wanted'], 1]);
  });

  it('answers only ping before somebody listens', async () => {
    const { transport } = await opened(false);
    transport.receive({ jsonrpc: '2.0', id: 'p', method: 'ping' });
    transport.receive({ jsonrpc: '2.0', id: 'r', method: 'roots/list' });
    await settle();
    expect(transport.sent).toMatchObject([
      { id: 'p', result: {} },
      { id: 'r', error: { code: -32600 } },
    ]);
  });

  it('passes on why one request failed, and lives on', async () => {
    const failed = new HubError('CONNECTION_ERROR', 'broken');
    const { link } = await opened(true, { failed });
    await expect(link.send(link.allot(), 'tools/call', {})).rejects.toBe(failed);
    expect(link.closedBy).toBeUndefined();
  });
});
