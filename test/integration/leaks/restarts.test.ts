import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixtureServer } from '../../support/fixtures.ts';
import { endHubs, healthOf } from '../../support/hub-process.ts';
import { leaksOf, type ProbedHub, repeat, startProbedHub } from '../../support/leaks.ts';

const SERVERS = 10;
const RESTARTS = 500;
/** The hub remembers its last 2,000 events; a reload makes two of them and costs little. */
const RELOADS = 1_000;

let probed: ProbedHub;
beforeAll(async () => {
  const deaf = { command: process.execPath, args: [fixtureServer('stubborn'), '--small'] };
  const mcpServers = Object.fromEntries(Array.from({ length: SERVERS }, (_, index) => [`deaf-${index}`, deaf]));
  probed = await startProbedHub({ mcpServers });
});
afterAll(() => endHubs());

/** Makes the hub remember events of one kind only, so that both looks find the same. */
const fillEvents = (): Promise<void> => repeat(RELOADS, 4, () => probed.post('/api/restart'));

const restart = (n: number): Promise<unknown> => {
  const server_name = `deaf-${n % SERVERS}`;
  // Every third is stopped first: the hub waits then for the old one to end.
  if (n % 3 !== 0) return probed.post('/api/servers/restart', { server_name });
  return probed.post('/api/servers/stop', { server_name }).then(() => probed.post('/api/servers/start', { server_name }));
};

it(`${RESTARTS} restarts of servers with a grandchild, all deaf to signals, leave no process, timer or pipe`, {
  timeout: 120_000,
}, async () => {
  const leaks = await leaksOf(probed, { times: RESTARTS, warmUp: 2 * SERVERS, atOnce: SERVERS, prepare: fillEvents }, restart);
  expect(leaks).toEqual([]);
  const { servers } = await healthOf(probed.hub);
  expect(servers.map(({ status }) => status)).toEqual(Array.from({ length: SERVERS }, () => 'connected'));
});
