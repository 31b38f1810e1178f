import { afterEach, expect, it } from 'vitest';
import { type HttpFixture, listen, readJson } from '../../fixtures/http/listen.ts';
import { eventually } from '../../support/eventually.ts';
import { type RunningHub, runHub } from '../../support/in-process-hub.ts';
import { clientOf, loginPageOf, shown, untilStatus } from '../../support/oauth-hub.ts';
import { ScriptedIssuer } from '../../support/scripted-login.ts';

const undo: (() => Promise<void> | undefined)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Shows and allows what its second token is for only with that one. */
async function shyServer(issuer: ScriptedIssuer): Promise<HttpFixture & { readonly lists: string[] }> {
  const lists: string[] = [];
  const fixture: HttpFixture = await listen((request, response) => {
    void (async () => {
      const json = (status: number, body: object, headers: Record<string, string> = {}): void =>
        void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
      if (request.url?.startsWith('/.well-known/')) return json(200, { resource: fixture.url, authorization_servers: [issuer.url] });
      const [, token] = /^Bearer (access-\d)$/.exec(String(request.headers.authorization)) ?? [];
      if (token === undefined) return json(401, {}, { 'www-authenticate': 'Bearer scope="read"' });
      if (request.method !== 'POST') return json(405, {});
      const { id, method } = await readJson(request);
      if (id === undefined) return void response.writeHead(202).end();
      if (method === 'tools/list') lists.push(token);
      const isSmall = token === 'access-1';
      if (isSmall && method === 'tools/call') return json(403, {}, { 'www-authenticate': INSUFFICIENT });
      const result = resultOf(String(method), isSmall);
      json(200, { jsonrpc: '2.0', id, ...(result ? { result } : { error: { code: -32601, message: 'Method not found' } }) });
    })().catch(() => response.destroy());
  });
  return { ...fixture, lists };
}

const INSUFFICIENT = 'Bearer error="insufficient_scope", scope="write"';

function resultOf(method: string, isSmall: boolean): object | undefined {
  const tools = isSmall ? ['read'] : ['read', 'write'];
  const results: Readonly<Record<string, object>> = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'shy', version: '1' } },
    'tools/list': { tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) },
    'tools/call': { content: [{ type: 'text', text: 'written' }] },
  };
  return results[method];
}

/** What the browser of a person who agrees does. */
async function agree(hub: RunningHub, issuer: ScriptedIssuer, page: string): Promise<void> {
  const state = new URL(page).searchParams.get('state') ?? '';
  const query = new URLSearchParams({ code: 'the-code', state, iss: issuer.url });
  expect((await fetch(`${hub.origin}/api/oauth/callback?${query.toString()}`)).status).toBe(200);
}

it('a login with more rights shows what they are for: the lists are fetched once after it', async () => {
  const issuer = await new ScriptedIssuer().open();
  undo.push(() => issuer.close());
  const server = await shyServer(issuer);
  undo.push(() => server.close());
  const hub = await runHub({ mcpServers: { guarded: { url: server.url } } });
  undo.push(() => hub.stop());
  await agree(hub, issuer, await loginPageOf(hub));
  await untilStatus(hub, 'connected');
  expect(server.lists).toEqual(['access-1']);
  const client = await clientOf(hub, 'modern');
  const call = { name: 'guarded__read', arguments: {} };
  expect((await client.call('tools/call', call)).response).toMatchObject({ result: { isError: true } });
  const { authorizationUrl } = await shown(hub);
  await agree(hub, issuer, authorizationUrl ?? '');
  await eventually(async () => expect((await shown(hub)).capabilities.tools).toHaveLength(2));
  expect((await client.call('tools/call', { ...call, name: 'guarded__write' })).response).toMatchObject({
    result: { content: [{ text: 'written' }] },
  });
  expect(server.lists).toEqual(['access-1', 'access-2']);
  await client.close();
});
