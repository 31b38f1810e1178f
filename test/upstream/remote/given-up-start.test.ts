import { afterEach, describe, expect, it } from 'vitest';
import { HubError } from '../../../src/base/index.ts';
import { type HttpFixture, listen, readJson } from '../../fixtures/http/listen.ts';
import { startSlowInitialize } from '../../fixtures/http/slow-initialize.ts';
import { eventually } from '../../support/eventually.ts';
import { connectTo, remoteLaunch } from '../../support/remote.ts';

let server: HttpFixture | undefined;
afterEach(() => server?.close());

const givenUp = new HubError('CANCELLED', 'given up');

describe('a start that is given up while the server works on initialize', () => {
  it.each(['application/json', 'text/event-stream'] as const)('ends the session that the server makes all the same (%s)', async (type) => {
    const slow = await startSlowInitialize(type);
    server = slow;
    const { url, waiting, given, deleted, broken } = slow;
    const aborter = new AbortController();
    const connecting = connectTo(remoteLaunch(url), { signal: aborter.signal }).catch((error: unknown) => error);
    await eventually(() => expect(waiting).toHaveLength(1));
    aborter.abort(givenUp);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(broken).toEqual([]);
    waiting[0]?.();
    expect(await connecting).toBe(givenUp);
    expect(given).toEqual(['session-1']);
    expect(deleted).toEqual(['session-1']);
  });

  it('waits for nothing more once there is an answer, be its stream open or not', async () => {
    server = await listen((request, response) => {
      void (async () => {
        const { id, method } = await readJson(request);
        if (method !== 'initialize') return void response.writeHead(400).end();
        const text = JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '1999-01-01' } });
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${text}\n\n`);
      })();
    });
    const startMs = Date.now();
    await expect(connectTo(remoteLaunch(server.url, { transport: 'http' }))).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
    expect(Date.now() - startMs).toBeLessThan(1_500);
  });

  it('does not wait for long for a server that does not answer', async () => {
    const slow = await startSlowInitialize('application/json');
    server = slow;
    const { url, waiting, deleted, broken } = slow;
    const aborter = new AbortController();
    const connecting = connectTo(remoteLaunch(url), { signal: aborter.signal }).catch((error: unknown) => error);
    await eventually(() => expect(waiting).toHaveLength(1));
    const startMs = Date.now();
    aborter.abort(givenUp);
    expect(await connecting).toBe(givenUp);
    expect(Date.now() - startMs).toBeLessThan(4_000);
    await eventually(() => expect(broken).toEqual(['initialize']));
    expect(deleted).toEqual([]);
  });
});
