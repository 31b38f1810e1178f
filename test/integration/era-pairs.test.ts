import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENVELOPE } from '../downstream/harness.ts';
import type { JsonObject } from '../../src/protocol/index.ts';
import { at, CLIENT_ERAS, type Pairs, SERVERS, startPairs } from '../support/era-pairs.ts';
import type { RawClient } from '../support/raw-client.ts';

let pairs: Pairs;
beforeAll(async () => {
  pairs = await startPairs();
});
afterAll(() => pairs.stop());

const META = 'io.modelcontextprotocol/';
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** What the raw client says of itself in a handshake. */
const LEGACY_CLIENT = { name: 'test', version: '1' };
/** What stands in a list beside the items. */
const CACHE_FIELDS = { legacy: [], modern: ['cacheScope', 'resultType', 'ttlMs'] };

describe.each(CLIENT_ERAS)('a %s client', (clientEra) => {
  describe.each(SERVERS)('and the $era server over $transport', ({ name, era, transport }) => {
    describe.each(['/mcp', `/mcp/${name}`])('at %s', (path) => {
      const merged = path === '/mcp';
      const own = (item: string): string => (merged ? `${name}__${item}` : item);
      const uri = (rest: string): string => `test://${name}/${rest}`;
      const raw = (): RawClient => pairs.raw(clientEra, path);
      const client = () => pairs.client(clientEra, path);
      const call = (tool: string, args: JsonObject = {}, options: { meta?: JsonObject; id?: string | number } = {}) =>
        raw().request('tools/call', { name: own(tool), arguments: args }, options);
      const recorded = (method: string) => pairs.recorded(name, method);
      const markedCall = async (mark: string) =>
        (await recorded('tools/call')).findLast(({ params }) => at(params, 'arguments', 'mark') === mark);

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

      it('brings unknown fields and _meta of a result', async () => {
        const { response } = await call('echo', { a: 1 });
        const result = response['result'] as JsonObject;
        expect(result['x-future']).toEqual({ kept: [true, null, 1.5] });
        expect(result['_meta']).toMatchObject({ 'example.org/answer': { deep: ['kept'] } });
        expect(result['resultType']).toBe(clientEra === 'modern' ? 'complete' : undefined);
      });

      it('brings unknown fields, _meta and traceparent to the server, and the envelope to whom it belongs', async () => {
        const mark = `meta ${clientEra} ${path}`;
        const meta = { 'example.org/deep': { list: [1, { x: null }] }, traceparent: TRACE, progressToken: 'tok' };
        const one = await pairs.openRaw(clientEra, path);
        await one.request('tools/call', { name: own('echo'), arguments: { mark }, 'x-future': { a: [1] } }, { meta });
        await one.close();
        const seen = await markedCall(mark);
        const envelope = era === 'modern' ? { ...ENVELOPE, ...(clientEra === 'legacy' && { [`${META}clientInfo`]: LEGACY_CLIENT }) } : {};
        expect(seen?.params).toEqual({
          name: 'echo',
          arguments: { mark },
          'x-future': { a: [1] },
          _meta: { ...meta, progressToken: expect.any(Number), ...envelope },
        });
        const headers = { 'mcp-method': 'tools/call', 'mcp-name': 'echo', 'mcp-protocol-version': '2026-07-28' };
        expect(seen?.headers ?? {}).toMatchObject(era === 'modern' && transport === 'http' ? headers : {});
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

      it.each(['same', 7, 0])('gives each of two callers with the token %j only its own progress', async (token) => {
        const other = await pairs.openRaw(clientEra, path);
        const both = [raw(), other].map(async (one, at) => {
          const params = { name: own('steps'), arguments: { who: `caller ${at}` } };
          return one.request('tools/call', params, { id: 1, meta: { progressToken: token } });
        });
        for (const [at, answer] of (await Promise.all(both)).entries()) {
          expect(answer.response).toMatchObject({ id: 1, result: { content: [{ text: `caller ${at}` }] } });
          expect(answer.notes).toEqual(
            [1, 2, 3].map((progress) => ({
              jsonrpc: '2.0',
              method: 'notifications/progress',
              params: { progressToken: token, progress, total: 3, message: `caller ${at}`, 'x-new': progress },
            })),
          );
        }
        await other.close();
      });

      it('tells the server of a cancellation in the way of its era, and the connection lives on', async () => {
        const mark = `hang ${clientEra} ${path}`;
        const pid = await pairs.pidOf(name);
        const controller = new AbortController();
        const hanging = client().callTool({ name: own('hangs'), arguments: { mark } }, { signal: controller.signal });
        hanging.catch(() => undefined);
        await expect.poll(() => markedCall(mark)).toBeDefined();
        controller.abort('enough');
        await expect(hanging).rejects.toBeDefined();
        const takenBack = async () => (await recorded('hangs was taken back')).map((message) => message.params['mark']);
        await expect.poll(takenBack).toContain(mark);
        const ids = (await recorded('notifications/cancelled')).map((message) => message.params['requestId']);
        const id = (await markedCall(mark))?.id;
        // Spec 2026-07-28 basic/patterns/cancellation: "Closing the SSE response stream is the cancellation signal. […] No
        // `notifications/cancelled` message is required or expected."
        expect(ids.includes(id)).toBe(!(era === 'modern' && transport === 'http'));
        const after = await client().callTool({ name: own('echo') });
        expect(after.structuredContent).toMatchObject({ pid });
      });

      it('brings log messages from the wanted level up', async () => {
        const logger = await pairs.openRaw(clientEra, path);
        if (clientEra === 'legacy') await logger.request('logging/setLevel', { level: 'error' });
        const inEnvelope = { [`${META}logLevel`]: 'error' };
        const mark = `log ${clientEra} ${path}`;
        const params = { name: own('logs'), arguments: { mark } };
        const { notes } = await logger.request('tools/call', params, { meta: clientEra === 'modern' ? inEnvelope : {} });
        await logger.close();
        expect(notes.map((note) => at(note, 'params', 'level'))).toEqual(['error', 'critical', 'alert', 'emergency']);
        expect(notes[0]?.['params']).toEqual({ level: 'error', logger: 'recorder', data: { mark, level: 'error' } });
        const sent = await markedCall(mark);
        expect(at(sent?.params, '_meta', `${META}logLevel`)).toBe(era === 'modern' ? 'error' : undefined);
      });

      it('completes an argument of a prompt and of a template', async () => {
        const argument = { name: 'who', value: 'A' };
        const { completion } = await client().complete({ ref: { type: 'ref/prompt', name: own('greet') }, argument });
        expect(completion).toEqual({ values: ['A1', 'A2'], 'x-new': true });
        expect((await recorded('completion/complete')).at(-1)?.params).toMatchObject({
          ref: { type: 'ref/prompt', name: 'greet' },
          argument,
        });
        const ofTemplate = await client().complete({ ref: { type: 'ref/resource', uri: uri('item/{id}') }, argument });
        expect(ofTemplate.completion.values).toEqual(['A1', 'A2']);
        expect((await recorded('completion/complete')).at(-1)?.params).toMatchObject({ ref: { uri: uri('item/{id}') } });
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

      it('gives the instructions', () => {
        const all = SERVERS.map((server) => `## ${server.name}\n\nInstructions of ${server.name}.`).join('\n\n');
        expect(client().getInstructions()).toBe(merged ? all : `Instructions of ${name}.`);
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

      // Spec 2026-07-28 changelog: "servers MUST NOT emit `notifications/message` for requests that did not include this field". A legacy
      // session that set no level is the server's to decide about.
      it.runIf(clientEra === 'modern')('brings no log message to a call that asked for none', async () => {
        expect((await call('logs')).notes).toEqual([]);
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
