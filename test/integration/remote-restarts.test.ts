import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startLegacySse } from '../fixtures/http/legacy-sse.ts';
import { type RestartableServer, startRestartable, type Wording, wordings } from '../fixtures/http/restartable.ts';
import { answerLegacyHandshake, startScriptedHttp } from '../fixtures/http/scripted-http.ts';
import { at } from '../support/era-pairs.ts';
import { readEvents } from '../support/event-readers.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningHub, runHub } from '../support/in-process-hub.ts';
import { RawClient } from '../support/raw-client.ts';

const WORKERS = 16;

interface Scene {
  readonly server: RestartableServer;
  readonly hub: RunningHub;
  readonly client: RawClient;
  /** The text of the answer. */
  call(nonce: string, ms?: number): Promise<unknown>;
}

async function scene(wording: Wording, entry: object = {}): Promise<Scene> {
  const server = await startRestartable(wording);
  onTestFinished(() => server.close());
  const hub = await runHub({ mcpServers: { far: { url: server.url, ...entry } } });
  onTestFinished(() => hub.stop());
  const client = await RawClient.connect(hub.url, 'legacy');
  onTestFinished(() => client.close());
  await client.request('tools/list');
  const call: Scene['call'] = async (nonce, ms = 60) => {
    const { response } = await client.request('tools/call', { name: 'far__work', arguments: { nonce, ms } }, { id: nonce });
    const content = at(at(response, 'result'), 'content');
    return Array.isArray(content) ? at(content[0], 'text') : response;
  };
  return { server, hub, client, call };
}

describe.each(Object.entries(wordings))('a remote server that refuses old sessions as %s', (_, wording) => {
  it('is restarted under load: no call is lost and none runs twice', async () => {
    const { server, hub, call } = await scene(wording);
    const over = new AbortController();
    const answered: string[] = [];
    const work = async (worker: number): Promise<void> => {
      for (let turn = 0; !over.signal.aborted || turn < 3; turn += 1) {
        const nonce = `${worker}.${turn}`;
        expect(await call(nonce)).toBe(nonce);
        answered.push(nonce);
      }
    };
    const working = Promise.all(Array.from({ length: WORKERS }, (__, worker) => work(worker)));
    await setTimeout(60);
    server.forget();
    await setTimeout(100);
    await server.restart(200, WORKERS);
    over.abort();
    await working;
    expect(answered.length).toBeGreaterThanOrEqual(WORKERS * 3);
    expect([...server.runs.keys()].toSorted()).toEqual(answered.toSorted());
    expect([...server.runs.values()].filter((runs) => runs !== 1)).toEqual([]);
    expect(server.handshakes()).toBe(3);
    expect(hub.records.filter(({ message }) => message.includes('far') && /backoff|disconnected/.test(message))).toEqual([]);
  });
});

it('fetches the lists again in a new session', async () => {
  const { server, call } = await scene(wordings['Go SDK, 404'] as Wording);
  server.forget();
  await call('a');
  await eventually(() => expect(server.taken.filter((method) => method === 'tools/list')).toHaveLength(2));
});

it('fails calls that may have run when their connection breaks, and repeats none of them', async () => {
  const { server, call } = await scene(wordings['Go SDK, 404'] as Wording);
  const calls = Array.from({ length: WORKERS }, (_, each) => call(`broken.${each}`, 10_000));
  await eventually(() => expect(server.runs.size).toBe(WORKERS));
  server.breakAll();
  for (const answer of await Promise.all(calls)) expect(JSON.stringify(answer)).toContain('broke the connection off');
  await setTimeout(300);
  expect([...server.runs.values()].every((runs) => runs === 1)).toBe(true);
  expect(await call('after')).toBe('after');
});

it('says that the connection was refused when the time of a call is over before the server is back', async () => {
  const { server, call } = await scene(wordings['Go SDK, 404'] as Wording, { requestTimeout: 600 });
  await server.close();
  const answer = JSON.stringify(await call('away'));
  expect(answer).toContain('refuses the connection');
  expect(answer).toContain('600 ms (requestTimeout)');
  expect(answer).not.toContain('gave no answer');
});

it('uses its connections again and again', async () => {
  const { server, call } = await scene(wordings['Go SDK, 404'] as Wording);
  const before = server.sockets();
  for (let turn = 0; turn < 100; turn += 1) await call(`one.${turn}`, 0);
  expect(server.sockets() - before).toBeLessThanOrEqual(1);
  await Promise.all(Array.from({ length: 100 }, (_, each) => call(`many.${each}`, 5)));
  const peak = server.sockets() - before;
  for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: 50 }, (_, each) => call(`${round}.${each}`, 1)));
  expect(server.sockets() - before).toBe(peak);
});

it('calls a server degraded that answers no ping, connects anew after that, and never begins a session to find out', async () => {
  const methods: string[] = [];
  let isHanging = false;
  const server = await startScriptedHttp((exchange) => {
    methods.push(String(exchange.body['method'] ?? exchange.request.method));
    if (isHanging) return;
    if (!answerLegacyHandshake(exchange, { 'mcp-session-id': 's1' })) exchange.result({});
  });
  onTestFinished(() => server.close());
  const hub = await runHub({ mcpServers: { far: { url: server.url, pingInterval: 100, initTimeout: 500 } } });
  onTestFinished(() => hub.stop());
  const far = async (): Promise<unknown> => {
    const answer: unknown = await (await fetch(`${hub.origin}/api/servers`)).json();
    const servers = at(answer, 'servers');
    return Array.isArray(servers) ? servers[0] : undefined;
  };
  await eventually(async () => expect(await far()).toMatchObject({ status: 'connected' }));
  await eventually(() => expect(methods).toContain('ping'));
  const events = await readEvents(hub.origin);
  onTestFinished(() => events.cut());
  const told = (): unknown[] => events.blocks.map(({ data }) => data).filter(({ type }) => type === 'degraded_changed');
  methods.length = 0;
  isHanging = true;
  await eventually(async () =>
    expect(await far()).toMatchObject({ status: 'connected', degraded: true, degradedReason: expect.stringContaining('pings') }),
  );
  expect(new Set(methods.filter((method) => method !== 'notifications/cancelled'))).toEqual(new Set(['ping']));
  await eventually(async () => expect(await far()).toMatchObject({ degraded: false, status: expect.stringMatching(/^(dis)?connect/) }));
  isHanging = false;
  await eventually(async () => expect(await far()).toMatchObject({ status: 'connected', degraded: false }));
  expect(told()).toMatchObject([
    { server: 'far', degraded: true, degradedReason: expect.stringContaining('pings') },
    { server: 'far', degraded: false },
  ]);
});

it('connects anew over HTTP+SSE when the session is gone, and sends what was refused once more', async () => {
  const server = await startLegacySse();
  onTestFinished(() => server.close());
  const hub = await runHub({ mcpServers: { far: { url: server.url, type: 'sse' } } });
  onTestFinished(() => hub.stop());
  const client = await RawClient.connect(hub.url, 'legacy');
  onTestFinished(() => client.close());
  await client.request('tools/list');
  server.forget();
  const calls = Array.from({ length: WORKERS }, (_, id) => client.request('tools/call', { name: 'far__echo', arguments: { id } }, { id }));
  for (const { response } of await Promise.all(calls)) expect(response).toMatchObject({ result: { custom: { kept: true } } });
  const ran = server.offer.calls.map((params) => at(at(params, 'arguments'), 'id'));
  expect(ran.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: WORKERS }, (_, id) => id));
});
