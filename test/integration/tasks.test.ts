import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKeyFile, createApiKey } from '../../src/config/index.ts';
import type { JsonObject } from '../../src/protocol/index.ts';
import { modern, open } from '../downstream/harness.ts';
import { at } from '../support/era-pairs.ts';
import { RawClient } from '../support/raw-client.ts';
import { DECLARED, DECLARED_OTHER, LEGACY_SERVERS, MODERN_SERVERS, startTaskHub, type TaskHub } from '../support/task-servers.ts';
import { WireClient } from '../support/wire-client.ts';
import { HttpWire } from '../support/wires.ts';

let tasks: TaskHub;
beforeAll(async () => {
  tasks = await startTaskHub();
});
afterAll(() => tasks.stop());

const REQUIRED = { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } };
const slug = (server: string): string => server.replace(':', '_');
const request = async (server: string | undefined, method: string, params: JsonObject, meta: JsonObject = DECLARED) =>
  (await RawClient.connect(tasks.url(server), 'modern')).request(method, params, { meta });
const text = (value: unknown): unknown => at(Object(at(value, 'content'))[0], 'text');

describe.each(MODERN_SERVERS)('a client with the extension before %s', (server) => {
  describe.each([
    ['/mcp', undefined, `${slug(server)}__`, `${server.replace(':', '%3A')}:${server}:`],
    ['its own endpoint', server, '', `${server}:`],
  ])('on %s', (_, endpoint, prefix, idPrefix) => {
    const create = async (args: JsonObject): Promise<string> => {
      const { response } = await request(endpoint, 'tools/call', { name: `${prefix}job`, arguments: args });
      expect(response).toMatchObject({ result: { resultType: 'task', status: 'working', ttlMs: 60_000, pollIntervalMs: 1 } });
      return String(at(response, 'result', 'taskId'));
    };

    it('follows a task to its end, under an id that says whose it is', async () => {
      const taskId = await create({ mark: 'a', ask: true });
      expect(taskId.startsWith(idPrefix)).toBe(true);
      const asked = await request(endpoint, 'tasks/get', { taskId });
      expect(asked.response).toMatchObject({ result: { taskId, status: 'input_required', resultType: 'complete' } });
      const inputResponses = { who: { action: 'accept', content: { name: 'Ada' } } };
      expect((await request(endpoint, 'tasks/update', { taskId, inputResponses })).response).toMatchObject({
        result: { resultType: 'complete' },
      });
      const done = await request(endpoint, 'tasks/get', { taskId });
      expect(done.response).toMatchObject({
        result: { taskId, status: 'completed', result: { structuredContent: { answer: inputResponses.who } } },
      });
    });

    it('cancels one', async () => {
      const taskId = await create({ looks: 99 });
      expect((await request(endpoint, 'tasks/cancel', { taskId })).response).toMatchObject({ result: { resultType: 'complete' } });
      expect((await request(endpoint, 'tasks/get', { taskId })).response).toMatchObject({ result: { taskId, status: 'cancelled' } });
    });

    it('hears of the tasks that it named, and of no others', async () => {
      const [mine, other] = [await create({}), await create({})];
      const filter = { notifications: { taskIds: [mine, 'nobody:knows'] } };
      const reading = await open(tasks.url(endpoint), modern('subscriptions/listen', filter, DECLARED, 'sub'));
      await expect.poll(() => reading.events.length).toBe(1);
      for (const taskId of [other, mine]) {
        const own = endpoint === undefined ? taskId.slice(taskId.indexOf(':') + 1) : taskId;
        await request(endpoint, 'tools/call', { name: `${prefix}finish`, arguments: { taskId: own } });
      }
      await expect.poll(() => reading.events.length).toBe(2);
      reading.close();
      const messages = reading.events.map(({ data }) => JSON.parse(data) as JsonObject);
      const _meta = { 'io.modelcontextprotocol/subscriptionId': 'sub' };
      expect(messages).toMatchObject([
        { method: 'notifications/subscriptions/acknowledged', params: { notifications: { taskIds: [mine] } } },
        { method: 'notifications/tasks', params: { taskId: mine, status: 'completed', _meta } },
      ]);
    });

    it('gets -32602 for an id that nobody knows, and -32020 for a header that names another', async () => {
      for (const taskId of ['nothing', `${idPrefix}x`, 'lstdio:x', 'no-server:x']) {
        const { status, response } = await request(endpoint, 'tasks/get', { taskId });
        expect([status, at(response, 'error', 'code')]).toEqual([200, -32602]);
      }
      const sent = modern('tasks/get', { taskId: `${idPrefix}x` }, DECLARED);
      const reading = await open(tasks.url(endpoint), { ...sent, headers: { ...sent.headers, 'mcp-name': 'other' } });
      await reading.ended;
      expect(reading.status).toBe(400);
      expect(JSON.parse(reading.text())).toMatchObject({ error: { code: -32020 } });
    });

    it('gets a result of an unknown type only when the type may be one of its extensions’', async () => {
      const call = { name: `${prefix}odd`, arguments: {} };
      expect((await request(endpoint, 'tools/call', call)).response).toMatchObject({ error: { code: -32603 } });
      expect((await request(endpoint, 'tools/call', call, DECLARED_OTHER)).response).toMatchObject({ result: { resultType: 'odd' } });
    });

    it('without the extension is told that it is needed, and gets no task', async () => {
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
        const { status, response } = await request(endpoint, method, { taskId: `${idPrefix}x` }, {});
        expect([status, at(response, 'error', 'code'), at(response, 'error', 'data')]).toEqual([400, -32021, REQUIRED]);
      }
      const job = await request(endpoint, 'tools/call', { name: `${prefix}job`, arguments: {} }, {});
      expect([job.status, at(job.response, 'error', 'code'), at(job.response, 'error', 'data')]).toEqual([400, -32021, REQUIRED]);
      const listen = await request(endpoint, 'subscriptions/listen', { notifications: { taskIds: ['x'] } }, {});
      expect([listen.status, at(listen.response, 'error', 'code')]).toEqual([400, -32021]);
      const rude = await request(endpoint, 'tools/call', { name: `${prefix}rude`, arguments: {} }, {});
      expect(rude.response).toMatchObject({ error: { code: -32603, data: { code: 'UPSTREAM_PROTOCOL' } } });
    });
  });

  it('its own ids and names reach it, and the headers that belong to them', async () => {
    const { response } = await request(undefined, 'tools/call', { name: `${slug(server)}__job`, arguments: {} });
    const taskId = String(at(response, 'result', 'taskId'));
    await request(undefined, 'tasks/get', { taskId });
    const [seen] = (await tasks.recorded(server, 'tasks/get')).slice(-1);
    const own = taskId.slice(taskId.indexOf(':') + 1);
    expect(seen).toMatchObject({ params: { taskId: own }, ...(server === 'm:http' && { headers: { 'mcp-name': own } }) });
  });
});

describe.each(MODERN_SERVERS)('a legacy client before %s, which insists on a task', (server) => {
  const connect = async (answer?: object) => {
    const client = new Client(
      { name: 't', version: '1' },
      { capabilities: answer ? { elicitation: {} } : {}, versionNegotiation: { mode: 'legacy' } },
    );
    if (answer) client.setRequestHandler('elicitation/create', () => answer as never);
    const transport = new StreamableHTTPClientTransport(new URL(tasks.url()));
    await client.connect(transport);
    return Object.assign(client, { end: () => transport.terminateSession().then(() => client.close()) });
  };
  const job = (args: JsonObject) => ({ name: `${slug(server)}__job`, arguments: args });
  const cancelled = async () => (await tasks.recorded(server, 'tasks/cancel')).length;

  it('gets the result in the end, and the states on the way as progress', async () => {
    const client = await connect();
    const progress: unknown[] = [];
    const result = await client.callTool(job({ mark: 'b', looks: 2 }), { onprogress: (event) => progress.push(event) });
    expect(text(result)).toBe('done b');
    expect(result).not.toHaveProperty('resultType');
    expect(progress).toEqual([
      { progress: 1, message: 'look 1' },
      { progress: 2, message: 'look 2' },
    ]);
    await client.end();
  });

  it('is asked what the task asks, once', async () => {
    const client = await connect({ action: 'accept', content: { name: 'Ada' } });
    const result = await client.callTool(job({ mark: 'c', ask: true }));
    expect(result.structuredContent).toEqual({ answer: { action: 'accept', content: { name: 'Ada' } } });
    await client.end();
  });

  it('gets an error where it cannot be asked, and the task is cancelled', async () => {
    const before = await cancelled();
    const client = await connect();
    const result = await client.callTool(job({ ask: true }));
    expect(result.isError).toBe(true);
    expect(await cancelled()).toBe(before + 1);
    await client.end();
  });

  it('gets the error of a task that failed', async () => {
    const client = await connect();
    await expect(client.callTool(job({ fails: true }))).rejects.toMatchObject({ code: 4711, data: { why: 1 } });
    await client.end();
  });

  it('takes the task back with the call', async () => {
    const before = await cancelled();
    const client = await connect();
    const abort = new AbortController();
    const call = client.callTool(job({ looks: 1_000 }), { signal: abort.signal, onprogress: () => abort.abort() });
    await expect(call).rejects.toBeDefined();
    await expect.poll(cancelled).toBe(before + 1);
    await client.end();
  });
});

describe.each(LEGACY_SERVERS)('the tasks of 2025-11-25 of %s', (server) => {
  it('work on its own endpoint between legacy sides', async () => {
    const client = await RawClient.connect(tasks.url(server), 'legacy');
    const { response } = await client.request('tools/call', { name: 'job', arguments: { mark: 'core' }, task: { ttl: 1_000 } });
    const taskId = at(response, 'result', 'task', 'taskId') as string;
    expect((await client.request('tasks/get', { taskId })).response).toMatchObject({ result: { taskId, status: 'completed' } });
    const { response: done } = await client.request('tasks/result', { taskId });
    expect(text(at(done, 'result'))).toBe('core core');
    await client.close();
  });

  it('are those of the principal that made them: for another one they do not exist', async () => {
    const { hub } = tasks;
    const file = apiKeyFile(join(hub.folder, 'home/.local/share/mcp-hub'));
    const clientOf = async (name: string): Promise<WireClient> => {
      const { text: key } = await createApiKey(file, { name: `${server} ${name}`, scopes: ['mcp'], expiresAt: null }, Date.now());
      return WireClient.connect(new HttpWire(tasks.url(server), 'legacy', key), { era: 'legacy' });
    };
    const [ada, bob] = [await clientOf('ada'), await clientOf('bob')];
    const make = async (client: WireClient): Promise<string> => {
      const told = await client.call('tools/call', { name: 'job', arguments: {}, task: { ttl: 1_000 } });
      return String(at(told.response, 'result', 'task', 'taskId'));
    };
    const listed = async (client: WireClient): Promise<unknown[]> => {
      const all = at((await client.call('tasks/list')).response, 'result', 'tasks') as JsonObject[];
      return all.map(({ taskId }) => taskId);
    };
    const [first, second, other] = [await make(ada), await make(ada), await make(bob)];
    expect([await listed(ada), await listed(bob)]).toEqual([[first, second], [other]]);
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
      expect((await bob.call(method, { taskId: first })).response).toMatchObject({ error: { code: -32602 } });
    }
    expect((await ada.call('tasks/get', { taskId: first })).response).toMatchObject({ result: { taskId: first } });
    const again = await WireClient.connect(new HttpWire(tasks.url(server), 'legacy'), { era: 'legacy' });
    expect(await listed(again)).not.toContain(first);
    await Promise.all([ada, bob, again].map((client) => client.close()));
  });

  it('are waited for where a tool runs as nothing else and the client was never offered them', async () => {
    const prefixed = { name: `${server}__only-task`, arguments: { mark: 'waited' } };
    const all = await RawClient.connect(tasks.url(), 'legacy');
    const { response } = await all.request('tools/call', prefixed);
    expect(at(response, 'result')).toEqual({ content: [{ type: 'text', text: 'core waited' }] });
    const listed = at((await all.request('tools/list')).response, 'result', 'tools') as JsonObject[];
    expect(listed.filter((tool) => 'execution' in tool)).toEqual([]);
    await all.close();
    for (const [endpoint, name] of [
      [undefined, prefixed.name],
      [server, 'only-task'],
    ] as const) {
      const waited = await request(endpoint, 'tools/call', { ...prefixed, name }, {});
      expect(text(at(waited.response, 'result'))).toBe('core waited');
    }
    const own = await RawClient.connect(tasks.url(server), 'legacy');
    expect((await own.request('tools/call', { name: 'only-task', arguments: {} })).response).toMatchObject({ error: { code: -32601 } });
    const tools = at((await own.request('tools/list')).response, 'result', 'tools') as JsonObject[];
    expect(tools.find(({ name }) => name === 'only-task')).toHaveProperty('execution');
    await own.close();
  });

  it('are not offered anywhere else, and nothing asks for them there', async () => {
    const all = await RawClient.connect(tasks.url(), 'legacy');
    const { response } = await all.request('tools/call', { name: `${server}__hint`, arguments: {}, task: { ttl: 1_000 } });
    expect(text(at(response, 'result'))).toBe('null');
    expect((await all.request('tasks/get', { taskId: 'x' })).response).toMatchObject({ error: { code: -32601 } });
    await all.close();
    const discovered = (await request(server, 'server/discover', {})).response;
    expect(at(discovered, 'result', 'capabilities', 'tasks')).toBeUndefined();
    expect(at(discovered, 'result', 'capabilities', 'extensions')).toEqual({
      'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] },
    });
    const hinted = await request(server, 'tools/call', { name: 'hint', arguments: {}, task: { ttl: 1_000 } });
    expect(text(at(hinted.response, 'result'))).toBe('null');
    expect((await request(server, 'tasks/get', { taskId: 'x' })).response).toMatchObject({ error: { code: -32602 } });
    for (const method of ['tasks/result', 'tasks/list']) expect((await request(server, method, { taskId: 'x' })).status).toBe(404);
  });
});
