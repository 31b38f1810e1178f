import { request } from 'node:http';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from 'sdk-v1/client/index.js';
import { SSEClientTransport } from 'sdk-v1/client/sse.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Era } from '../../src/protocol/index.ts';
import { type LegacyHttpFixture, startLegacyHttp } from '../fixtures/http/legacy-http.ts';
import { type LegacySseFixture, startLegacySse } from '../fixtures/http/legacy-sse.ts';
import { type ModernHttpFixture, startModernHttp } from '../fixtures/http/modern-http.ts';
import { CLIENT_ERAS } from '../support/era-pairs.ts';
import { tellingMcp } from '../fixtures/http/telling-mcp.ts';
import { eventually } from '../support/eventually.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';

/** What a client sends that must stay with the hub. */
const OF_THE_HUB = {
  authorization: 'Bearer hub-key',
  'x-api-key': 'hub-key',
  cookie: 'hub-key=1',
  'proxy-authorization': 'hub-key',
  'x-other': 'hub-key',
};

type Headers = Readonly<Record<string, unknown>>;

let legacy: LegacyHttpFixture;
let own: LegacyHttpFixture;
let closed: LegacyHttpFixture;
let modern: ModernHttpFixture;
let sse: LegacySseFixture;
let hub: RunningHub;

beforeAll(async () => {
  [legacy, own, closed, modern, sse] = await Promise.all([
    startLegacyHttp(),
    startLegacyHttp(),
    startLegacyHttp(),
    startModernHttp(),
    startLegacySse(),
  ]);
  const forwardHeaders = ['X-Tenant', 'X-Trace-*', 'X-Set'];
  const headers = { 'X-Set': 'by the config' };
  hub = await runHub({
    mcpServers: {
      legacy: { url: legacy.url, forwardHeaders, headers },
      own: { url: own.url, forwardHeaders, headers, isolation: 'session' },
      closed: { url: closed.url, headers },
      modern: { url: modern.url, forwardHeaders: [...forwardHeaders, 'X-*'], headers },
      sse: { url: sse.url, type: 'sse', forwardHeaders, headers },
      local: fixture('echo.mjs'),
    },
    startupWait: 20_000,
  });
});
afterAll(async () => {
  await hub.stop();
  await Promise.all([legacy, own, closed, modern, sse].map((server) => server.close()));
});
beforeEach(() => {
  for (const list of [legacy.seen, own.seen, closed.seen, modern.seen, sse.headers]) list.splice(0);
});

async function as(era: Era, tenant: string, use: (client: Client) => Promise<unknown>, more: Record<string, string> = {}): Promise<void> {
  const mode = era === 'legacy' ? ('legacy' as const) : { pin: '2026-07-28' };
  const client = new Client({ name: 'forwarding', version: '1' }, { versionNegotiation: { mode } });
  const headers = { ...OF_THE_HUB, 'x-tenant': tenant, 'x-trace-id': `trace of ${tenant}`, 'x-set': 'by the client', ...more };
  const transport = new StreamableHTTPClientTransport(new URL(hub.url), { requestInit: { headers } });
  await client.connect(transport);
  try {
    await use(client);
  } finally {
    if (era === 'legacy') await transport.terminateSession();
    await client.close();
  }
}

const echo = (client: Client, server: string) => client.callTool({ name: `${server}__echo`, arguments: {} });

const requestsOf = {
  legacy: (): Headers[] => legacy.seen.filter(({ rpc }) => rpc === 'tools/call').map(({ headers }) => headers),
  modern: (): Headers[] => modern.seen.filter(({ body }) => body['method'] === 'tools/call').map(({ headers }) => headers),
  sse: (): Headers[] => sse.headers.filter((headers) => headers['x-tenant'] !== undefined),
};

describe.each(CLIENT_ERAS)('the headers of a %s client', (era) => {
  it.each(['legacy', 'modern', 'sse'] as const)('go with its call to the %s server as far as the entry says', async (server) => {
    await as(era, 'ada', (client) => echo(client, server));
    const [sent, ...others] = requestsOf[server]();
    expect(others).toEqual([]);
    expect(sent).toMatchObject({ 'x-tenant': 'ada', 'x-trace-id': 'trace of ada', 'x-set': 'by the config' });
    const allOf = [...legacy.seen.map((one) => one.headers), ...modern.seen.map((one) => one.headers), ...sse.headers];
    for (const secret of ['Bearer hub-key', 'hub-key=1']) expect(JSON.stringify(allOf)).not.toContain(secret);
    for (const name of ['authorization', 'x-api-key', 'cookie', 'proxy-authorization']) expect(sent).not.toHaveProperty(name);
  });

  it('do not go to a server whose entry names none', async () => {
    await as(era, 'ada', (client) => echo(client, 'closed'));
    const sent = JSON.stringify(closed.seen);
    expect(closed.seen.length).toBeGreaterThan(0);
    for (const value of ['ada', 'hub-key', 'by the client']) expect(sent).not.toContain(value);
  });

  it('do not go to a server whose turn it is not, and a local server is called as ever', async () => {
    await as(era, 'ada', async (client) => {
      await echo(client, 'legacy');
      await client.callTool({ name: 'local__echo', arguments: { text: 'x' } });
    });
    expect(JSON.stringify([closed.seen, modern.seen, sse.headers, own.seen])).not.toContain('ada');
  });

  it('stay with their own requests where clients share a connection', async () => {
    const tenants = Array.from({ length: 8 }, (_, index) => `tenant-${index}`);
    await Promise.all(
      tenants.map((tenant) =>
        as(era, tenant, async (client) => {
          await Promise.all([echo(client, 'legacy'), echo(client, 'modern'), echo(client, 'sse'), echo(client, 'legacy')]);
        }),
      ),
    );
    const count = (seen: readonly Headers[]) => tenants.map((tenant) => seen.filter((headers) => headers['x-tenant'] === tenant).length);
    expect(count(requestsOf.legacy())).toEqual(tenants.map(() => 2));
    expect(count(requestsOf.modern())).toEqual(tenants.map(() => 1));
    expect(count(requestsOf.sse())).toEqual(tenants.map(() => 1));
    for (const headers of [...requestsOf.legacy(), ...requestsOf.modern()])
      expect(headers['x-trace-id']).toBe(`trace of ${String(headers['x-tenant'])}`);
  });
});

describe('the connection that all clients share', () => {
  it('carries no header of any of them with what is its own', async () => {
    await as('legacy', 'ada', (client) => echo(client, 'legacy'));
    await legacy.offer.announce();
    await legacy.forget();
    await as('legacy', 'bob', (client) => echo(client, 'legacy'));
    const others = legacy.seen.filter(({ rpc }) => rpc !== 'tools/call');
    expect(others.map(({ rpc }) => rpc)).toContain('initialize');
    expect(JSON.stringify(others)).not.toMatch(/ada|bob/);
  });
});

describe('a session with a connection of its own', () => {
  it('has its headers on everything that is sent there, and none of another session', async () => {
    await Promise.all(['ada', 'bob'].map((tenant) => as('legacy', tenant, (client) => echo(client, 'own'))));
    const isDone = (): void => expect(own.seen.filter(({ method }) => method === 'DELETE')).toHaveLength(2);
    await eventually(isDone);
    const tenantsOf = new Map<unknown, Set<unknown>>();
    for (const { headers } of own.seen) {
      const session = headers['mcp-session-id'];
      if (session !== undefined) tenantsOf.set(session, (tenantsOf.get(session) ?? new Set()).add(headers['x-tenant']));
    }
    const tenants = [...tenantsOf.values()].map((set) => [...set]);
    expect(tenants.toSorted()).toEqual([['ada'], ['bob']]);
    const began = own.seen.filter(({ rpc }) => rpc === 'initialize').map(({ headers }) => headers['x-tenant']);
    expect(began.toSorted()).toEqual(['ada', 'bob']);
  });

  it('is none for calls that belong to no session: what they take turns on carries nobody by itself', async () => {
    await as('modern', 'ada', (client) => echo(client, 'own'));
    await as('modern', 'bob', (client) => echo(client, 'own'));
    const calls = own.seen.filter(({ rpc }) => rpc === 'tools/call').map(({ headers }) => headers['x-tenant']);
    expect(calls).toEqual(['ada', 'bob']);
    expect(JSON.stringify(own.seen.filter(({ rpc }) => rpc !== 'tools/call'))).not.toMatch(/ada|bob/);
  });
});

describe('other roads', () => {
  it('REST calls hand headers on as well', async () => {
    const response = await fetch(`${hub.origin}/api/servers/tools`, {
      method: 'POST',
      headers: { ...OF_THE_HUB, 'content-type': 'application/json', 'x-tenant': 'rest' },
      body: JSON.stringify({ server_name: 'modern', tool: 'echo', arguments: {} }),
    });
    expect(response.status).toBe(200);
    expect(requestsOf.modern()).toMatchObject([{ 'x-tenant': 'rest', 'x-other': 'hub-key' }]);
    expect(requestsOf.modern()[0]).not.toHaveProperty('x-api-key');
  });

  it('clients of HTTP+SSE do too', async () => {
    const client = new OldClient({ name: 'old', version: '1' });
    await client.connect(new SSEClientTransport(new URL(`${hub.origin}/sse`), { requestInit: { headers: { 'x-tenant': 'old' } } }));
    await client.callTool({ name: 'legacy__echo', arguments: {} });
    await client.close();
    expect(requestsOf.legacy()).toMatchObject([{ 'x-tenant': 'old' }]);
  });

  it('what a client says is for the hub alone stays there, whatever is listed', async () => {
    const body = JSON.stringify({ server_name: 'modern', tool: 'echo', arguments: {} });
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', connection: 'close, X-Tenant', 'x-tenant': 'hop', 'x-far': 'far' };
      const sent = request(`${hub.origin}/api/servers/tools`, { method: 'POST', headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      sent.on('error', reject).end(body);
    });
    expect(status).toBe(200);
    expect(requestsOf.modern()[0]).toMatchObject({ 'x-far': 'far' });
    expect(requestsOf.modern()[0]).not.toHaveProperty('x-tenant');
  });
});

describe('what was handed on', () => {
  const TOKEN = 'tenant+token/of-ada';

  it.each(['shared', 'session'])('is in no error and no log line, whatever a server with %s connections says', async (isolation) => {
    const telling = await tellingMcp();
    const forwardHeaders = ['X-Tenant'];
    const own = await runHub({ mcpServers: { telling: { url: telling.url, forwardHeaders, isolation } }, startupWait: 20_000 });
    try {
      const answers: string[] = [];
      const headers = { 'content-type': 'application/json', 'x-tenant': TOKEN };
      const body = JSON.stringify({ server_name: 'telling', tool: 'tell', arguments: {} });
      answers.push(await (await fetch(`${own.origin}/api/servers/tools`, { method: 'POST', headers, body })).text());
      const client = new Client({ name: 'forwarding', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
      const requestInit = { headers: { 'x-tenant': TOKEN } };
      await client.connect(new StreamableHTTPClientTransport(new URL(own.url), { requestInit }));
      answers.push(JSON.stringify(await client.callTool({ name: 'telling__tell', arguments: {} }).catch(String)));
      await client.close();
      const state = await (await fetch(`${own.origin}/api/servers/telling`)).text();
      expect(telling.told()).toBeGreaterThan(1);
      for (const text of answers) expect(text).toContain('[redacted]');
      const all = [...answers, state, JSON.stringify(own.records)].join('\n');
      for (const spelling of [TOKEN, encodeURIComponent(TOKEN)]) expect(all).not.toContain(spelling);
    } finally {
      await own.stop();
      await telling.close();
    }
  });
});
