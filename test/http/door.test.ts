import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { neededScope } from '../../src/http/auth/route-access.ts';
import { routes } from '../../src/http/api/routes.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { serverObject } from '../support/memory-management.ts';
import { api } from './api-harness.ts';
import { undocumented } from './documented.ts';
import { bearer, type DoorHarness, startDoor } from './door-harness.ts';

let door: DoorHarness;
beforeAll(async () => {
  // A minute goes by with every look at the clock, so that wrong keys are not counted together.
  let nowMs = Date.now();
  door = await startDoor({ clock: { ...systemClock, now: () => (nowMs += 61_000) } });
});
beforeEach(() => {
  door.keys.isNeeded = true;
});
afterAll(() => door.close());

const CHALLENGE = 'Bearer realm="mcp-hub"';
/** A path that a route takes. */
const pathOf = (path: string): string => path.replace(/:\w+/g, 'time');
const table = routes.map((route) => [`${route.method} ${route.path}`, route] as const);
const isOpen = ([, route]: (typeof table)[number]): boolean => neededScope(route) === 'nothing';

/** Answers as the route does when it lets somebody in; the events would never end. */
async function statusOf(method: string, path: string, headers: Record<string, string>): Promise<number> {
  const gone = new AbortController();
  const body = method === 'get' || method === 'delete' ? undefined : {};
  const answer = api(door.url + pathOf(path), { method: method.toUpperCase(), headers, body, signal: gone.signal });
  const late = new Promise<'stream'>((resolve) => setTimeout(() => resolve('stream'), 300));
  const first = path === '/api/events' ? await Promise.race([answer.catch(() => 'stream' as const), late]) : await answer;
  gone.abort();
  return first === 'stream' ? 200 : first.status;
}

describe('where a key is needed', () => {
  it.each(table.filter((row) => !isOpen(row)))('%s is 401 without one, and with a wrong one', async (_, { method, path }) => {
    const body = method === 'get' || method === 'delete' ? undefined : {};
    for (const [headers, challenge] of [
      [{}, CHALLENGE],
      [bearer('nobody'), `${CHALLENGE}, error="invalid_token"`],
    ] as const) {
      const reply = await api(door.url + pathOf(path), { method: method.toUpperCase(), headers, body });
      expect([reply.status, reply.json['code']]).toEqual([401, 'UNAUTHENTICATED']);
      expect(reply.headers['www-authenticate']).toBe(challenge);
      expect(reply.headers['set-cookie']).toBeUndefined();
    }
  });

  it.each([
    ['GET', '/'],
    ['HEAD', '/'],
    ['GET', '/anything'],
    ['GET', '/api'],
    ['GET', '/api/nothing'],
    ['PUT', '/api/servers'],
    ['OPTIONS', '/api/servers'],
    ['POST', '/mcp'],
    ['GET', '/mcp'],
    ['DELETE', '/mcp'],
    ['HEAD', '/mcp'],
    ['POST', '/mcp/time'],
    ['POST', '/mcp/nobody'],
    ['GET', '/sse'],
    ['POST', '/messages?sessionId=x'],
    ['GET', '/API/health'],
    ['GET', '/api/health/'],
    ['POST', '/api/health'],
    ['POST', '/api/oauth/callback'],
    ['GET', '/api/oauth/callback/'],
    ['GET', '/api/servers/../health'],
    ['GET', '/api/servers/..\\health'],
    ['GET', '/api/servers/x\\..\\..\\oauth\\callback'],
    ['GET', '/api//health'],
    ['GET', '/api/%68ealth'],
    ['GET', '/.well-known/..\\api\\servers'],
    ['GET', '/.well-known/../api/servers'],
  ])('%s %s is 401 without one', async (method, path) => {
    expect(await raw(method, path)).toMatch(/^HTTP\/1\.1 401 /);
    expect(await raw(method, `http://localhost${path}`)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('is told in the words of MCP where MCP is spoken', async () => {
    const { status, json } = await api(`${door.url}/mcp`, { method: 'POST', body: { jsonrpc: '2.0', id: 1, method: 'ping' } });
    expect([status, json]).toMatchObject([401, { jsonrpc: '2.0', id: null, error: { code: -32600, data: { code: 'UNAUTHENTICATED' } } }]);
  });

  it('is open for a sign of life that says nothing else', async () => {
    for (const headers of [{}, bearer('use')]) {
      const answer = await api(`${door.url}/api/health`, { headers });
      const { status, json } = answer;
      expect(undocumented('get /api/health', answer)).toEqual([]);
      expect(status).toBe(200);
      expect(Object.keys(json).sort()).toEqual(['auth', 'server_id', 'status', 'timestamp']);
    }
    expect((await api(`${door.url}/api/health`, { headers: bearer('look') })).json).toMatchObject({ state: 'ready' });
    expect((await api(`${door.url}/api/health`, { headers: bearer('nobody') })).status).toBe(401);
  });

  it('is open for the return from a login, and for clients that look for a login server', async () => {
    expect((await api(`${door.url}/api/oauth/callback?error=denied`)).status).toBe(401);
    expect((await api(`${door.url}/api/oauth/callback?error=denied`)).headers['content-type']).toContain('text/html');
    for (const path of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp', '/mcp/.well-known/x']) {
      expect((await api(door.url + path)).status).toBe(404);
    }
  });

  it('is taken as a bearer token or as X-API-Key, and never from the query or a cookie', async () => {
    const ask = async (headers: Record<string, string>, query = '') => (await api(`${door.url}/api/servers${query}`, { headers })).status;
    expect(await ask(bearer('look'))).toBe(200);
    expect(await ask({ authorization: 'bearer   mcphub_look ' })).toBe(200);
    expect(await ask({ 'x-api-key': 'mcphub_look' })).toBe(200);
    expect(await ask({ authorization: 'Basic eDp5', 'x-api-key': 'mcphub_look' })).toBe(200);
    expect(await ask({ authorization: 'Bearer of-a-proxy', 'x-api-key': 'mcphub_look' })).toBe(200);
    for (const headers of [{ authorization: 'mcphub_look' }, { authorization: 'Basic mcphub_look' }, { cookie: 'key=mcphub_look' }]) {
      expect(await ask(headers)).toBe(401);
    }
    for (const query of ['?api_key=mcphub_look', '?access_token=mcphub_look', '?key=mcphub_look']) expect(await ask({}, query)).toBe(401);
  });
});

describe('scopes', () => {
  const keys = { all: ['admin'], use: ['mcp'], look: ['read'], both: ['mcp', 'read'] };

  it.each(table.filter((row) => !isOpen(row)))('%s is for keys that have its scope', async (_, route) => {
    const scope = neededScope(route);
    for (const [id, scopes] of Object.entries(keys)) {
      const status = await statusOf(route.method, route.path, bearer(id));
      const mayUse = scopes.includes('admin') || scopes.includes(scope);
      expect([id, status === 403]).toEqual([id, !mayUse]);
      expect(status).not.toBe(401);
    }
  });

  it('are those that are documented', () => {
    const needing = (scope: string): string[] => table.filter(([, route]) => neededScope(route) === scope).map(([name]) => name);
    expect(needing('nothing')).toEqual(['get /api/health', 'get /api/oauth/callback']);
    expect(needing('mcp')).toEqual([
      'post /api/servers/tools',
      'post /api/servers/resources',
      'post /api/servers/prompts',
      'post /api/servers/authorize',
      'post /api/oauth/manual_callback',
      'post /api/servers/logout',
    ]);
    expect(needing('read').filter((name) => !name.startsWith('get '))).toEqual(['post /api/servers/info', 'post /api/marketplace/details']);
    expect(needing('admin').filter((name) => name.startsWith('get '))).toEqual(['get /api/refresh', 'get /api/keys']);
  });

  it.each(['authorize', 'logout'])(
    'mcp is enough for a login of one’s own, and admin is needed for the one that all share: %s',
    async (path) => {
      const ask = async (id: string, headers: Record<string, string> = {}) =>
        api(`${door.url}/api/servers/${path}`, { method: 'POST', headers: { ...bearer(id), ...headers }, body: { server_name: 'mine' } });
      door.management.states.set('mine', serverObject('mine'));
      expect(await ask('use')).toMatchObject({ status: 403, json: { code: 'FORBIDDEN', data: { scope: 'admin' } } });
      expect((await ask('all', { host: 'hub.example' })).status).toBe(200);
      door.management.ownLogins.add('key:use');
      try {
        expect((await ask('use', { host: 'hub.example' })).status).toBe(200);
        expect((await ask('both')).status).toBe(403);
      } finally {
        door.management.ownLogins.clear();
      }
      expect(door.management.asked.slice(-2)).toEqual([`${path} key:all`, `${path} key:use`]);
    },
  );

  it('a login that all share is forgotten for programs on this machine alone, where no key is asked for', async () => {
    door.keys.isNeeded = false;
    const logOut = (headers: Record<string, string>) =>
      api(`${door.url}/api/servers/logout`, { method: 'POST', headers, body: { server_name: 'mine' } });
    door.management.states.set('mine', serverObject('mine'));
    expect(await logOut({ host: 'hub.example' })).toMatchObject({ status: 403, json: { data: { only: 'local' } } });
    expect((await logOut({})).status).toBe(200);
  });

  it.each(['/mcp', '/mcp/time', '/sse', '/messages?sessionId=x'])('%s needs mcp', async (path) => {
    const method = path === '/sse' ? 'HEAD' : 'POST';
    const refused = await api(door.url + path, { method, headers: bearer('look'), body: method === 'POST' ? {} : undefined });
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toBe(`${CHALLENGE}, error="insufficient_scope", scope="mcp"`);
    for (const id of ['use', 'both', 'all']) {
      const reply = await api(door.url + path, { method, headers: bearer(id), body: method === 'POST' ? {} : undefined });
      expect([401, 403]).not.toContain(reply.status);
    }
  });

  it('are named by the refusal', async () => {
    const { json } = await api(`${door.url}/api/servers`, { headers: bearer('use') });
    expect(json).toMatchObject({
      code: 'FORBIDDEN',
      data: { scope: 'read', scopes: ['mcp'] },
      error: expect.stringContaining('--scope mcp,read'),
    });
  });

  it('admin changes the config from anywhere, and no other key from here', async () => {
    const add = (headers: Record<string, string>, name: string) =>
      api(`${door.url}/api/servers`, { method: 'POST', headers, body: { name, config: { command: 'sh' } } });
    expect((await add({ ...bearer('all'), host: 'hub.example', 'x-forwarded-for': '192.0.2.7' }, 'far')).status).toBe(201);
    expect((await add(bearer('both'), 'near')).status).toBe(403);
    door.keys.isNeeded = false;
    expect((await add(bearer('both'), 'near')).status).toBe(403);
    expect((await add({}, 'near')).status).toBe(201);
  });
});

describe('where no key is needed', () => {
  beforeEach(() => {
    door.keys.isNeeded = false;
  });

  it('nobody is asked, whatever their client sends along', async () => {
    for (const headers of [{}, { authorization: 'Bearer of-something-else' }, { authorization: 'Basic eDp5' }, { 'x-api-key': 'abc' }]) {
      expect((await api(`${door.url}/api/servers`, { headers })).status).toBe(200);
    }
  });

  it('a key still counts: a revoked one lets nobody in, and its scopes hold', async () => {
    expect((await api(`${door.url}/api/servers`, { headers: bearer('nobody') })).status).toBe(401);
    expect((await api(`${door.url}/api/servers`, { headers: bearer('use') })).status).toBe(403);
    expect((await api(`${door.url}/api/servers`, { headers: bearer('look') })).status).toBe(200);
  });

  it('keys are made and revoked from this machine alone', async () => {
    const make = (headers: Record<string, string>) => api(`${door.url}/api/keys`, { method: 'POST', headers, body: { name: 'new' } });
    expect(await make({ host: 'hub.example' })).toMatchObject({ status: 403, json: { data: { only: 'local' } } });
    expect(await make({})).toMatchObject({ status: 201, json: { key: expect.stringMatching(/^mcphub_/) } });
    expect((await api(`${door.url}/api/keys/new`, { method: 'DELETE' })).status).toBe(200);
  });
});

it('tells an address with many wrong keys to wait, logs no key, and takes a right one all the same', async () => {
  const clock = new FakeClock();
  const busy = await startDoor({ clock });
  try {
    const ask = (id: string) => api(`${busy.url}/api/servers`, { headers: bearer(id) });
    for (let at = 0; at < 30; at += 1) expect((await ask(`wrong${at}`)).status).toBe(401);
    const { status, headers, json } = await ask('wrong');
    expect([status, json['code'], headers['retry-after']]).toEqual([429, 'LIMIT_EXCEEDED', '60']);
    expect((await ask('look')).status).toBe(200);
    await clock.advance(60_000);
    expect((await ask('wrong')).status).toBe(401);
    const warnings = busy.records.filter(({ message }) => message.includes('wrong API key'));
    expect(warnings.map(({ data }) => data)).toEqual([
      { address: '127.0.0.1', count: 1 },
      { address: '127.0.0.1', count: 1 },
    ]);
    expect(JSON.stringify(busy.records)).not.toContain('mcphub_');
  } finally {
    await busy.close();
  }
});

it.each([
  ['POST /mcp', 401],
  ['POST /api/servers', 401],
  ['GET /api/health', 200],
  ['GET /.well-known/x', 404],
])(
  'reads no endless body of somebody without a key: %s',
  async (what, status) => {
    const socket = connect(door.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => {
      // Expected: the hub closes while this side still sends.
    });
    const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
    socket.write(`${what} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const more = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', more);
    more();
    await closed;
    expect(text.split('\r\n', 1)[0]).toContain(`HTTP/1.1 ${status} `);
  },
  20_000,
);

/** The head of the answer to a request line as it stands, which HTTP libraries would tidy. */
function raw(method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(door.port, '127.0.0.1', () => {
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(text));
  });
}
