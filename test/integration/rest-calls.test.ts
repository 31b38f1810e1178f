import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isObject, type JsonObject } from '../../src/protocol/index.ts';
import { SERVERS } from '../support/era-pairs.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { httpRecorder, stdioRecorder } from '../support/recorder.ts';
import { api, type ApiReply } from '../http/api-harness.ts';

let hub: RunningHub;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const legacyHttp = await httpRecorder('legacyhttp', 'legacy');
  const modernHttp = await httpRecorder('modernhttp', 'modern');
  stops.push(legacyHttp.stop, modernHttp.stop);
  hub = await runHub({
    maxBodySize: 65_536,
    startupWait: 60_000,
    mcpServers: {
      legacystdio: stdioRecorder('legacystdio', 'legacy'),
      legacyhttp: legacyHttp.entry,
      modernstdio: stdioRecorder('modernstdio', 'modern'),
      modernhttp: modernHttp.entry,
      filtered: { ...fixture('echo.mjs'), disabled_tools: ['add'] },
      broken: fixture('exit-on-start.mjs'),
      off: { ...fixture('echo.mjs'), disabled: true },
      hanging: fixture('hang.mjs'),
    },
  });
});
afterAll(async () => {
  await hub.stop();
  for (const stop of stops) await stop();
});

const post = (path: string, body: object, signal?: AbortSignal): Promise<ApiReply> =>
  api(`${hub.origin}/api/servers/${path}`, { method: 'POST', body, ...(signal && { signal }) });

const tool = (server_name: string, name: string, args?: unknown, request_options?: object): Promise<ApiReply> =>
  post('tools', { server_name, tool: name, arguments: args, request_options });

/** What reached a server under a method. */
async function recorded(server: string, method: string): Promise<readonly JsonObject[]> {
  const { json } = await tool(server, 'recorded', { method });
  const result = isObject(json['result']) ? json['result'] : {};
  const { structuredContent } = result;
  const seen = isObject(structuredContent) ? structuredContent['seen'] : undefined;
  return Array.isArray(seen) ? seen.filter(isObject) : [];
}

describe.each(SERVERS)('$name', ({ name, era }) => {
  it('runs a tool, and its result is that of the handshake era', async () => {
    const { status, json } = await tool(name, 'echo', { a: [1] });
    expect([status, json]).toMatchObject([
      200,
      { result: { content: [{ type: 'text', text: '{"a":[1]}' }], structuredContent: { server: name, args: { a: [1] } }, 'x-future': {} } },
    ]);
    for (const field of ['resultType', 'ttlMs', 'cacheScope']) expect(json['result']).not.toHaveProperty(field);
  });

  it.each([[undefined], [null], [{}], [[]]])('takes %j as no arguments', async (args) => {
    const { status, json } = await tool(name, 'echo', args);
    expect([status, json]).toMatchObject([200, { result: { content: [{ text: '{}' }] } }]);
  });

  it('gives the result of a tool that failed with status 200', async () => {
    const { status, json } = await tool(name, 'fails');
    expect([status, json['result']]).toMatchObject([200, { content: [{ type: 'text', text: 'It did not work.' }], isError: true }]);
  });

  it('tells its own error with what it said', async () => {
    const { status, json } = await tool(name, 'refuses');
    expect([status, json]).toMatchObject([
      502,
      { code: 'TOOL_ERROR', data: { server: name, rpc: { code: 4711, data: { why: 'because', list: [1, 2] } } } },
    ]);
  });

  it('has no tool, prompt or resource of another name', async () => {
    const unknown = await tool(name, 'ekko');
    expect([unknown.status, unknown.json]).toMatchObject([404, { code: 'TOOL_NOT_FOUND', data: { tool: 'ekko' } }]);
    const prompt = await post('prompts', { server_name: name, prompt: 'great', arguments: {} });
    expect([prompt.status, prompt.json]).toMatchObject([200, { result: { messages: [{ content: { text: 'great undefined' } }] } }]);
    const resource = await post('resources', { server_name: name, uri: 'test://nowhere' });
    expect([resource.status, resource.json]).toMatchObject([404, { code: 'RESOURCE_NOT_FOUND', data: { uri: 'test://nowhere' } }]);
  });

  it('gives prompts and resources', async () => {
    const prompt = await post('prompts', { server_name: name, prompt: 'greet', arguments: { who: 'Ada' } });
    expect([prompt.status, prompt.json['result']]).toMatchObject([
      200,
      { messages: [{ role: 'user', content: { type: 'text', text: 'greet Ada' } }] },
    ]);
    const uri = `test://${name}/one`;
    const resource = await post('resources', { server_name: name, uri });
    expect([resource.status, resource.json['result']]).toMatchObject([200, { contents: [{ uri, text: `${name} one` }] }]);
  });

  it('is given up when the time is over, and told so', async () => {
    const mark = `slow ${name}`;
    const { status, json } = await tool(name, 'hangs', { mark }, { timeout: 150 });
    expect([status, json]).toMatchObject([504, { code: 'TIMEOUT', data: { server: name, timeoutMs: 150 } }]);
    await eventually(async () =>
      expect(await recorded(name, 'hangs was taken back')).toContainEqual(expect.objectContaining({ params: { mark } })),
    );
  });

  it('gets more time by telling of progress only where that was asked for', async () => {
    const args = { who: 'x', steps: 60 };
    const patient = await tool(name, 'steps', args, { timeout: 250, resetTimeoutOnProgress: true });
    expect([patient.status, patient.json]).toMatchObject([200, { result: { content: [{ text: 'x' }] } }]);
    const strict = await tool(name, 'steps', args, { timeout: 250, resetTimeoutOnProgress: false });
    expect([strict.status, strict.json['code']]).toEqual([504, 'TIMEOUT']);
    const limited = await tool(name, 'steps', args, { timeout: 250, resetTimeoutOnProgress: true, maxTotalTimeout: 300 });
    expect([limited.status, limited.json]).toMatchObject([504, { code: 'TIMEOUT', data: { timeoutMs: 300 } }]);
  });

  it('is told when the client leaves', async () => {
    const mark = `left ${name}`;
    const gone = new AbortController();
    const call = post('tools', { server_name: name, tool: 'hangs', arguments: { mark } }, gone.signal).catch((error: unknown) => error);
    await eventually(async () => expect(JSON.stringify(await recorded(name, 'tools/call'))).toContain(mark));
    gone.abort();
    expect(await call).toBeInstanceOf(Error);
    await eventually(async () =>
      expect(await recorded(name, 'hangs was taken back')).toContainEqual(expect.objectContaining({ params: { mark } })),
    );
  });

  it('cannot ask anything', async () => {
    const form = { method: 'elicitation/create', params: { message: 'May I?', requestedSchema: { type: 'object', properties: {} } } };
    // The first time a call that was taken back lately may be suspected to ask; the hub knows who asks after that.
    await tool(name, 'asks', { rounds: [{ may: form }] });
    const { status, json } = await tool(name, 'asks', { rounds: [{ may: form }] });
    // A server of the handshake era goes on with the refusal; what it makes of it is its own result.
    const expected = era === 'legacy' ? [200, { result: { content: [{ text: 'asked' }] } }] : [422, { code: 'INPUT_NOT_GIVEN' }];
    expect([status, json]).toMatchObject(expected);
    expect(JSON.stringify(json)).toContain('/mcp');
  });
});

describe('a server that cannot be called', () => {
  it.each([
    ['off', 503, 'SERVER_NOT_CONNECTED'],
    ['broken', 503, 'SERVER_NOT_CONNECTED'],
    ['nobody', 404, 'SERVER_NOT_FOUND'],
  ])('%s: %i %s', async (server_name, status, code) => {
    for (const [path, body] of [
      ['tools', { tool: 'echo' }],
      ['prompts', { prompt: 'greet' }],
      ['resources', { uri: 'test://greeting' }],
    ] as const) {
      const reply = await post(path, { server_name, ...body });
      expect([reply.status, reply.json], path).toMatchObject([
        status,
        { code, data: { server: server_name }, error: expect.stringContaining(server_name) },
      ]);
    }
  });

  it('is not waited for longer than the call may take', async () => {
    const { status, json } = await tool('hanging', 'echo', {}, { timeout: 200 });
    expect([status, json]).toMatchObject([504, { code: 'TIMEOUT', data: { server: 'hanging' } }]);
  });

  it('is no reason for other routes to fail', async () => {
    const { status, json } = await api(`${hub.origin}/api/health`);
    expect([status, json]).toMatchObject([200, { status: 'ok', server_id: 'mcp-hub', version: '4.2.1' }]);
  });
});

it('does not get at what the config disables', async () => {
  expect((await tool('filtered', 'echo', { text: 'hi' })).status).toBe(200);
  const { status, json } = await tool('filtered', 'add', { a: 1, b: 2 });
  expect([status, json]).toMatchObject([404, { code: 'TOOL_NOT_FOUND', data: { tool: 'add', server: 'filtered' } }]);
});

it('keeps to maxBodySize', async () => {
  const { status, json } = await tool('legacystdio', 'echo', { pad: 'x'.repeat(70_000) });
  expect([status, json]).toMatchObject([413, { code: 'BODY_TOO_LARGE', data: { setting: 'maxBodySize' } }]);
});

it('is not for pages of the web', async () => {
  const headers = { origin: 'https://evil.example' };
  const reply = await api(`${hub.origin}/api/hard-restart`, { method: 'POST', headers });
  expect([reply.status, reply.json['code']]).toEqual([403, 'FORBIDDEN']);
});
