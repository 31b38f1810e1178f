import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { initialize, legacy, open, send } from '../../downstream/harness.ts';
import { fixtureServer } from '../../support/fixtures.ts';
import { endHubs, healthOf } from '../../support/hub-process.ts';
import { type Footprint, kib, moreThanBefore, type ProbedHub, repeat, startProbedHub, warningsOf } from '../../support/leaks.ts';

const MAX_SESSIONS = 1_000;
const SESSIONS = 10_000;
/** What the heap may have grown from 2,000 to 10,000 sessions, when every place has been taken anew eight times, in bytes. */
const ALLOWED_HEAP = 512 * 1024;
/** The same for resident memory: 8,000 sessions of 12 KiB each would be 94 MiB. */
const ALLOWED_RSS = 32 * 1024 * 1024;
/** What one idle session may cost of the heap, in bytes. */
const ALLOWED_EACH = 6 * 1024;

let probed: ProbedHub;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
beforeAll(async () => {
  const gauge = { command: process.execPath, args: [fixtureServer('gauge')] };
  probed = await startProbedHub({ mcpServers: { gauge }, maxSessions: MAX_SESSIONS });
});
afterAll(async () => {
  agent.destroy();
  await endHubs();
});

/** Begins a session, and leaves it at that. @returns its id */
function begin(): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const asked = request(probed.hub.url, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(String(response.headers['mcp-session-id'])));
    });
    asked.once('error', reject).end(JSON.stringify(initialize()));
  });
}

const beginMany = (count: number): Promise<void> => repeat(count, 8, begin);
const of = (session: string) => ({ 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' });
const ping = async (session: string): Promise<number> =>
  (await send(probed.hub.url, { headers: of(session), body: legacy('ping', {}, 'ping') })).status;

async function countOf(): Promise<number> {
  const { mcpEndpoint } = JSON.parse(JSON.stringify(await healthOf(probed.hub)));
  return mcpEndpoint.activeClients;
}

it(`${SESSIONS} sessions that nobody ends stay ${MAX_SESSIONS}, cost no more memory, and never take the place of one in use`, {
  timeout: 300_000,
}, async () => {
  const { hub } = probed;
  const stale = await begin();
  const listening = await begin();
  const stream = await open(hub.url, { method: 'GET', headers: of(listening) });
  const calling = await begin();
  const call = open(hub.url, {
    headers: of(calling),
    body: legacy('tools/call', { name: 'gauge__work', arguments: { n: 7, ms: 120_000 } }),
  });
  expect(await ping(stale)).toBe(200);

  await beginMany(100);
  const looks: [number, Footprint][] = [[await countOf(), await probed.footprint()]];
  for (const more of [MAX_SESSIONS, MAX_SESSIONS, SESSIONS - 2 * MAX_SESSIONS]) {
    await beginMany(more);
    looks.push([await countOf(), await probed.footprint()]);
  }
  const [few, full, twice, last] = looks;
  if (!few || !full || !twice || !last) throw new Error('not looked');
  const each = (full[1].heap - few[1].heap) / (full[0] - few[0]);
  console.info(`sessions ${looks.map(([count]) => count).join(' ')}; heap ${looks.map(([, { heap }]) => kib(heap)).join(' ')} KiB; `);
  console.info(`RSS ${looks.map(([, { rss }]) => kib(rss)).join(' ')} KiB; ${Math.round(each)} bytes of heap each`);
  expect(looks.slice(1).map(([count]) => count)).toEqual([MAX_SESSIONS, MAX_SESSIONS, MAX_SESSIONS]);
  expect(each).toBeLessThan(ALLOWED_EACH);
  expect(last[1].heap - twice[1].heap).toBeLessThan(ALLOWED_HEAP);
  expect(last[1].rss - twice[1].rss).toBeLessThan(ALLOWED_RSS);
  expect(await moreThanBefore(probed, few[1])).toEqual([]);

  expect(await ping(stale)).toBe(404);
  expect(await ping(listening)).toBe(200);
  expect(await ping(calling)).toBe(200);
  stream.close();
  (await call).close();
  expect(await warningsOf(probed)).toEqual([]);
});
