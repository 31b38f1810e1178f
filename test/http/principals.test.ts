import { request } from 'node:http';
import { type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initialize, legacy, modern, open, type Reading, send, type Sent, until } from '../downstream/harness.ts';
import { legacyResult } from '../support/fake-gateway.ts';
import { bearer, type DoorHarness, startDoor } from './door-harness.ts';

let door: DoorHarness;
const readings: Reading[] = [];
beforeEach(async () => {
  door = await startDoor();
});
afterEach(async () => {
  for (const reading of readings.splice(0)) reading.close();
  await door.close();
});

/** A request with the key of that id. */
const as = (id: string, sent: Sent = {}): Sent => ({ ...sent, headers: { ...sent.headers, ...bearer(id) } });
const inSession = (session: string, sent: Sent = {}): Sent => ({ ...sent, headers: { ...sent.headers, 'mcp-session-id': session } });

async function sessionOf(id: string): Promise<string> {
  const { headers } = await send(`${door.url}/mcp`, as(id, { body: initialize() }));
  return String(headers['mcp-session-id']);
}

async function reading(path: string, sent: Sent): Promise<Reading> {
  const one = await open(door.url + path, sent);
  readings.push(one);
  return one;
}

describe('the principal of a call', () => {
  it('is that of its key, in both eras and by REST', async () => {
    door.gateway.on('tools/call', () => legacyResult({ content: [] }));
    const session = await sessionOf('use');
    await send(`${door.url}/mcp`, inSession(session, as('use', { body: legacy('tools/call', { name: 'x' }) })));
    await send(`${door.url}/mcp`, as('both', modern('tools/call', { name: 'x' })));
    const body = { server_name: 'time', tool: 'x' };
    await send(`${door.url}/api/servers/tools`, as('all', { body }));
    door.keys.isNeeded = false;
    await send(`${door.url}/mcp`, modern('tools/call', { name: 'x' }));
    const calls = door.gateway.calls.filter(({ method }) => method === 'tools/call');
    expect(calls.map(({ downstream }) => downstream.principal.id)).toEqual(['key:use', 'key:both', 'key:all', 'local']);
  });

  it('is that of its key on a stream of lines', async () => {
    const stream = await upgrade('use');
    stream.write(`${JSON.stringify(modern('tools/list').body)}\n`);
    await until(() => door.gateway.calls.length === 1, 'the call');
    expect(door.gateway.calls[0]?.downstream.principal.id).toBe('key:use');
    stream.destroy();
  });
});

describe('a session of another key', () => {
  it.each([
    ['a request', { body: legacy('tools/list') }],
    ['a notification', { body: { jsonrpc: '2.0', method: 'notifications/initialized' } }],
    ['its stream', { method: 'GET', headers: { accept: 'text/event-stream' } }],
    ['a resumed stream', { method: 'GET', headers: { accept: 'text/event-stream', 'last-event-id': '1' } }],
    ['its end', { method: 'DELETE' }],
  ] satisfies [string, Sent][])('does not exist: %s', async (_, sent) => {
    const session = await sessionOf('use');
    const { status } = await send(`${door.url}/mcp`, inSession(session, as('other', sent)));
    expect(status).toBe(404);
    door.keys.isNeeded = false;
    expect((await send(`${door.url}/mcp`, inSession(session, sent))).status).toBe(404);
    expect((await send(`${door.url}/mcp`, inSession(session, as('use', { body: legacy('ping') })))).status).toBe(200);
  });

  it('does not give away what was kept of its streams', async () => {
    const session = await sessionOf('use');
    const own = await reading('/mcp', inSession(session, as('use', { method: 'GET', headers: { accept: 'text/event-stream' } })));
    await until(() => own.ids.length > 0, 'an event with an id');
    own.close();
    const from = { method: 'GET', headers: { accept: 'text/event-stream', 'last-event-id': own.ids[0] ?? '' } };
    expect((await send(`${door.url}/mcp`, inSession(session, as('other', from)))).status).toBe(404);
    expect((await reading('/mcp', inSession(session, as('use', from)))).status).toBe(200);
  });

  it('cannot be written to on the old transport', async () => {
    const stream = await reading('/sse', as('use', { method: 'GET', headers: { accept: 'text/event-stream' } }));
    await until(() => stream.events.length > 0, 'the endpoint event');
    const path = stream.events[0]?.data ?? '';
    expect((await send(door.url + path, as('other', { body: initialize() }))).status).toBe(404);
    expect((await send(door.url + path, as('use', { body: initialize() }))).status).toBe(202);
  });
});

describe('a key that is revoked', () => {
  it('ends what it has open, of every kind, and leaves the others', async () => {
    const stream = { method: 'GET', headers: { accept: 'text/event-stream' } };
    const session = await sessionOf('both');
    const listen = modern('subscriptions/listen', { notifications: { toolsListChanged: true } });
    const open = await Promise.all([
      reading('/mcp', inSession(session, as('both', stream))),
      reading('/sse', as('both', stream)),
      reading('/api/events', as('both', stream)),
      reading('/mcp', as('both', listen)),
    ]);
    const lines = await upgrade('both');
    const others = await Promise.all([reading('/sse', as('use', stream)), reading('/api/events', as('look', stream))]);
    let otherEnds = 0;
    for (const other of others) void other.ended.then(() => (otherEnds += 1));
    const closed = new Promise((resolve) => lines.once('close', resolve));
    door.keys.revoke('both');
    expect((await send(`${door.url}/mcp`, inSession(session, as('both', { body: legacy('ping') })))).status).toBe(401);
    await Promise.all([...open.map(({ ended }) => ended), closed]);
    expect(otherEnds).toBe(0);
  });

  it('takes back the calls of its sessions, which are counted no more, whether or not somebody listens', async () => {
    const taken: unknown[] = [];
    door.gateway.on('tools/call', ({ params, signal }) => {
      signal.addEventListener('abort', () => void taken.push(params?.['name']), { once: true });
      return new Promise(() => undefined);
    });
    const [session, idle, other] = [await sessionOf('both'), await sessionOf('both'), await sessionOf('use')];
    const call = await reading('/mcp', inSession(session, as('both', { body: legacy('tools/call', { name: 'mine' }) })));
    const others = await reading('/mcp', inSession(other, as('use', { body: legacy('tools/call', { name: 'others' }, 2) })));
    await until(() => door.gateway.calls.filter(({ method }) => method === 'tools/call').length === 2, 'both calls');
    // Its client is gone, and would come back for the answer.
    call.close();
    expect(door.endpoint.clientCount).toBe(3);
    door.keys.revoke('both');
    await until(() => taken.length > 0, 'the call to be taken back');
    expect([taken, door.endpoint.clientCount]).toEqual([['mine'], 1]);
    expect((await send(`${door.url}/mcp`, inSession(idle, as('both', { body: legacy('ping') })))).status).toBe(401);
    others.close();
  });
});

/** A stream of lines of that key. */
function upgrade(id: string, more: Record<string, string> = {}): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'mcp-stdio', ...bearer(id), ...more };
    const req = request(`${door.url}/mcp`, { headers, agent: false });
    req.on('upgrade', (_, socket) => {
      socket.on('error', () => {
        // Expected where the hub ends it.
      });
      resolve(socket);
    });
    req.on('response', ({ statusCode }) => reject(new Error(`refused: ${statusCode}`)));
    req.on('error', reject).end();
  });
}

it('a stream of lines is refused without a key, and without the scope', async () => {
  await expect(upgrade('nobody')).rejects.toThrow('refused: 401');
  await expect(upgrade('look')).rejects.toThrow('refused: 403');
  // Of a page of another site, whatever it can send.
  await expect(upgrade('use', { 'sec-fetch-site': 'cross-site' })).rejects.toThrow('refused: 403');
});
