import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { until } from '../downstream/harness.ts';
import { failure, hubResult, legacyResult, modernResult } from '../support/fake-gateway.ts';
import { serverObject } from '../support/memory-management.ts';
import { api, type ApiHarness, type ApiReply, startApi } from './api-harness.ts';

let harness: ApiHarness;
beforeEach(async () => {
  harness = await startApi();
});
afterEach(() => harness.close());

const ask = (method: string, path: string, body?: object | string, headers: Record<string, string> = {}): Promise<ApiReply> =>
  api(harness.url + path, { method, body, headers });
const post = (path: string, body?: object | string): Promise<ApiReply> => ask('POST', path, body);

describe('bodies', () => {
  it('tells everything that is wrong at once, where, and what to do', async () => {
    const { json } = await post('/api/servers/tools?x=1', { tool: 5, request_options: { timeout: 'long' } });
    expect(json['data']).toMatchObject({
      field: 'server_name',
      in: 'body',
      issues: [
        { field: 'server_name', problem: 'is missing', remedy: expect.stringContaining('GET /api/servers') },
        { field: 'tool', problem: 'is not right: expected string, received number' },
        { field: 'request_options.timeout', remedy: expect.stringContaining('milliseconds') },
      ],
    });
    expect(json['error']).toContain('"tool" in the body is not right');
  });

  it('need not be there where nothing is needed; an empty list is an empty object', async () => {
    for (const path of ['/api/restart', '/api/refresh']) {
      expect((await post(path)).status).toBe(200);
      expect((await post(path, '[]')).status).toBe(200);
      expect((await ask('POST', path, undefined, { 'content-type': 'application/json' })).status).toBe(200);
    }
    const call = await post('/api/servers/tools', { server_name: 'time', tool: 'now', arguments: [], request_options: null });
    expect(call.status).toBe(200);
    expect(harness.gateway.calls.at(-1)?.params).toEqual({ name: 'now', arguments: {} });
  });

  it('may have fields that nobody knows', async () => {
    expect((await post('/api/servers/info', { server_name: 'time', caller: { type: 'editor' } })).status).toBe(200);
  });
});

describe('servers', () => {
  it.each(['info', 'a/b/c', 'ü %', 'config'])('may be called %s', async (name) => {
    harness.management.states.set(name, serverObject(name));
    expect((await ask('GET', `/api/servers/${encodeURIComponent(name)}`)).json).toMatchObject({ server: { name } });
    expect((await ask('GET', `/api/servers/${encodeURIComponent(name)}/log`)).json).toMatchObject({ server_name: name });
    expect((await post('/api/servers/info', { server_name: name })).json).toMatchObject({ server: { name } });
  });

  it.each([
    ['', 'disconnected'],
    ['?', 'disconnected'],
    ['?disable=true', 'disabled'],
    ['?disable', 'disabled'],
    ['?disable=false', 'disconnected'],
  ])('are stopped with %j', async (query, status) => {
    expect((await post(`/api/servers/stop${query}`, { server_name: 'time' })).json).toMatchObject({ status: 'ok', server: { status } });
  });

  it('show the last lines of their log', async () => {
    const { json } = await ask('GET', '/api/servers/time/log?lines=2');
    expect(json['lines']).toEqual([
      { timestamp: '1970-01-01T00:00:00.001Z', text: 'two' },
      { timestamp: '1970-01-01T00:00:00.002Z', text: 'three' },
    ]);
  });
});

describe('the config', () => {
  it('is added to, with the place of the new server', async () => {
    const { status, headers, json } = await post('/api/servers', { name: 'new one/two', config: { command: 'run' } });
    expect([status, headers.location, headers.etag]).toEqual([201, '/api/servers/new%20one%2Ftwo', '"v2"']);
    expect(json).toMatchObject({ status: 'ok', dryRun: false, etag: 'v2', server: { name: 'new one/two' } });
    const again = await post('/api/servers', { name: 'new one/two', config: { command: 'run' } });
    expect([again.status, again.json['code']]).toEqual([409, 'ALREADY_EXISTS']);
    const wrong = await post('/api/servers', { name: 'empty', config: {} });
    expect([wrong.status, wrong.json['code']]).toEqual([422, 'CONFIG_ERROR']);
  });

  it('changes only for those who know it', async () => {
    const { headers, json } = await ask('GET', '/api/servers/time/config');
    expect([headers.etag, json]).toMatchObject(['"v1"', { name: 'time', etag: 'v1', config: { command: 'run' } }]);
    const etag = { 'if-match': String(headers.etag) };
    expect((await ask('PATCH', '/api/servers/time', { args: [] }, etag)).status).toBe(200);
    for (const method of ['PATCH', 'DELETE']) {
      const stale = await ask(method, '/api/servers/time', method === 'PATCH' ? { args: [] } : undefined, etag);
      expect([stale.status, stale.json]).toMatchObject([412, { code: 'PRECONDITION_FAILED', data: { etag: 'v2' } }]);
    }
    expect((await ask('DELETE', '/api/servers/time', undefined, { 'if-match': '*' })).json).toMatchObject({ server: null });
    const odd = await ask('DELETE', '/api/servers/down', undefined, { 'if-match': '"a", "b"' });
    expect([odd.status, odd.json]).toMatchObject([400, { data: { field: 'If-Match', in: 'header' } }]);
  });

  it('takes merge patches under their own name', async () => {
    const type = { 'content-type': 'application/merge-patch+json' };
    expect((await ask('PATCH', '/api/servers/time', { args: ['x'] }, type)).status).toBe(200);
    expect(harness.management.entries.get('time')).toEqual({ command: 'run', args: ['x'] });
  });

  it('stays as it is in a dry run', async () => {
    const added = await post('/api/servers?dryRun=true', { name: 'new', config: { command: 'run' } });
    expect([added.status, added.json]).toMatchObject([200, { dryRun: true, server: null }]);
    expect((await ask('PATCH', '/api/servers/time?dryRun', { args: [] })).json).toMatchObject({ dryRun: true, etag: 'v1' });
    expect((await ask('DELETE', '/api/servers/time?dryRun=1')).status).toBe(200);
    expect([...harness.management.entries.values()]).toEqual([{ command: 'run' }, { command: 'run' }, { command: 'run' }]);
  });
});

describe('the marketplace', () => {
  it('is searched', async () => {
    await ask('GET', '/api/marketplace?search=a+b&category=x&tags=one,%20two,&sort=stars');
    await ask('GET', '/api/marketplace?search=&tags=&sort=');
    // As 4.x takes it: in the order of its own.
    expect((await ask('GET', '/api/marketplace?sort=colour')).status).toBe(200);
    expect(harness.management.asked).toEqual([{ search: 'a b', category: 'x', tags: ['one', 'two'], sort: 'stars' }, {}, {}]);
  });

  it('is searched by clients that do not encode', async () => {
    const { port } = new URL(harness.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /api/marketplace?search=a&category=100%&sort=name HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(harness.management.asked).toEqual([{ search: 'a', category: '100%', sort: 'name' }]);
  });

  it('warns when it is out of date, and gives details in both readings', async () => {
    expect((await ask('GET', '/api/marketplace')).json).not.toHaveProperty('warning');
    harness.management.warning = 'From yesterday.';
    expect((await ask('GET', '/api/marketplace')).json).toMatchObject({ warning: 'From yesterday.' });
    const { json } = await post('/api/marketplace/details', { mcpId: 'time' });
    const flat = { id: 'time', name: 'Time' };
    expect(json).toMatchObject({ server: { ...flat, server: flat, readmeContent: '# Read me' }, readmeContent: '# Read me' });
  });
});

describe('logins', () => {
  it('end on a page that does nothing and is not kept', async () => {
    harness.management.states.set('<script>', serverObject('<script>'));
    const { status, headers, text } = await ask('GET', '/api/oauth/callback?code=a&server_name=%3Cscript%3E');
    expect(status).toBe(200);
    expect(text).toContain('&#60;script&#62;');
    expect(text).not.toContain('<script');
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });

  it.each([
    ['error=access_denied&server_name=time', 401, 'access_denied'],
    ['server_name=time', 400, '&#34;code&#34; in the query is missing'],
    ['code=a&code=b&server_name=time', 400, '&#34;code&#34; in the query is missing'],
    ['code=a&server_name=nobody', 404, 'nobody'],
  ])('that fail say so on a page: %s', async (query, status, words) => {
    const reply = await ask('GET', `/api/oauth/callback?${query}`);
    expect([reply.status, reply.headers['content-type']]).toEqual([status, 'text/html; charset=utf-8']);
    expect(reply.text).toContain(words);
  });

  it('begin with an address, and end with one that was pasted', async () => {
    const begun = await post('/api/servers/authorize', { server_name: 'time' });
    expect(begun.json).toMatchObject({ status: 'ok', authorizationUrl: 'https://login.example/time', server: { name: 'time' } });
    const url = ' http://localhost:1/api/oauth/callback?code=a&server_name=time\n';
    const ended = await post('/api/oauth/manual_callback', { url });
    expect(ended.json).toMatchObject({ status: 'ok', server_name: 'time', message: 'Logged in at "time".' });
  });
});

it('answers a hard restart before the hub goes down', async () => {
  const heard: string[] = [];
  harness.management.hardRestart = () => {
    heard.push('down');
    harness.server.closeAllConnections();
  };
  const { status, json } = await post('/api/hard-restart');
  expect([status, json]).toMatchObject([200, { status: 'ok' }]);
  await until(() => heard.length === 1, 'the restart');
});

describe('calls', () => {
  const tool = (more: object = {}) => post('/api/servers/tools', { server_name: 'time', tool: 'now', ...more });

  it('take the road of every call, under the own names of one server', async () => {
    await tool({ arguments: { zone: 'UTC' }, request_options: { timeout: 1_000, maxTotalTimeout: 5_000, resetTimeoutOnProgress: true } });
    expect(harness.gateway.calls[0]).toMatchObject({
      scope: { kind: 'server', id: 'time' },
      method: 'tools/call',
      params: { name: 'now', arguments: { zone: 'UTC' }, _meta: { progressToken: expect.any(String) } },
      downstream: { era: 'legacy' },
      timeoutMs: 1_000,
      resetOnProgress: true,
      maxTotalMs: 5_000,
    });
    await tool();
    expect(harness.gateway.calls[1]).toMatchObject({ timeoutMs: 60_000, resetOnProgress: false, maxTotalMs: 60_000 });
  });

  it('give a result with isError as it is, and content always', async () => {
    const result = { content: [{ type: 'text', text: 'no' }], isError: true };
    harness.gateway.on('tools/call', () => legacyResult(result));
    expect([(await tool()).status, (await tool()).json['result']]).toEqual([200, result]);
    harness.gateway.on('tools/call', () => modernResult({ resultType: 'complete', structuredContent: { a: 1 } }));
    expect((await tool()).json['result']).toEqual({ structuredContent: { a: 1 }, content: [] });
  });

  it.each([
    ['an unknown tool', () => failure('legacy', -32602, 'Unknown tool'), 'noww', 404, 'TOOL_NOT_FOUND'],
    ['an unknown tool as a result', () => legacyResult({ content: [], isError: true }), 'noww', 404, 'TOOL_NOT_FOUND'],
    ['bad arguments', () => failure('legacy', -32602, 'zone is missing'), 'now', 400, 'VALIDATION_ERROR'],
    ['an error of the server', () => failure('modern', -32000, 'out of order'), 'now', 502, 'TOOL_ERROR'],
    ['a question', () => modernResult({ resultType: 'input_required' }), 'now', 422, 'INPUT_NOT_GIVEN'],
    ['a question refused', () => failure('modern', -32021, 'needs elicitation'), 'now', 422, 'INPUT_NOT_GIVEN'],
    ['a mistake in the hub', () => Promise.reject(new Error('oops')), 'now', 500, 'UNHANDLED_ERROR'],
  ] as const)('tell %s by the status', async (_, script, name, status, code) => {
    harness.gateway.on('tools/call', script);
    const reply = await tool({ tool: name });
    expect([reply.status, reply.json]).toMatchObject([status, { code }]);
  });

  it('know which tool may have been meant', async () => {
    harness.gateway.on('tools/call', () => failure('legacy', -32602, 'Unknown tool'));
    const { json } = await tool({ tool: 'noww' });
    expect(json).toMatchObject({ code: 'TOOL_NOT_FOUND', data: { tool: 'noww', closest: 'now', server: 'time', said: 'Unknown tool' } });
  });

  it('of prompts and resources tell what is not there', async () => {
    harness.gateway.on('prompts/get', () => failure('legacy', -32603, 'no idea'));
    const prompt = await post('/api/servers/prompts', { server_name: 'time', prompt: 'great' });
    expect([prompt.status, prompt.json]).toMatchObject([404, { code: 'PROMPT_NOT_FOUND', data: { closest: 'greet' } }]);
    const known = await post('/api/servers/prompts', { server_name: 'time', prompt: 'greet' });
    expect([known.status, known.json]).toMatchObject([502, { code: 'PROMPT_ERROR', data: { rpc: { code: -32603, message: 'no idea' } } }]);
    const resource = await post('/api/servers/resources', { server_name: 'time', uri: 'time://then' });
    expect([resource.status, resource.json]).toMatchObject([404, { code: 'RESOURCE_NOT_FOUND', data: { uri: 'time://then' } }]);
    harness.gateway.on('resources/read', () => failure('legacy', -32603, 'disk is broken'));
    harness.gateway.on('resources/templates/list', () => hubResult({ resourceTemplates: [{ uriTemplate: 'time://{x}' }] }));
    const broken = await post('/api/servers/resources', { server_name: 'time', uri: 'time://then' });
    expect([broken.status, broken.json]).toMatchObject([502, { code: 'RESOURCE_ERROR' }]);
  });

  it('know which server may have been meant', async () => {
    const { json } = await tool({ server_name: 'tyme' });
    expect(json).toMatchObject({ code: 'SERVER_NOT_FOUND', data: { server: 'tyme', closest: 'time' } });
  });

  it('end when their time is over, whatever the server does', async () => {
    harness.gateway.on('tools/call', () => new Promise(() => {}));
    const { status, json } = await tool({ request_options: { timeout: 30 } });
    expect([status, json]).toMatchObject([504, { code: 'TIMEOUT', data: { server: 'time', timeoutMs: 30 } }]);
    expect(harness.gateway.calls[0]?.signal.aborted).toBe(true);
  });

  it('speak of their own limit when the server was too slow', async () => {
    const late = new HubError('TIMEOUT', 'Raise "requestTimeout".');
    harness.gateway.on('tools/call', () => ({ ...failure('hub', -32603, 'late'), failure: late }));
    expect((await tool()).json['error']).toContain('request_options.timeout');
  });

  it('are taken back when the client leaves', async () => {
    harness.gateway.on('tools/call', () => new Promise(() => {}));
    const gone = new AbortController();
    const request = api(`${harness.url}/api/servers/tools`, {
      method: 'POST',
      body: { server_name: 'time', tool: 'now' },
      signal: gone.signal,
    });
    const failed = request.catch((error: unknown) => error);
    await until(() => harness.gateway.calls.length === 1, 'the call');
    gone.abort();
    await failed;
    await until(() => harness.gateway.calls[0]?.signal.aborted === true, 'the end of the call');
    expect(harness.gateway.calls[0]?.signal.reason).toMatchObject({ code: 'CANCELLED' });
  });

  it('say that nobody can be asked', async () => {
    let said: unknown;
    harness.gateway.on('tools/call', async (call) => {
      said = await call.ask?.({ method: 'elicitation/create' }, call.signal);
      return legacyResult({ content: [] });
    });
    await tool();
    expect(said).toMatchObject({ error: { message: expect.stringContaining('/mcp') } });
  });
});
