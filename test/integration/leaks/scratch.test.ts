import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LegacySseFixture, startLegacySse } from '../../fixtures/http/legacy-sse.ts';
import { type RestartableServer, startRestartable, wordings } from '../../fixtures/http/restartable.ts';
import { modern, send } from '../../downstream/harness.ts';
import { endHubs, healthOf } from '../../support/hub-process.ts';
import { leaksOf, type ProbedHub, startProbedHub } from '../../support/leaks.ts';

const TIMEOUT = 160_000;
const CYCLES = { times: 200, warmUp: 1, atOnce: 1 };
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
  for (let r=0;r<7;r++) await leaksOf(probed, CYCLES, async (n) => {
    far.forget();
    if (n % 2 === 0) far.breakAll();
    expect(await call('far__work', { nonce: `n${n}`, ms: 0 })).toContain(`"text":"n${n}"`);
  });
  if (before) expect(far.handshakes() - before).toBe(CYCLES.times + CYCLES.warmUp);
});

