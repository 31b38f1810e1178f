import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../src/protocol/index.ts';
import { RawClient } from '../support/raw-client.ts';
import { judgeCall, type Tally } from './traffic.ts';
import type { World } from './world.ts';

/** Longer than its `idleTimeout` and the end of a process that hangs. */
const ASLEEP_WITHIN_MS = 15_000;
const MOST_CALLS = 5;
/** Of its calls this part hangs until `requestTimeout`. */
const HANGING = 0.3;

/** Waits until the server `sleepy` sleeps, and wakes it by several calls at once, of which some hang. */
export async function wakeSleeper(world: World, random: () => number, tally: Tally, signal: AbortSignal): Promise<void> {
  if (!(await fallsAsleep(world, signal))) {
    if (!signal.aborted) tally.wrong.push(`sleepy: not asleep within ${ASLEEP_WITHIN_MS / 1_000} s`);
    return;
  }
  const client = await RawClient.connect(world.url, random() < 0.5 ? 'legacy' : 'modern');
  const count = 1 + Math.floor(random() * MOST_CALLS);
  const calls = Array.from({ length: count }, (_, n) => ({ n, ms: random() < HANGING ? 60_000 : 5 }));
  await Promise.all(
    calls.map(({ n, ms }) => judgeCall(client, { name: 'sleepy__work', args: { ms, n }, expected: String(n) }, n + 1, tally)),
  );
  await client.close();
}

async function fallsAsleep(world: World, signal: AbortSignal): Promise<boolean> {
  const endMs = Date.now() + ASLEEP_WITHIN_MS;
  while (Date.now() < endMs && !signal.aborted) {
    const servers: readonly JsonObject[] = await world.servers();
    const { stopReason } = servers.find(({ name }) => name === 'sleepy') ?? {};
    if (stopReason === 'idle' || stopReason === 'lazy') return true;
    await delay(100);
  }
  return false;
}
