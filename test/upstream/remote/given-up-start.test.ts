import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { HubError } from '../../../src/base/index.ts';
import { type HttpFixture, listen, readJson } from '../../fixtures/http/listen.ts';
import { eventually } from '../../support/eventually.ts';
import { connectTo, remoteLaunch } from '../../support/remote.ts';

let server: HttpFixture | undefined;
afterEach(() => server?.close());

/** A server that makes a session of an `initialize` when it is told to answer it; with what became of that. */
async function slowServer(type: 'application/json' | 'text/event-stream') {
  const waiting: (() => void)[] = [];
  const given: string[] = [];
  const deleted: unknown[] = [];
  const broken: string[] = [];
  const answer = (response: ServerResponse, id: unknown): void => {
    given.push(`session-${given.length + 1}`);
    response.writeHead(200, { 'content-type': type, 'mcp-session-id': given.at(-1) });
    const text = JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25', capabilities: {} } });
    if (type === 'application/json') response.end(text);
    // The stream stays open, as of a server that has more to say.
    else response.write(`data: ${text}\n\n`);
  };
  server = await listen((request, response) => {
    void (async () => {
      if (request.method === 'DELETE') {
        deleted.push(request.headers['mcp-session-id']);
        return void response.writeHead(200).end();
      }
      const { id, method } = await readJson(request);
      if (method !== 'initialize') return void response.writeHead(400).end();
      response.on('close', () => {
        if (!response.writableEnded) broken.push('initialize');
      });
      waiting.push(() => answer(response, id));
    })();
  });
  return { url: server.url, waiting, given, deleted, broken };
}

const givenUp = new HubError('CANCELLED', 'given up');

describe('a start that is given up while the server works on initialize', () => {
  it.each(['application/json', 'text/event-stream'] as const)('ends the session that the server makes all the same (%s)', async (type) => {
    const { url, waiting, given, deleted, broken } = await slowServer(type);
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
    const { url, waiting, deleted, broken } = await slowServer('application/json');
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
