import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/index.ts';
import { at, CLIENT_ERAS, type Pairs, SERVERS, startPairs } from '../support/era-pairs.ts';
import type { RawClient } from '../support/raw-client.ts';

let pairs: Pairs;
beforeAll(async () => {
  pairs = await startPairs();
});
afterAll(() => pairs.stop());

const META = 'io.modelcontextprotocol/';
/** What stands in a list beside the items. */
const CACHE_FIELDS = { legacy: [], modern: ['cacheScope', 'resultType', 'ttlMs'] };

describe.each(CLIENT_ERAS)('a %s client', (clientEra) => {
  describe.each(SERVERS)('and the $era server over $transport', ({ name }) => {
    describe.each(['/mcp', `/mcp/${name}`])('at %s', (path) => {
      const merged = path === '/mcp';
      const own = (item: string): string => (merged ? `${name}__${item}` : item);
      const uri = (rest: string): string => `test://${name}/${rest}`;
      const raw = (): RawClient => pairs.raw(clientEra, path);
      const client = () => pairs.client(clientEra, path);
      const call = (tool: string, args: JsonObject = {}, options: { meta?: JsonObject; id?: string | number } = {}) =>
        raw().request('tools/call', { name: own(tool), arguments: args }, options);

      it('lists the tools with every field that the server gave', async () => {
        const { tools } = await client().listTools();
        expect(tools.map((tool) => tool.name)).toContain(own('echo'));
        const { response } = await raw().request('tools/list');
        const listed = (at(response, 'result', 'tools') as JsonObject[]).find((tool) => tool['name'] === own('echo'));
        expect(listed).toEqual({
          name: own('echo'),
          description: 'Tool echo.',
          inputSchema: { type: 'object', properties: {}, 'x-new': 'echo' },
          annotations: { readOnlyHint: true },
          _meta: { 'example.org/tool': 'echo' },
        });
        const fields = Object.keys(response['result'] as object).filter((field) => field !== 'tools' && field !== '_meta');
        expect(fields.sort()).toEqual(CACHE_FIELDS[clientEra]);
      });

      it('calls a tool, with structured content', async () => {
        const result = await client().callTool({ name: own('echo'), arguments: { text: 'é€😀', nothing: null } });
        expect(result.content).toEqual([{ type: 'text', text: '{"text":"é€😀","nothing":null}' }]);
        expect(result.structuredContent).toMatchObject({ server: name, args: { text: 'é€😀', nothing: null } });
      });

      it('passes a result with isError as it is', async () => {
        const result = await client().callTool({ name: own('fails') });
        expect(result).toMatchObject({ isError: true, content: [{ type: 'text', text: 'It did not work.' }] });
        expect(result._meta ?? {}).not.toHaveProperty('mcp-hub/error');
      });

      it('passes a JSON-RPC error of the server as it is', async () => {
        const { status, response } = await call('refuses', {}, { id: 'err' });
        const error = { code: 4711, message: 'Refused by the server.', data: { why: 'because', list: [1, 2] } };
        expect(response).toEqual({ jsonrpc: '2.0', id: 'err', error });
        expect(status).toBe(200);
        await expect(client().callTool({ name: own('refuses') })).rejects.toMatchObject({ code: 4711, data: error.data });
      });

      it('gets a prompt', async () => {
        const { prompts } = await client().listPrompts();
        expect(prompts.map((prompt) => prompt.name)).toContain(own('greet'));
        const { messages } = await client().getPrompt({ name: own('greet'), arguments: { who: 'Ada' } });
        expect(messages).toEqual([{ role: 'user', content: { type: 'text', text: 'greet Ada' } }]);
      });

      it('lists and reads resources and templates', async () => {
        const { response: list } = await raw().request('resources/list');
        expect(at(list, 'result', 'resources')).toContainEqual({ uri: uri('one'), name: 'one', 'x-new': 'one' });
        const { resourceTemplates } = await client().listResourceTemplates();
        expect(resourceTemplates.map((template) => template.uriTemplate)).toContain(uri('item/{id}'));
        for (const rest of ['two', 'item/7']) {
          const { response } = await raw().request('resources/read', { uri: uri(rest) });
          const contents = [{ uri: uri(rest), mimeType: 'text/plain', text: `${name} ${rest}`, 'x-new': 1 }];
          expect(response['result']).toMatchObject({ contents, 'x-future': [1] });
        }
      });

      it('says that a resource does not exist in the way of the client', async () => {
        const { response } = await raw().request('resources/read', { uri: uri('nowhere') });
        // Spec 2026-07-28 server/resources: -32602; 2025-11-25: -32002.
        expect(response['error']).toMatchObject({ code: clientEra === 'modern' ? -32602 : -32002, data: { uri: uri('nowhere') } });
      });

      it.runIf(clientEra === 'legacy')('answers ping, and not what the modern revision has instead', async () => {
        await client().ping();
        expect((await raw().request('ping')).response).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
        for (const method of ['server/discover', 'subscriptions/listen']) {
          expect((await raw().request(method)).response['error']).toMatchObject({ code: -32601 });
        }
      });

      it.runIf(clientEra === 'modern')('answers server/discover, and not what the revision removed', async () => {
        const { response } = await raw().request('server/discover');
        expect(response['result']).toMatchObject({ resultType: 'complete', supportedVersions: ['2026-07-28'] });
        expect(at(response['result'], '_meta', `${META}serverInfo`, 'name')).toBe(merged ? 'mcp-hub' : `recorder-${name}`);
        // Spec 2026-07-28 changelog: "Remove `ping`, `logging/setLevel`, and `notifications/roots/list_changed`." and "Replace the HTTP
        // GET endpoint and `resources/subscribe`/`resources/unsubscribe` with `subscriptions/listen`".
        for (const method of ['ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']) {
          const { status, response: refused } = await raw().request(method, { uri: uri('one'), level: 'error' });
          expect([status, at(refused, 'error', 'code')]).toEqual([404, -32601]);
        }
      });
    });
  });
});

describe('the pairs', () => {
  it('speak what they are called', async () => {
    expect(pairs.client('legacy', '/mcp').getNegotiatedProtocolVersion()).toBe('2025-11-25');
    expect(pairs.client('modern', '/mcp').getNegotiatedProtocolVersion()).toBe('2026-07-28');
    for (const { name, era } of SERVERS) {
      expect(await pairs.recorded(name, 'initialize')).toHaveLength(era === 'legacy' ? 1 : 0);
    }
  });
});
