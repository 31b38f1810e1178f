import { afterAll, beforeAll, expect, it } from 'vitest';
import { modern, open, send } from '../../downstream/harness.ts';
import { readEvents } from '../../support/event-readers.ts';
import { fixtureServer } from '../../support/fixtures.ts';
import { endHubs } from '../../support/hub-process.ts';
import { leaksOf, type ProbedHub, startProbedHub } from '../../support/leaks.ts';
import { leave } from '../../support/leave.ts';
import { takeBackCalls } from '../../support/lines-client.ts';
import { eventually } from '../../support/processes.ts';

/** Five times what it takes on a busy machine. */
const TIMEOUT = 300_000;
const CYCLES = { times: 1_000, warmUp: 300, atOnce: 8 };

let probed: ProbedHub;
const prepare = (): Promise<void> => takeBackCalls(probed.hub.port);
beforeAll(async () => {
  const gauge = { command: process.execPath, args: [fixtureServer('subscribable')] };
  probed = await startProbedHub({ mcpServers: { gauge } });
});
afterAll(() => endHubs());

const work = (n: number, ms: number) => modern('tools/call', { name: 'gauge__work', arguments: { n, ms } }, { progressToken: n }, n);

it('1,000 clients of 2026-07-28 whose subscriptions and calls are cut', { timeout: TIMEOUT }, async () => {
  const leaks = await leaksOf(probed, { ...CYCLES, prepare }, async (n) => {
    const { url } = probed.hub;
    const wanted = { toolsListChanged: true, resourceSubscriptions: ['test://here'] };
    const stream = await open(url, modern('subscriptions/listen', { notifications: wanted }, {}, n));
    await eventually('the subscription is acknowledged', () => stream.events.length > 0);
    expect(stream.events[0]?.data).toContain('test://here');
    const answer = await send(url, work(n, 0));
    expect(JSON.stringify(answer.json) + answer.text).toContain(`"text":"${n}"`);
    await leave(url, work(n, 20), n % 15);
    stream.close();
  });
  expect(leaks).toEqual([]);
  const left = await send(probed.hub.url, modern('tools/call', { name: 'gauge__subscriptions', arguments: {} }));
  expect(JSON.stringify(left.json) + left.text).toContain('"text":"0"');
});

it('1,000 readers of /api/events that are cut', { timeout: TIMEOUT }, async () => {
  const leaks = await leaksOf(probed, CYCLES, async () => {
    const reader = await readEvents(probed.hub.origin);
    await eventually('the state of the hub is told', () => reader.blocks.length > 0);
    reader.cut();
  });
  expect(leaks).toEqual([]);
});
