import { expect, it } from 'vitest';
import { isObject, type JsonObject } from '../../../src/protocol/index.ts';
import { at } from '../../support/era-pairs.ts';
import { ABLE, openMatrix } from '../../support/matrix.ts';
import { newMark } from '../../support/matrix-questions.ts';
import type { WireClient } from '../../support/wire-client.ts';

const feature = openMatrix();
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

/** `_meta` of a request as somebody sends it who knows more than the hub. */
const META: JsonObject = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=a:b,other=1',
  baggage: 'user=%C3%A4,x=1',
  'example.org/deep': { list: [1, { x: null }], text: 'é€😀' },
  'no-prefix': 0,
  'modelcontextprotocol.io/near': false,
};

feature('unknown _meta', (cell) => {
  it('travels with a request, its notifications and its result', async () => {
    const { viaHub, direct } = await cell.both(async (client, own) => {
      if (client.era === 'legacy') await client.call('logging/setLevel', { level: 'debug' });
      const meta = { ...META, progressToken: 'tok', ...(client.era === 'modern' && { [LOG_LEVEL]: 'debug' }) };
      const { notes, response } = await client.call('tools/call', { name: own('tells_meta'), arguments: {} }, { meta });
      return { notes, result: response['result'] };
    });
    expect(direct.result).toMatchObject({ structuredContent: { came: META }, _meta: { traceparent: META['traceparent'] } });
    expect(direct.notes).toHaveLength(2);
    expect(viaHub.notes).toEqual(direct.notes);
    expect(viaHub.result).toEqual(cell.asDocumented(direct.result, 'tools/call'));
  });

  const echo = (own: (item: string) => string) => ({ name: own('echo'), arguments: { a: null } });
  const greet = (own: (item: string) => string) => ({ name: own('greet'), arguments: { who: 'Ada' } });
  const REQUESTS: [string, (own: (item: string) => string) => JsonObject][] = [
    ['tools/call', echo],
    ['prompts/get', greet],
    ['resources/read', () => ({ uri: cell.uri('one') })],
    ['completion/complete', (own) => ({ ref: { type: 'ref/prompt', name: own('greet') }, argument: { name: 'who', value: '' } })],
  ];
  it.each(REQUESTS)('travels with %s, as unknown params do, and the envelope to whom it belongs', async (method, paramsOf) => {
    const mark = newMark();
    const client = await cell.viaHub({ capabilities: ABLE });
    const original = paramsOf((item) => item);
    const params = { ...paramsOf(cell.own), 'x-future': { a: [1] } };
    await client.call(method, params, { meta: { ...META, mark, progressToken: 'tok' } });
    const seen = (await cell.recorded(method)).findLast((message) => at(message['params'], '_meta', 'mark') === mark);
    const envelope = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': ABLE,
    };
    expect(seen?.['params']).toEqual({
      ...original,
      'x-future': { a: [1] },
      _meta: { ...META, mark, progressToken: expect.any(Number) as number, ...(cell.era === 'modern' && envelope) },
    });
    const { name: named = original['uri'] } = original;
    const derived = { 'mcp-method': method, 'mcp-protocol-version': '2026-07-28', ...(named !== undefined && { 'mcp-name': named }) };
    expect(seen?.['headers'] ?? {}).toMatchObject(cell.era === 'modern' && cell.transport === 'http' ? derived : {});
  });
});

feature('unknown result fields', (cell) => {
  const CALLS: [string, (own: (item: string) => string) => JsonObject][] = [
    ['tools/call', (own) => ({ name: own('future'), arguments: {} })],
    ['prompts/get', (own) => ({ name: own('greet'), arguments: { who: 'Ada' } })],
    ['resources/read', () => ({ uri: cell.uri('one') })],
    ['completion/complete', (own) => ({ ref: { type: 'ref/prompt', name: own('greet') }, argument: { name: 'who', value: 'A' } })],
  ];

  it.each(CALLS)('%s: on top and inside, they stay', async (method, paramsOf) => {
    const { viaHub, direct } = await cell.both(async (client, own) => (await client.call(method, paramsOf(own))).response['result']);
    expect(isObject(direct)).toBe(true);
    expect(viaHub).toEqual(cell.asDocumented(direct, method));
  });

  const LISTS = [
    ['tools', 'echo'],
    ['prompts', 'greet'],
    ['resources', 'one'],
    ['resourceTemplates', 'item'],
  ] as const;
  it.each(LISTS)('in the list of %s they stay with each item', async (list, name) => {
    const { viaHub, direct } = await cell.both(async (client, own) => {
      const { response } = await client.call(list === 'resourceTemplates' ? 'resources/templates/list' : `${list}/list`);
      const names = [own(name), cell.uri(name), cell.uri(`${name}/{id}`)];
      const isWanted = (one: JsonObject) => names.includes(String(one['uri'] ?? one['uriTemplate'] ?? one['name']));
      const item = (at(response, 'result', list) as JsonObject[]).find(isWanted);
      return item && { ...item, name };
    });
    expect(direct).toBeDefined();
    expect(viaHub).toEqual(direct);
  });

  it('in an error its code, message and data stay', async () => {
    const { viaHub, direct } = await cell.both(
      async (client, own) => (await client.call('tools/call', { name: own('refuses'), arguments: {} })).response['error'],
    );
    expect(direct).toEqual({ code: 4711, message: 'Refused by the server.', data: { why: 'because', list: [1, 2] } });
    expect(viaHub).toEqual(direct);
  });
});

const listedTool = async (client: WireClient, name: string): Promise<JsonObject | undefined> => {
  const { response } = await client.call('tools/list');
  return (at(response, 'result', 'tools') as JsonObject[]).find((tool) => tool['name'] === name);
};

const NO_OBJECTS = ['structured_array', 'structured_text', 'structured_nothing'];

feature('structured content', (cell) => {
  const structured = async (client: WireClient, own: (item: string) => string, name: string) => {
    const { response } = await client.call('tools/call', { name: own(name), arguments: {} });
    return { listed: { ...(await listedTool(client, own(name))), name }, result: response['result'] };
  };

  it('an object and its schema in 2020-12 keywords arrive untouched', async () => {
    const { viaHub, direct } = await cell.both((client, own) => structured(client, own, 'structured_object'));
    expect(direct.listed).toHaveProperty(['outputSchema', 'unevaluatedProperties'], false);
    expect(direct.result).toHaveProperty(['structuredContent', 'pair'], ['a', null]);
    expect(viaHub.listed).toEqual(direct.listed);
    expect(viaHub.result).toEqual(cell.asDocumented(direct.result, 'tools/call'));
  });

  // Spec 2025-11-25 server/tools: "Structured content is returned as a JSON object in the `structuredContent` field of a result." A legacy
  // server has no other; spec 2026-07-28 server/tools: "This can be any JSON value (object, array, string, number, boolean, or null)".
  it.runIf(cell.era === 'modern').each(NO_OBJECTS)(
    '%s: what is no object arrives as it is, or for a legacy client within one and without its schema',
    async (tool) => {
      const { viaHub, direct } = await cell.both((client, own) => structured(client, own, tool));
      const { outputSchema, ...withoutSchema } = direct.listed as JsonObject;
      expect(outputSchema).toBeDefined();
      expect(viaHub.listed).toEqual(cell.clientEra === 'modern' ? direct.listed : withoutSchema);
      expect(viaHub.result).toEqual(cell.asDocumented(direct.result, 'tools/call'));
      const content = at(direct.result, 'structuredContent');
      expect(at(viaHub.result, 'structuredContent')).toEqual(cell.clientEra === 'modern' ? content : { result: content });
    },
  );

  it.runIf(cell.era === 'legacy')('a server of a revision that knows objects only lists no other', async () => {
    const client = await cell.viaHub();
    for (const tool of NO_OBJECTS) expect(await listedTool(client, cell.own(tool))).toBeUndefined();
  });
});
