import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHub } from '../../bench/hub-process.ts';
import { openClients } from '../../bench/parts/open-clients.ts';
import type { HttpTarget } from '../../bench/parts/plan.ts';
import { Processes } from '../../bench/processes.ts';

const MEBIBYTE = 1024 * 1024;
const CLIENTS = 16;
/** Of each client. */
const WARM_UP_CALLS = 10;
const CALLS = 40;
/** MB of answers. What is in use, 13 MB, may grow fourfold: there was one look in 53 to 80 MB, and one in 28 to 34 MB without that. */
const BETWEEN_LOOKS = 40;

/**
 * The bytes of answers are no part of V8's heap, and yet V8 takes them for its growth. Left to itself it marked the whole heap anew for every
 * 17 to 34 MB that had passed through, which was half of a call's CPU and more.
 */
describe('long answers', () => {
  const processes = new Processes();
  beforeAll(() => processes.open());
  afterAll(() => processes.close());

  it(`let the garbage collector rest: less than one look at the whole heap in ${BETWEEN_LOOKS} MB of them`, {
    timeout: 120_000,
  }, async () => {
    const upstream = await processes.serve('upstream-http', '0');
    const servers = { legacy: { url: `http://127.0.0.1:${upstream.port}/legacy` } };
    const hub = startHub(processes, { servers, nodeArgs: ['--trace-gc', '--max-old-space-size=4096'] });
    let collections = 0;
    let scavenges = 0;
    hub.child.stdout?.on('data', (text: string) => {
      collections += text.split('Mark-Compact').length - 1;
      scavenges += text.split('Scavenge').length - 1;
    });
    const { port } = await hub.ready;
    const target: HttpTarget = { kind: 'http', era: 'legacy', url: `http://127.0.0.1:${port}/mcp`, prefix: 'legacy__' };
    const { calls, close } = await openClients({ target, payload: { kind: 'text', bytes: MEBIBYTE }, clients: CLIENTS });
    const times = (count: number): Promise<unknown> => Promise.all(calls.map((call) => repeat(call, count)));
    await times(WARM_UP_CALLS);
    collections = 0;
    scavenges = 0;
    await times(CALLS);
    await close();
    expect(scavenges, 'V8 tells of its collections').toBeGreaterThan(5);
    expect(collections).toBeLessThan((CLIENTS * CALLS) / BETWEEN_LOOKS);
  });
});

async function repeat(call: () => Promise<unknown>, times: number): Promise<void> {
  for (let done = 0; done < times; done += 1) await call();
}
