import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takes } from '../../src/http/api/route.ts';
import { routes } from '../../src/http/api/routes.ts';
import { serverObject } from '../support/memory-management.ts';
import { api, type ApiHarness, type ApiReply, type ApiRequest, LIMIT, startApi } from './api-harness.ts';
import { keyOf, undocumented } from './documented.ts';

interface Case extends ApiRequest {
  readonly path: string;
}

/** How each route is called right, and how it is called wrong in every way that it can be. */
interface Row {
  readonly right: Case;
  readonly status?: number;
  /** Bodies in which something is missing, with the field that the answer must name. */
  readonly missing?: readonly (readonly [field: string, request: Case])[];
  readonly unknownServer?: Case;
  readonly down?: Case;
  /** A field of the wrong type, with its name. */
  readonly wrongType?: readonly (readonly [field: string, request: Case])[];
}

const post = (path: string, body?: object): Case => ({ path, method: 'POST', body });
const get = (path: string): Case => ({ path });

/** A POST that takes nothing but the name of a server. */
const named = (path: string): Row => ({
  right: post(path, { server_name: 'time' }),
  missing: [
    ['server_name', post(path, {})],
    ['server_name', post(path)],
  ],
  unknownServer: post(path, { server_name: 'tine' }),
  wrongType: [
    ['server_name', post(path, { server_name: 7 })],
    ['server_name', post(path, { server_name: '' })],
    ['', post(path, [1])],
  ],
});

const call = (path: string, what: Record<string, string>): Row => {
  const [field = ''] = Object.keys(what);
  const right = { server_name: 'time', ...what };
  return {
    right: post(path, right),
    missing: [
      ['server_name', post(path, what)],
      [field, post(path, { server_name: 'time' })],
    ],
    unknownServer: post(path, { ...right, server_name: 'tine' }),
    down: post(path, { ...right, server_name: 'down' }),
    wrongType: [
      [field, post(path, { ...right, [field]: {} })],
      ['request_options', post(path, { ...right, request_options: 60 })],
      ['request_options.timeout', post(path, { ...right, request_options: { timeout: '60' } })],
      ['request_options.timeout', post(path, { ...right, request_options: { timeout: 0 } })],
      ['request_options.timeout', post(path, { ...right, request_options: { timeout: 1e12 } })],
      ['request_options.resetTimeoutOnProgress', post(path, { ...right, request_options: { resetTimeoutOnProgress: 'yes' } })],
      ['request_options.maxTotalTimeout', post(path, { ...right, request_options: { maxTotalTimeout: 1.5 } })],
      ...(field === 'uri'
        ? []
        : ([
            ['arguments', post(path, { ...right, arguments: 'x' })],
            ['arguments', post(path, { ...right, arguments: [1] })],
          ] as const)),
    ],
  };
};

const ofServer = (suffix = ''): Row => ({
  right: get(`/api/servers/a%2Fb${suffix}`),
  unknownServer: get(`/api/servers/nobody${suffix}`),
  wrongType: [['', get(`/api/servers/%E0%A4%A${suffix}`)]],
});

const patch = (path: string, body?: object): Case => ({ path, method: 'PATCH', body });
const remove = (path: string): Case => ({ path, method: 'DELETE' });

const rows: Readonly<Record<string, Row>> = {
  'get /api/health': { right: get('/api/health') },
  'get /api/workspaces': { right: get('/api/workspaces') },
  'post /api/restart': { right: post('/api/restart') },
  'post /api/hard-restart': { right: post('/api/hard-restart') },
  'get /api/openapi.json': { right: get('/api/openapi.json') },
  'get /api/servers': { right: get('/api/servers') },
  'post /api/servers/info': named('/api/servers/info'),
  'post /api/servers/start': named('/api/servers/start'),
  'post /api/servers/stop': {
    ...named('/api/servers/stop'),
    wrongType: [
      ...(named('').wrongType ?? []).map(([field, { body }]) => [field, post('/api/servers/stop', Object(body))] as const),
      ['disable', post('/api/servers/stop?disable=maybe', { server_name: 'time' })],
    ],
  },
  'post /api/servers/restart': named('/api/servers/restart'),
  'post /api/servers/refresh': { ...named('/api/servers/refresh'), down: post('/api/servers/refresh', { server_name: 'down' }) },
  'post /api/servers/authorize': named('/api/servers/authorize'),
  'post /api/servers/logout': named('/api/servers/logout'),
  'post /api/refresh': { right: post('/api/refresh') },
  'get /api/refresh': { right: get('/api/refresh?') },
  'get /api/servers/:name': ofServer(),
  'get /api/servers/:name/log': {
    ...ofServer('/log'),
    wrongType: [
      ['lines', get('/api/servers/time/log?lines=many')],
      ['lines', get('/api/servers/time/log?lines=0')],
    ],
  },
  'get /api/servers/:name/environment': ofServer('/environment'),
  'get /api/servers/:name/config': ofServer('/config'),
  'post /api/servers/tools': call('/api/servers/tools', { tool: 'now' }),
  'post /api/servers/prompts': call('/api/servers/prompts', { prompt: 'greet' }),
  'post /api/servers/resources': call('/api/servers/resources', { uri: 'time://now' }),
  'post /api/servers': {
    right: post('/api/servers', { name: 'new', config: { command: 'run' } }),
    status: 201,
    missing: [
      ['name', post('/api/servers', { config: { command: 'run' } })],
      ['config', post('/api/servers', { name: 'new' })],
    ],
    wrongType: [
      ['config', post('/api/servers', { name: 'new', config: 'run' })],
      ['file', post('/api/servers', { name: 'new', config: {}, file: 1 })],
      ['dryRun', post('/api/servers?dryRun=perhaps', { name: 'new', config: { command: 'run' } })],
    ],
  },
  'patch /api/servers/:name': {
    right: patch('/api/servers/time', { args: ['x'], disabled: null }),
    unknownServer: patch('/api/servers/nobody', { args: [] }),
    wrongType: [['', patch('/api/servers/time', [1])]],
  },
  'delete /api/servers/:name': { right: remove('/api/servers/time'), unknownServer: remove('/api/servers/nobody') },
  'get /api/marketplace': {
    right: get('/api/marketplace?'),
  },
  'post /api/marketplace/details': {
    right: post('/api/marketplace/details', { mcpId: 'time' }),
    missing: [['mcpId', post('/api/marketplace/details', {})]],
    unknownServer: post('/api/marketplace/details', { mcpId: 'nobody' }),
    wrongType: [['mcpId', post('/api/marketplace/details', { mcpId: ['time'] })]],
  },
  'get /api/oauth/callback': {
    right: get('/api/oauth/callback?code=abc&server_name=time&state=x'),
  },
  'post /api/oauth/manual_callback': {
    right: post('/api/oauth/manual_callback', { url: 'http://localhost:1/api/oauth/callback?code=a&server_name=time&state=x' }),
    missing: [
      ['url', post('/api/oauth/manual_callback', {})],
      ['url', post('/api/oauth/manual_callback', { url: 'http://localhost/?server_name=time' })],
    ],
    unknownServer: post('/api/oauth/manual_callback', { url: 'http://localhost/?code=a&server_name=nobody' }),
    wrongType: [
      ['url', post('/api/oauth/manual_callback', { url: 5 })],
      ['url', post('/api/oauth/manual_callback', { url: 'no url' })],
    ],
  },
  'get /api/keys': { right: get('/api/keys') },
  'post /api/keys': {
    right: post('/api/keys', { name: 'laptop', scopes: ['mcp', 'read'], expires: '90d' }),
    status: 201,
    missing: [['name', post('/api/keys', {})]],
    wrongType: [
      ['scopes', post('/api/keys', { name: 'laptop', scopes: 'mcp' })],
      ['scopes', post('/api/keys', { name: 'laptop', scopes: ['everything'] })],
      ['expires', post('/api/keys', { name: 'laptop', expires: 90 })],
    ],
  },
  'delete /api/keys/:id': { right: remove('/api/keys/known'), unknownServer: remove('/api/keys/nobody') },
};

const served = routes.filter(({ run }) => run !== undefined);
/** The field that the first issue of an answer names; empty when it is about the whole. */
function issueOf({ json }: ApiReply): string {
  const [issue] = Object(json['data']).issues ?? [];
  return issue?.field ?? '';
}

describe.each(served.map((route) => [keyOf(route), route] as const))('%s', (key, route) => {
  const row = rows[key];
  let harness: ApiHarness;
  const ask = ({ path, ...request }: Case): Promise<ApiReply> => api(harness.url + path, request);

  beforeEach(async () => {
    harness = await startApi();
  });
  afterEach(() => harness.close());

  it('answers what the document says', async () => {
    expect(row, `a row of this test for ${key}`).toBeDefined();
    if (!row) return;
    const reply = await ask(row.right);
    expect(reply.status).toBe(row.status ?? 200);
    expect(undocumented(key, reply)).toEqual([]);
  });

  it('names every field that is missing', async () => {
    for (const [field, request] of row?.missing ?? []) {
      const reply = await ask(request);
      expect([reply.status, reply.json], JSON.stringify(request)).toMatchObject([400, { code: 'VALIDATION_ERROR', data: { field } }]);
      expect(reply.json['error']).toContain(`"${field}" in the body`);
      expect(reply.json['error']).toContain('It takes: ');
      expect(undocumented(key, reply)).toEqual([]);
    }
  });

  it('knows no other servers', async () => {
    if (!row?.unknownServer) return;
    const reply = await ask(row.unknownServer);
    expect([reply.status, reply.json]).toMatchObject([404, { code: expect.stringMatching(/^(SERVER|RESOURCE)_NOT_FOUND$/) }]);
    expect(undocumented(key, reply)).toEqual([]);
  });

  it('says when a server is down', async () => {
    if (!row?.down) return;
    const reply = await ask(row.down);
    expect([reply.status, reply.json]).toMatchObject([503, { code: 'SERVER_NOT_CONNECTED', data: { server: 'down' } }]);
    expect(undocumented(key, reply)).toEqual([]);
  });

  it('takes nothing of the wrong type', async () => {
    for (const [field, request] of row?.wrongType ?? []) {
      const reply = await ask(request);
      expect([reply.status, reply.json], JSON.stringify(request)).toMatchObject([400, { code: 'VALIDATION_ERROR' }]);
      expect(issueOf(reply), JSON.stringify(request)).toBe(field);
      expect(undocumented(key, reply)).toEqual([]);
    }
  });

  it('takes no other method', async () => {
    for (const method of ['PUT', 'TRACE']) {
      const reply = await ask({ path: row?.right.path ?? '', method });
      expect([reply.status, reply.json]).toMatchObject([405, { code: 'METHOD_NOT_ALLOWED' }]);
      expect(reply.headers.allow?.split(', ')).toContain(route.method.toUpperCase());
    }
  });

  it('takes no body that is too large, not JSON, or not sent as JSON', async () => {
    if (!row || route.method === 'get') return;
    const { path, method = 'POST' } = row.right;
    const large = await ask({ path, method, body: { pad: 'x'.repeat(LIMIT) } });
    expect([large.status, large.json]).toMatchObject([413, { code: 'BODY_TOO_LARGE', data: { limit: LIMIT, setting: 'maxBodySize' } }]);
    const chunked = await ask({ path, method, headers: { 'transfer-encoding': 'chunked' }, body: { pad: 'x'.repeat(LIMIT) } });
    expect([chunked.status, chunked.json]).toMatchObject([413, { code: 'BODY_TOO_LARGE' }]);
    const broken = await ask({ path, method, body: '{"server_name": ' });
    expect([broken.status, broken.json]).toMatchObject([400, { code: 'PARSE_ERROR' }]);
    const form = await ask({ path, method, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'server_name=time' });
    expect([form.status, form.json]).toMatchObject([415, { code: 'UNSUPPORTED_MEDIA_TYPE' }]);
    for (const reply of [large, chunked, broken, form]) expect(undocumented(key, reply)).toEqual([]);
  });

  it('has an example that is right', () => {
    const { example } = route;
    const answer = route.answer.safeParse(example.answer);
    expect(answer.error?.issues ?? []).toEqual([]);
    for (const part of ['params', 'query', 'body'] as const) {
      if (!takes(route, part)) continue;
      const given = part === 'query' ? Object.fromEntries(new URLSearchParams(example.query)) : (example[part] ?? {});
      expect(route[part].safeParse(given).error?.issues ?? [], part).toEqual([]);
    }
  });
});

it('every row of this test is of a route', () => {
  expect(Object.keys(rows).sort()).toEqual(served.map(keyOf).sort());
});

describe('what no route takes', () => {
  let harness: ApiHarness;
  beforeAll(async () => {
    harness = await startApi();
  });
  afterAll(() => harness.close());

  it.each([
    ['/api/server', '/api/servers'],
    ['/api/servers/tool/x', undefined],
    ['/api/helth', '/api/health'],
    ['/api', undefined],
    ['/api/nothing/like/it', undefined],
  ])('%s is a 404 that points to %s', async (path, closest) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const reply = await api(harness.url + path, { method });
      expect([reply.status, reply.json]).toMatchObject([404, { code: 'METHOD_NOT_FOUND', data: { path, ...(closest && { closest }) } }]);
    }
  });

  it('is a path of its own that was taken for the name of a server, unless there is one of that name', async () => {
    const info = `${harness.url}/api/servers/info`;
    const reply = await api(info);
    expect([reply.status, reply.headers.allow, reply.json['code']]).toEqual([405, 'POST', 'METHOD_NOT_ALLOWED']);
    expect((await api(info, { method: 'DELETE' })).status).toBe(405);
    expect((await api(info, { method: 'POST', body: { server_name: 'nobody' } })).status).toBe(404);
    expect((await api(`${info}/log`)).status).toBe(404);
    harness.management.states.set('info', serverObject('info'));
    expect((await api(info)).status).toBe(200);
  });

  it('tells the methods of a path, and serves HEAD', async () => {
    const options = await api(`${harness.url}/api/servers`, { method: 'OPTIONS' });
    expect([options.status, options.headers.allow, options.text]).toEqual([204, 'GET, HEAD, OPTIONS, POST', '']);
    const head = await api(`${harness.url}/api/health`, { method: 'HEAD' });
    expect([head.status, head.headers['content-type'], head.text]).toEqual([200, 'application/json', '']);
  });
});
