import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { initialize, legacy, modern } from '../../downstream/harness.ts';
import { fixtureServer } from '../../support/fixtures.ts';
import { endHubs, environment, HUB_BIN } from '../../support/hub-process.ts';
import { leaksOf, type ProbedHub, startProbedHub } from '../../support/leaks.ts';
import { lines, linesClient, takeBackCalls } from '../../support/lines-client.ts';
import { eventually } from '../../support/processes.ts';

/** Five times what it takes on a busy machine. */
const TIMEOUT = 300_000;

let probed: ProbedHub;
beforeAll(async () => {
  const gauge = { command: process.execPath, args: [fixtureServer('subscribable')] };
  probed = await startProbedHub({ mcpServers: { gauge } });
});
afterAll(() => endHubs());

const work = (id: number, ms: number): object => legacy('tools/call', { name: 'gauge__work', arguments: { n: id, ms } }, id);
/** One client with everything that a stream may carry: both eras, and a subscription. */
const conversation = (n: number): readonly unknown[] => [
  initialize(),
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  modern('subscriptions/listen', { notifications: { toolsListChanged: true, resourceSubscriptions: ['test://here'] } }, {}, 'listen').body,
  work(n + 1, 0),
];

/** The ways in which a client goes. */
const ENDS: readonly ((socket: Socket) => unknown)[] = [
  (socket) => socket.end(),
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
];

it('1,000 streams of lines that end, break off or are reset, a call in flight', { timeout: TIMEOUT }, async () => {
  const prepare = (): Promise<void> => takeBackCalls(probed.hub.port);
  const leaks = await leaksOf(probed, { times: 1_000, warmUp: 300, atOnce: 8, prepare }, async (n) => {
    const client = linesClient(probed.hub.port);
    client.say(...conversation(n));
    await client.heard(`"text":"${n + 1}"`, 'acknowledged');
    client.say(work(n + 2, 20));
    ENDS[n % ENDS.length]?.(client.socket);
    await client.closed;
  });
  expect(leaks).toEqual([]);
});

it('20 processes of mcp-hub stdio, every second of which is killed', { timeout: TIMEOUT }, async () => {
  const { hub } = probed;
  // Too few for a look at the heap per cycle to say anything; sockets, timers and processes are counted.
  const leaks = await leaksOf(probed, { times: 20, warmUp: 4, atOnce: 2 }, async (n) => {
    const args = [HUB_BIN, 'stdio', '--config', 'mcp-servers.json'];
    const child = spawn(process.execPath, args, { cwd: hub.folder, env: environment(hub.folder), stdio: ['pipe', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.stdin.write(lines(...conversation(n)));
    await eventually('the call is answered', () => text.includes(`"text":"${n + 1}"`), 15_000);
    if (n % 2 === 0) child.stdin.end();
    else child.kill('SIGKILL');
    await closed;
  });
  expect(leaks).toEqual([]);
});
