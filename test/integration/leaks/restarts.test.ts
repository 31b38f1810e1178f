import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endHubs, healthOf } from '../../support/hub-process.ts';
import { leaksOf, type ProbedHub, startProbedHub } from '../../support/leaks.ts';

const SERVERS = 10;
const RESTARTS = 500;
/** The events of the warm-up fill what is remembered of them. Those of later restarts are longer: they tell of more that went before. */
const CYCLES = { times: RESTARTS, warmUp: 250, atOnce: SERVERS, allowedPerCycle: 1_024 };
let probed: ProbedHub;
beforeAll(async () => {
  const deaf = { command: 'sh', args: [fileURLToPath(new URL('../../fixtures/servers/deaf.sh', import.meta.url))] };
  const mcpServers = Object.fromEntries(Array.from({ length: SERVERS }, (_, index) => [`deaf-${index}`, deaf]));
  probed = await startProbedHub({ mcpServers });
});
afterAll(() => endHubs());

const restart = (n: number): Promise<unknown> => {
  const server_name = `deaf-${n % SERVERS}`;
  // Some are stopped first: the hub waits then for the old one to end, which takes as long as its patience.
  if (n % 20 !== 0) return probed.post('/api/servers/restart', { server_name });
  return probed.post('/api/servers/stop', { server_name }).then(() => probed.post('/api/servers/start', { server_name }));
};

it(`${RESTARTS} restarts of servers with a grandchild, all deaf to signals, leave no process, timer or pipe`, {
  timeout: 300_000,
}, async () => {
  const leaks = await leaksOf(probed, CYCLES, restart);
  expect(leaks).toEqual([]);
  const { servers } = await healthOf(probed.hub);
  expect(servers.map(({ status }) => status)).toEqual(Array.from({ length: SERVERS }, () => 'connected'));
});
