import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Outgoing, plainOutgoing } from '../../../src/base/index.ts';
import { headerFilter } from '../../../src/upstream/forwarded-headers.ts';
import type { RemoteLaunch } from '../../../src/upstream/index.ts';
import { startLegacyHttp } from '../../fixtures/http/legacy-http.ts';
import { startLegacySse } from '../../fixtures/http/legacy-sse.ts';
import { type HttpFixture, listen } from '../../fixtures/http/listen.ts';
import { startModernHttp } from '../../fixtures/http/modern-http.ts';
import { connectTo, remoteLaunch, toolCall } from '../../support/remote.ts';

const KEY = 'hunter2-key';
const TOKEN = 'hunter2-token';
const TENANT = 'hunter2-tenant';

const forward = headerFilter(['x-tenant']);

/** Everything that a launch can send along. */
const launchTo = (url: string, transport: RemoteLaunch['transport'] = 'http'): RemoteLaunch => ({
  ...remoteLaunch(url, { headers: { 'x-key': KEY }, transport }),
  ...(forward && { forward }),
  login: { authorizationUrl: undefined, authorization: async () => `Bearer ${TOKEN}`, renew: async () => false, stepUp: async () => {} },
});

const call = (name = 'echo') => toolCall(name, { origin: { principalId: 'local', era: 'legacy', headers: { 'x-tenant': TENANT } } });

function open<T extends HttpFixture>(fixture: T): T {
  onTestFinished(() => fixture.close());
  return fixture;
}

/** Redirects what `isMeant` says, and passes the rest on to another server as it came. */
async function redirecting(target: string, status: number, to: (path: string) => string, isMeant: (body: string) => boolean) {
  return open(
    await listen((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(Buffer.from(chunk));
        const body = Buffer.concat(chunks).toString();
        if (isMeant(body) && request.url === '/mcp') return void response.writeHead(status, { location: to('/moved') }).end();
        const passed = Object.entries(request.headers).filter(([name]) => !/^(?:host|connection|content-length)$/.test(name));
        const answer = await fetch(target, {
          method: request.method ?? 'GET',
          headers: Object.fromEntries(passed.map(([name, value]) => [name, String(value)])),
          ...(body !== '' && { body }),
        });
        const type = answer.headers.get('content-type');
        const session = answer.headers.get('mcp-session-id');
        response.writeHead(answer.status, { ...(type && { 'content-type': type }), ...(session && { 'mcp-session-id': session }) });
        for await (const chunk of answer.body ?? []) response.write(chunk);
        response.end();
      })().catch(() => response.destroy());
    }),
  );
}

async function trap() {
  const seen: IncomingHttpHeaders[] = [];
  const fixture = open(
    await listen((request, response) => {
      seen.push(request.headers);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    }, ''),
  );
  return { seen, url: fixture.url };
}

const isCall = (body: string): boolean => body.includes('"tools/call"');

describe.each([
  ['legacy', startLegacyHttp],
  ['modern', startModernHttp],
] as const)('a redirect by a %s server', (_, start) => {
  it.each([301, 302, 303, 307, 308])('%d to another origin gets nothing there', async (status) => {
    const elsewhere = await trap();
    const server = open(await start());
    const front = await redirecting(server.url, status, (path) => elsewhere.url + path, isCall);
    const { connection } = await connectTo(launchTo(front.url));
    await expect(connection.request(call())).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL', details: { status } });
    await connection.close();
    expect(elsewhere.seen).toEqual([]);
  });

  it.each([307, 308])('%d within its origin is followed with all that the request carries', async (status) => {
    const server = open(await start());
    const front = await redirecting(server.url, status, (path) => path, isCall);
    const { connection } = await connectTo(launchTo(front.url));
    expect((await connection.request(call())).outcome.result).toBeDefined();
    await connection.close();
    const carrying = server.seen.filter(({ headers }) => headers['x-tenant'] === TENANT);
    expect(carrying).toHaveLength(1);
    expect(carrying[0]?.headers).toMatchObject({ 'x-key': KEY, authorization: `Bearer ${TOKEN}` });
  });

  it.each([301, 302, 303])('%d of a call is not followed, since it would become a GET', async (status) => {
    const server = open(await start());
    const front = await redirecting(server.url, status, (path) => path, isCall);
    const { connection } = await connectTo(launchTo(front.url));
    await expect(connection.request(call())).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
    await connection.close();
  });

  it('from https to http is not followed, to the same host either', async () => {
    const server = open(await start());
    const asked: string[] = [];
    // What stands for TLS here: the address is the one thing that redirects go by.
    const secure: Outgoing = {
      roadTo: (origin) => ({
        send(request, receiver) {
          asked.push(origin);
          if (!isCall(String(request.body))) return plainOutgoing.roadTo(new URL(server.url).origin).send(request, receiver);
          receiver.head(307, { location: 'http://secure.test/mcp' });
          receiver.end();
          return { pause: () => {}, resume: () => {}, cancel: () => {} };
        },
      }),
    };
    const { connection } = await connectTo({ ...launchTo('https://secure.test/mcp'), outgoing: secure });
    await expect(connection.request(call())).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
    await connection.close();
    expect([...new Set(asked)]).toEqual(['https://secure.test']);
  });
});

describe('a redirect elsewhere', () => {
  it('of everything gets nothing there', async () => {
    const elsewhere = await trap();
    const front = await redirecting(
      'http://127.0.0.1:1',
      307,
      (path) => elsewhere.url + path,
      () => true,
    );
    await expect(connectTo(launchTo(front.url))).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
    expect(elsewhere.seen).toEqual([]);
  });

  it('of an event stream, or the endpoint that it names, gets nothing there', async () => {
    const elsewhere = await trap();
    const moved = open(await listen((_, response) => void response.writeHead(302, { location: elsewhere.url }).end(), '/sse'));
    await expect(connectTo(launchTo(moved.url, 'sse'))).rejects.toThrow('Server "srv"');
    const naming = open(
      await listen(({ method }, response) => {
        if (method !== 'GET') return void response.writeHead(405).end();
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`event: endpoint\ndata: ${elsewhere.url}/messages\n\n`);
      }, '/sse'),
    );
    await expect(connectTo(launchTo(naming.url, 'sse'))).rejects.toThrow(`wants messages posted to ${new URL(elsewhere.url).origin}`);
    await expect(connectTo(launchTo(naming.url, 'auto'))).rejects.toThrow(`wants messages posted to ${new URL(elsewhere.url).origin}`);
    expect(elsewhere.seen).toEqual([]);
  });
});

describe('HTTP+SSE', () => {
  it('carries the headers of a client with its own requests only', async () => {
    const server = open(await startLegacySse());
    const { connection } = await connectTo(launchTo(server.url, 'sse'));
    const other = toolCall('echo', { origin: { principalId: 'local', era: 'legacy', headers: { 'x-tenant': 'other' } } });
    await Promise.all([connection.request(call()), connection.request(other), connection.request(toolCall('echo'))]);
    await connection.close();
    const tenants = server.headers.flatMap((headers) => headers['x-tenant'] ?? []);
    expect(tenants.toSorted()).toEqual([TENANT, 'other']);
    expect(server.headers.every((headers) => headers['x-key'] === KEY)).toBe(true);
  });
});
