import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LegacySseFixture, startLegacySse } from '../../fixtures/http/legacy-sse.ts';
import { type RestartableServer, startRestartable, wordings } from '../../fixtures/http/restartable.ts';
import { modern, send } from '../../downstream/harness.ts';
import { endHubs, healthOf } from '../../support/hub-process.ts';
import { leaksOf, type ProbedHub, startProbedHub } from '../../support/leaks.ts';

/** Five times what it takes on a busy machine. */
const TIMEOUT = 300_000;
/** Each is told in one or more lines of the log, of which `/api/events` remembers 2,000 and 400 bytes each. */
const CYCLES = { times: 1_000, warmUp: 300, atOnce: 1, allowedPerCycle: 1_024 };
let far: RestartableServer;
let old: LegacySseFixture;
let probed: ProbedHub;
beforeAll(async () => {
  far = await startRestartable(wordings['TypeScript SDK, 404'] ?? { status: 404, body: '' });
  old = await startLegacySse();
  probed = await startProbedHub({ mcpServers: { far: { url: far.url }, old: { url: old.url, type: 'sse' } } });
});
afterAll(async () => {
  await endHubs();
  await far.close();
  await old.close();
});

async function call(name: string, args: Record<string, string | number>): Promise<string> {
  const { json, text } = await send(probed.hub.url, modern('tools/call', { name, arguments: args }));
  return JSON.stringify(json) + text;
}

it('1,000 restarts of a remote server, which breaks every connection and knows no session any more', { timeout: TIMEOUT }, async () => {
  const before = far.handshakes();
  const leaks = await leaksOf(probed, CYCLES, async (n) => {
    far.forget();
    if (n % 2 === 0) far.breakAll();
    expect(await call('far__work', { nonce: `n${n}`, ms: 0 })).toContain(`"text":"n${n}"`);
  });
  expect(leaks).toEqual([]);
  expect(far.handshakes() - before).toBe(CYCLES.times + CYCLES.warmUp);
});

const isConnected = async (name: string): Promise<boolean> =>
  (await healthOf(probed.hub)).servers.some((server) => server.name === name && server.status === 'connected');

it('400 event streams of a remote server that break off, with the next start asked for at once', { timeout: TIMEOUT }, async () => {
  const streams = (): number => old.headers.filter(({ accept }) => accept === 'text/event-stream').length;
  const before = streams();
  // Two lines of the log each, so that what is remembered of them is not full at the end of this.
  const cycles = { ...CYCLES, times: 400, warmUp: 200, allowedPerCycle: 1_536 };
  const leaks = await leaksOf(probed, cycles, async () => {
    await old.breakStreams();
    while (await isConnected('old')) await delay(1);
    await probed.post('/api/servers/start', { server_name: 'old' });
    while (!(await isConnected('old'))) await delay(1);
  });
  expect(leaks).toEqual([]);
  expect(streams() - before).toBe(cycles.times + cycles.warmUp);
});
