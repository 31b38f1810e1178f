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
      const token = /^Bearer (access-\d)$/.exec(request.headers.authorization ?? '')?.[1];
      if (token === undefined) return json(401, {}, { 'www-authenticate': 'Bearer scope="read"' });
      if (request.method !== 'POST') return json(405, {});
      const { id, method } = await readJson(request);
      if (id === undefined) return void response.writeHead(202).end();
      const answer = (result: object): void => json(200, { jsonrpc: '2.0', id, result });
      if (method === 'initialize') {
        return answer({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'shy', version: '1' } });
      }
      if (method === 'tools/list') {
        lists.push(token);
        const names = token === 'access-1' ? ['read'] : ['read', 'write'];
        return answer({ tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) });
      }
      if (method !== 'tools/call') return json(200, { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } });
      if (token === 'access-1') return json(403, {}, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write"' });
      return answer({ content: [{ type: 'text', text: 'written' }] });
    })().catch(() => response.destroy());
  });
  return { ...fixture, lists };
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
