import type { Server } from 'node:http';
import { Client as Sdk2, StreamableHTTPClientTransport as Http2 } from '@modelcontextprotocol/client';
import { Client as Sdk1 } from 'sdk-v1/client';
import { SSEClientTransport as Sse1 } from 'sdk-v1/client/sse.js';
import { StreamableHTTPClientTransport as Http1 } from 'sdk-v1/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from 'sdk-v1/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveFixtureHttp } from '../conformance/fixture/http.ts';
import { type BundledSource, bundleSource } from '../support/bundle-source.ts';
import { at } from '../support/era-pairs.ts';
import { type RunningHub, runHub } from '../support/in-process-hub.ts';
import { RawClient } from '../support/raw-client.ts';

const SERVERS = ['lhttp', 'lstdio', 'mhttp', 'mstdio'] as const;

let hub: RunningHub;
let fixture: BundledSource;
const https: Server[] = [];
beforeAll(async () => {
  fixture = bundleSource('test/conformance/fixture-server.ts');
  const mcpServers: Record<string, object> = {};
  for (const era of ['legacy', 'modern'] as const) {
    const server = await serveFixtureHttp(era, 0);
    https.push(server);
    mcpServers[`${era[0]}http`] = { url: `http://127.0.0.1:${String(at(server.address(), 'port'))}/mcp` };
    mcpServers[`${era[0]}stdio`] = { command: process.execPath, args: [fixture.file, '--transport', 'stdio', '--era', era] };
  }
  hub = await runHub({ mcpServers });
  const first = await RawClient.connect(hub.url, 'legacy');
  await first.request('tools/list');
  await first.close();
});
afterAll(async () => {
  await hub.stop();
  fixture.remove();
  for (const server of https) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

type Handler = (params: Record<string, unknown>, signal: AbortSignal) => object | Promise<object>;

/** What a client answers: its name, so that an answer from another client would show. */
interface Answers {
  readonly elicit: Handler;
  readonly sample: Handler;
  readonly roots: Handler;
}

interface AskedClient {
  call(name: string, args?: Record<string, unknown>, signal?: AbortSignal): Promise<string>;
  /** Params of every question, as they came. */
  readonly asked: Record<string, unknown>[];
  close(): Promise<void>;
}

const answersOf = (name: string): Answers => ({
  elicit: ({ mode, requestedSchema }) => {
    if (mode === 'url') return { action: 'accept' };
    const [field = ''] = Object.keys(at(requestedSchema, 'properties') ?? {});
    const isFlag = at(requestedSchema, 'properties', field, 'type') === 'boolean';
    return { action: 'accept', content: { [field]: isFlag ? true : name } };
  },
  sample: () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: `model of ${name}` }, stopReason: 'endTurn' }),
  roots: () => ({ roots: [{ uri: `file:///${name}` }] }),
});

const ALL = { sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: {} };
type Connect = (name: string, answers?: Partial<Answers>, capabilities?: object) => Promise<AskedClient>;

const textOf = (result: object): string => String(at(Object(at(result, 'content'))[0], 'text'));

/** Remembers every question before it is answered. */
function recorder(name: string, answers: Partial<Answers>) {
  const asked: Record<string, unknown>[] = [];
  const all = { ...answersOf(name), ...answers };
  const on =
    (kind: keyof Answers) =>
    async (request: { params?: object | undefined }, { signal }: { signal: AbortSignal }) => {
      const params = { ...request.params };
      asked.push(params);
      return (await all[kind](params, signal)) as never;
    };
  return { asked, on };
}

const viaSdk2: Connect = async (name, answers = {}, capabilities = ALL) => {
  const { asked, on } = recorder(name, answers);
  const client = new Sdk2({ name, version: '1' }, { capabilities, versionNegotiation: { mode: 'legacy' } });
  const inner = ({ mcpReq }: { mcpReq: { signal: AbortSignal } }) => mcpReq;
  if ('elicitation' in capabilities) client.setRequestHandler('elicitation/create', (req, ctx) => on('elicit')(req, inner(ctx)));
  if ('sampling' in capabilities) client.setRequestHandler('sampling/createMessage', (req, ctx) => on('sample')(req, inner(ctx)));
  if ('roots' in capabilities) client.setRequestHandler('roots/list', (req, ctx) => on('roots')(req, inner(ctx)));
  const transport = new Http2(new URL(hub.url));
  await client.connect(transport);
  return {
    asked,
    call: async (tool, args = {}, signal) => textOf(await client.callTool({ name: tool, arguments: args }, { ...(signal && { signal }) })),
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
};

const viaSdk1 =
  (transportTo: () => Http1 | Sse1): Connect =>
  async (name, answers = {}, capabilities = ALL) => {
    const { asked, on } = recorder(name, answers);
    const client = new Sdk1({ name, version: '1' }, { capabilities });
    if ('elicitation' in capabilities) client.setRequestHandler(ElicitRequestSchema, on('elicit'));
    if ('sampling' in capabilities) client.setRequestHandler(CreateMessageRequestSchema, on('sample'));
    if ('roots' in capabilities) client.setRequestHandler(ListRootsRequestSchema, on('roots'));
    const transport = transportTo();
    // The SDK declares its own classes more loosely than this project checks its types.
    await client.connect(transport as never);
    return {
      asked,
      call: async (tool, args = {}, signal) =>
        textOf(await client.callTool({ name: tool, arguments: args }, undefined, { ...(signal && { signal }) })),
      async close() {
        if (transport instanceof Http1) await transport.terminateSession();
        await client.close();
      },
    };
  };

const CLIENTS: [string, Connect][] = [
  ['SDK 2.x in the legacy era', viaSdk2],
  ['SDK 1.x over Streamable HTTP', viaSdk1(() => new Http1(new URL(hub.url)))],
  ['SDK 1.x over HTTP+SSE', viaSdk1(() => new Sse1(new URL(`${hub.origin}/sse`)))],
];

describe.each(CLIENTS)('a client of %s', (_, connect) => {
  describe.each(SERVERS)('is asked by %s', (server) => {
    const own = (tool: string): string => `${server}__${tool}`;

    it('for a form, a visit, a completion, one with tools, its roots, and in several rounds', async () => {
      const client = await connect('ada');
      try {
        const form = await client.call(own('test_elicitation'), { message: 'Your name?' });
        expect(form).toBe('User response: action=accept, content={"response":"ada"}');
        expect(client.asked.at(-1)).toMatchObject({ message: 'Your name?', requestedSchema: { required: ['response'] } });
        expect(await client.call(own('test_visit_url'))).toBe('Visit: {"action":"accept"}');
        const visit = { mode: 'url', url: 'https://example.org/login', elicitationId: expect.stringMatching(/./) as string };
        expect(client.asked.at(-1)).toMatchObject(visit);
        expect(await client.call(own('test_sampling'), { prompt: 'Hm?' })).toBe('LLM response: model of ada');
        expect(await client.call(own('test_sampling_with_tools'))).toBe('Sampled with tools: model of ada');
        expect(client.asked.at(-1)).toMatchObject({ maxTokens: 100, tools: [{ name: 'look_outside' }] });
        expect(await client.call(own('test_input_required_result_list_roots'))).toBe('Roots: file:///ada');
        expect(await client.call(own('test_input_required_result_multi_round'))).toBe('ada likes ada');
        expect(await client.call(own('test_input_required_result_multiple_inputs'))).toBe('model of ada ada, 1 root(s)');
      } finally {
        await client.close();
      }
    });

    it('and may decline, and says so itself', async () => {
      const client = await connect('ada', { elicit: () => ({ action: 'decline' }) });
      const answer = await client.call(own('test_elicitation'), { message: 'Your name?' });
      await client.close();
      expect(answer).toBe('User response: action=decline, content={}');
    });

    it('not for what it did not declare', async () => {
      const client = await connect('plain', {}, {});
      const answer = await client.call(own('test_elicitation'), { message: 'Your name?' }).catch((error: Error) => error.message);
      const other = await client.call(own('test_simple_text'));
      await client.close();
      expect(answer).toMatch(/elicitation/);
      expect(answer).not.toContain('action=');
      expect(other).toContain('simple text');
    });

    it('until the call is cancelled, which takes the question back', async () => {
      let takenBack: () => void = () => undefined;
      const told = new Promise<void>((resolve) => (takenBack = resolve));
      const open = new Promise<void>(() => undefined);
      const elicit: Handler = async (__, signal) => {
        signal.addEventListener('abort', () => takenBack(), { once: true });
        await Promise.race([open, told]);
        return { action: 'cancel' };
      };
      const client = await connect('ada', { elicit });
      const aborter = new AbortController();
      const call = client.call(own('test_elicitation'), { message: 'Your name?' }, aborter.signal).catch((error: unknown) => error);
      await expect.poll(() => client.asked.length).toBe(1);
      aborter.abort('enough');
      expect(await call).toBeDefined();
      await told;
      expect(await client.call(own('test_simple_text'))).toContain('simple text');
      await client.close();
    });
  });
});

describe('two clients at once', () => {
  it.each(SERVERS)('are asked by %s only what is theirs', async (server) => {
    // From a legacy process the hub has to learn first that the tool asks.
    const first = await viaSdk2('first');
    await first.call(`${server}__test_elicitation`, { message: 'first' });
    await first.close();
    const names = ['ada', 'bob'];
    const clients = await Promise.all(names.map((name) => viaSdk2(name)));
    const calls = clients.flatMap((client, index) =>
      Array.from({ length: 20 }, async (_, turn) => {
        const answer = await client.call(`${server}__test_elicitation`, { message: `${names[index]} ${turn}` });
        expect(answer).toBe(`User response: action=accept, content={"response":"${names[index]}"}`);
      }),
    );
    await Promise.all(calls);
    for (const [index, { asked, close }] of clients.entries()) {
      expect(asked.map(({ message }) => message).sort()).toEqual(Array.from({ length: 20 }, (_, turn) => `${names[index]} ${turn}`).sort());
      await close();
    }
  });

  it('are each asked on a process of their own, when a shared one cannot say whom it means', async () => {
    let answer: (answered: object) => void = () => undefined;
    const later = new Promise<object>((resolve) => (answer = resolve));
    const [ada, bob] = [await viaSdk2('ada', { elicit: () => later }), await viaSdk2('bob')];
    const first = ada.call('lstdio__test_elicitation', { message: 'ada?' });
    await expect.poll(() => ada.asked.length).toBe(1);
    expect(await bob.call('lstdio__test_elicitation', { message: 'bob?' })).toContain('"response":"bob"');
    answer({ action: 'accept', content: { response: 'ada' } });
    expect(await first).toContain('"response":"ada"');
    expect([ada.asked.length, bob.asked.length]).toEqual([1, 1]);
    await Promise.all([ada.close(), bob.close()]);
  });
});
