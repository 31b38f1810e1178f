import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/index.ts';
import { modern, open, type Reply, send } from '../downstream/harness.ts';
import { at, CLIENT_ERAS } from '../support/era-pairs.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { RawClient } from '../support/raw-client.ts';

let hub: RunningHub | undefined;
afterEach(async () => {
  await hub?.stop();
  hub = undefined;
});

async function hubWith(limits: object): Promise<string> {
  hub = await runHub({ mcpServers: { gauge: { ...fixture('gauge.mjs'), ...limits } } });
  return hub.url;
}

const work = (ms: number, n: number, more: object = {}) => ({ name: 'gauge__work', arguments: { ms, n, ...more } });
function textOf(response: unknown): string {
  const content = at(response, 'result', 'content');
  return Array.isArray(content) ? String(at(content[0], 'text')) : JSON.stringify(response);
}
/** The response, on whichever kind of body it came. */
const finalOf = ({ json, events }: Reply): JsonObject => events.at(-1) ?? json;
const isError = (response: unknown): boolean => at(response, 'result', 'isError') === true;

describe.each(CLIENT_ERAS)('for %s clients, a server with maxConcurrency', (era) => {
  it('never works on more at once, and every call has its own answer', async () => {
    const url = await hubWith({ maxConcurrency: 2 });
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(url, era)));
    const numbers = [...Array(24).keys()];
    const answers = await Promise.all(numbers.map((n) => clients[n % 3]?.request('tools/call', work(20, n), { id: n + 1 })));
    expect(answers.map((answer) => textOf(answer?.response))).toEqual(numbers.map(String));
    expect(answers.map((answer) => answer?.response['id'])).toEqual(numbers.map((n) => n + 1));
    const most = answers.map((answer) => Number(at(answer?.response, 'result', 'structuredContent', 'most')));
    expect(Math.max(...most)).toBe(2);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('gives every call its whole requestTimeout from its turn on', async () => {
    const url = await hubWith({ maxConcurrency: 1, requestTimeout: 900 });
    const client = await RawClient.connect(url, era);
    const answers = await Promise.all([1, 2, 3, 4].map((n) => client.request('tools/call', work(400, n), { id: n })));
    expect(answers.map(({ response }) => textOf(response))).toEqual(['1', '2', '3', '4']);
    await client.close();
  });

  it('refuses what is one too many and what waits too long, each with the name of the setting, and serves on', async () => {
    const url = await hubWith({ maxConcurrency: 1, maxQueue: 1, queueTimeout: 150 });
    const client = await RawClient.connect(url, era);
    const answers = await Promise.all([1, 2, 3].map((n) => client.request('tools/call', work(500, n), { id: n })));
    const [first = '', ...refused] = answers.map(({ response }) => textOf(response));
    expect(answers.map(({ response }) => isError(response))).toEqual([false, true, true]);
    expect(first).toBe('1');
    expect(refused.filter((text) => text.includes('("queueTimeout")'))).toHaveLength(1);
    expect(refused.filter((text) => text.includes('("maxQueue")'))).toHaveLength(1);
    const after = await client.request('tools/call', work(1, 4));
    expect(at(after.response, 'result', 'structuredContent')).toEqual({ n: 4, begun: 2, most: 1 });
    await client.close();
  });
});

it('a call that is taken back while it waits never reaches the server', async () => {
  const url = await hubWith({ maxConcurrency: 1 });
  const controller = new AbortController();
  const first = send(url, modern('tools/call', work(400, 1)));
  // Answered once the server is there, which takes requests in their order.
  await send(url, modern('tools/list'));
  const second = open(url, { ...modern('tools/call', work(1, 2)), signal: controller.signal }).then(
    () => 'answered',
    () => 'taken back',
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  controller.abort();
  expect(await second).toBe('taken back');
  expect((await first).status).toBe(200);
  const { json } = await send(url, modern('tools/call', { name: 'gauge__begun' }));
  expect(textOf(json)).toBe('1');
});

it('calls that wait outlive the end of the server, and run once it is there again', async () => {
  const url = await hubWith({ maxConcurrency: 1 });
  const dies = send(url, modern('tools/call', { name: 'gauge__die' }));
  const waiting = [1, 2, 3].map((n) => send(url, modern('tools/call', work(1, n))));
  const { json } = await dies;
  expect([isError(json), textOf(json)]).toEqual([true, expect.stringContaining('7')]);
  expect((await Promise.all(waiting)).map((reply) => textOf(finalOf(reply)))).toEqual(['1', '2', '3']);
});

it('limits that change are in force at once, and the server runs on', async () => {
  hub = await runHub({ mcpServers: { gauge: { ...fixture('gauge.mjs'), maxConcurrency: 1 } } });
  const { url, folder } = hub;
  const answers = [...Array(6).keys()].map((n) => send(url, modern('tools/call', work(600, n))));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await writeFile(`${folder}/mcp-servers.json`, JSON.stringify({ mcpServers: { gauge: { ...fixture('gauge.mjs'), maxConcurrency: 6 } } }));
  await hub.hub.reload();
  const most = (await Promise.all(answers)).map((reply) => Number(at(finalOf(reply), 'result', 'structuredContent', 'most')));
  expect(Math.max(...most)).toBe(6);
});

it('the API tells how many calls run and wait, and a first limit knows of those that run', async () => {
  hub = await runHub({ mcpServers: { gauge: fixture('gauge.mjs') } });
  const { url, folder } = hub;
  const load = async (): Promise<unknown> => {
    const servers = at(await (await fetch(new URL('/api/servers', url))).json(), 'servers');
    return Array.isArray(servers) ? at(servers[0], 'load') : undefined;
  };
  await send(url, modern('tools/list'));
  const leave = new AbortController();
  const begun = [1, 2].map((n) =>
    open(url, { ...modern('tools/call', work(60_000, n)), signal: leave.signal }).then(
      () => 'answered',
      () => 'left',
    ),
  );
  await eventually(async () => expect(await load()).toEqual({ running: 2, waiting: 0 }));
  await writeFile(`${folder}/mcp-servers.json`, JSON.stringify({ mcpServers: { gauge: { ...fixture('gauge.mjs'), maxConcurrency: 2 } } }));
  await hub.hub.reload();
  const next = send(url, modern('tools/call', work(1, 3)));
  await eventually(async () => expect(await load()).toEqual({ running: 2, waiting: 1 }));
  leave.abort();
  expect(textOf(finalOf(await next))).toBe('3');
  expect(await Promise.all(begun)).toEqual(['left', 'left']);
  await eventually(async () => expect(await load()).toEqual({ running: 0, waiting: 0 }));
});

describe('time limits', () => {
  const progress = { progressToken: 'p' };

  it('totalTimeout ends a call in spite of its progress, and its error names the setting', async () => {
    const url = await hubWith({ requestTimeout: 400, totalTimeout: 1_000 });
    const reply = await send(url, modern('tools/call', work(3_000, 1, { ticks: 30 }), progress));
    const last = finalOf(reply);
    expect([isError(last), textOf(last)]).toEqual([true, expect.stringMatching(/within 1000 ms in all\. Raise "totalTimeout"/)]);
  });

  it('progress begins requestTimeout anew', async () => {
    const url = await hubWith({ requestTimeout: 400, totalTimeout: 5_000 });
    const reply = await send(url, modern('tools/call', work(900, 1, { ticks: 9 }), progress));
    expect(textOf(finalOf(reply))).toBe('1');
  });

  it('toolTimeouts hold for their tool, under the name that the server has for it', async () => {
    const url = await hubWith({ requestTimeout: 100, toolTimeouts: { work: { requestTimeout: 5_000 } } });
    const { json } = await send(url, modern('tools/call', work(400, 1)));
    expect(textOf(json)).toBe('1');
  });

  it('a call without an answer names requestTimeout', async () => {
    const url = await hubWith({ requestTimeout: 100 });
    const { json } = await send(url, modern('tools/call', work(2_000, 1)));
    expect([isError(json), textOf(json)]).toEqual([true, expect.stringMatching(/within 100 ms\. Raise "requestTimeout".*"toolTimeouts"/)]);
  });
});

it('a message over maxMessageSize fails its call with the name of the setting, and no other', async () => {
  hub = await runHub({ mcpServers: { big: { ...fixture('big.mjs'), maxMessageSize: 10_000 } } });
  const { url } = hub;
  const call = (bytes: number) => send(url, modern('tools/call', { name: 'big__big', arguments: { bytes } }));
  const [large, small] = await Promise.all([call(20_000), call(5_000)]);
  expect([isError(large.json), textOf(large.json)]).toEqual([true, expect.stringContaining('raise "maxMessageSize"')]);
  expect(textOf(small.json)).toHaveLength(5_000);
});
