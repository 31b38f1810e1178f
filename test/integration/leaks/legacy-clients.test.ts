import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/protocol/index.ts';
import { initialize, legacy, open, type Reading, send } from '../../downstream/harness.ts';
import { fixtureServer } from '../../support/fixtures.ts';
import { endHubs } from '../../support/hub-process.ts';
import { leaksOf, type ProbedHub, startProbedHub } from '../../support/leaks.ts';
import { leave } from '../../support/leave.ts';
import { takeBackCalls } from '../../support/lines-client.ts';
import { eventually } from '../../support/processes.ts';

/** Five times what it takes on a busy machine. */
const TIMEOUT = 300_000;
/** Fewer than there are cycles of warm-up, so that the places of sessions that nobody ends are all taken by then. */
const MAX_SESSIONS = 50;
const CYCLES = { times: 1_000, warmUp: 300, atOnce: 8 };

let probed: ProbedHub;
const prepare = (): Promise<void> => takeBackCalls(probed.hub.port);
beforeAll(async () => {
  const gauge = { command: process.execPath, args: [fixtureServer('subscribable')] };
  probed = await startProbedHub({ mcpServers: { gauge }, maxSessions: MAX_SESSIONS });
});
afterAll(() => endHubs());

const work = (n: number, ms: number) =>
  legacy('tools/call', { name: 'gauge__work', arguments: { n, ms }, _meta: { progressToken: n } }, n + 1);

interface Connected {
  readonly headers: Record<string, string>;
  readonly stream: Reading;
}

/** A session with its event stream, and one call that was answered. */
async function connect(n: number): Promise<Connected> {
  const { url } = probed.hub;
  const opening = await send(url, { body: initialize() });
  const headers = { 'mcp-session-id': String(opening.headers['mcp-session-id']), 'mcp-protocol-version': '2025-11-25' };
  await send(url, { headers, body: { jsonrpc: '2.0', method: 'notifications/initialized' } });
  const stream = await open(url, { method: 'GET', headers });
  expect(stream.status).toBe(200);
  const subscribed = await send(url, { headers, body: legacy('resources/subscribe', { uri: 'test://here' }, 'subscribe') });
  expect(subscribed.json['result']).toEqual({});
  const answer = await send(url, { headers, body: work(n, 0) });
  expect(JSON.stringify(answer.json) + answer.text).toContain(`"text":"${n}"`);
  return { headers, stream };
}

it('1,000 clients of Streamable HTTP whose sockets end, in the middle of a call too, without DELETE', { timeout: TIMEOUT }, async () => {
  const leaks = await leaksOf(probed, CYCLES, async (n) => {
    const { headers, stream } = await connect(n);
    await leave(probed.hub.url, { headers, body: work(n, 20) }, n % 15);
    stream.close();
  });
  expect(leaks).toEqual([]);
});

it('1,000 clients of Streamable HTTP that end their session', { timeout: TIMEOUT }, async () => {
  const leaks = await leaksOf(probed, CYCLES, async (n) => {
    const { headers, stream } = await connect(n);
    expect((await send(probed.hub.url, { method: 'DELETE', headers })).status).toBe(204);
    await stream.ended;
  });
  expect(leaks).toEqual([]);
});

it('1,000 clients of HTTP+SSE whose stream is cut', { timeout: TIMEOUT }, async () => {
  const leaks = await leaksOf(probed, { ...CYCLES, prepare }, async (n) => {
    const stream = await open(`${probed.hub.origin}/sse`, { method: 'GET' });
    await eventually('the endpoint is told', () => stream.events.length > 0);
    const messages = `${probed.hub.origin}${stream.events[0]?.data}`;
    const post = async (body: JsonObject): Promise<void> => {
      expect((await send(messages, { body })).status).toBe(202);
    };
    await post(initialize('2024-11-05'));
    await eventually('the handshake is answered', () => stream.events.length > 1);
    await post(work(n, 0));
    await eventually('the call is answered', () => stream.events.some(({ data }) => data.includes(`"text":"${n}"`)));
    await post(work(n, 20));
    stream.close();
  });
  expect(leaks).toEqual([]);
});
