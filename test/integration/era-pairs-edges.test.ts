import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { legacy, modern, open, send, startSession } from '../downstream/harness.ts';
import { at, CLIENT_ERAS, connectClient, type Pairs, SERVERS, startPairs } from '../support/era-pairs.ts';

let pairs: Pairs;
beforeAll(async () => {
  pairs = await startPairs();
});
afterAll(() => pairs.stop());

describe.each(SERVERS)('with the $era server over $transport', ({ name, era, transport }) => {
  const recorded = (method: string) => pairs.recorded(name, method);
  const calls = async (mark: string) => (await recorded('tools/call')).filter(({ params }) => at(params, 'arguments', 'mark') === mark);
  const takenBack = async () => (await recorded('hangs was taken back')).map(({ params }) => params['mark']);
  /** Sends something within a legacy session. */
  const inSession = (session: string, body: ReturnType<typeof legacy>) =>
    open(pairs.hub.url, { headers: { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }, body });
  const hang = (mark: string, id: string | number) => legacy('tools/call', { name: `${name}__hangs`, arguments: { mark } }, id);
  const cancel = (requestId: string | number) => {
    const { id: _id, ...body } = legacy('notifications/cancelled', { requestId, reason: 'changed my mind' });
    return body;
  };

  it('a cancellation hits the one request of the one session, whatever ids the others use', async () => {
    const [one, other] = await Promise.all([startSession(pairs.hub.url), startSession(pairs.hub.url)]);
    const hanging = [inSession(one, hang('one 7', 7)), inSession(one, hang('one "7"', '7')), inSession(other, hang('other 7', 7))];
    await expect
      .poll(async () => (await Promise.all(['one 7', 'one "7"', 'other 7'].map(calls))).map((seen) => seen.length))
      .toEqual([1, 1, 1]);
    await inSession(one, cancel('7'));
    await expect.poll(takenBack).toEqual(['one "7"']);
    await inSession(other, cancel(7));
    await expect.poll(takenBack).toEqual(['one "7"', 'other 7']);
    const reasons = (await recorded('notifications/cancelled')).map(({ params }) => params['reason']);
    // The modern way over HTTP is the end of the stream, which has no words.
    expect(reasons).toEqual(era === 'modern' && transport === 'http' ? [] : ['changed my mind', 'changed my mind']);
    // The end of a session takes back what is left of it.
    await send(pairs.hub.url, { method: 'DELETE', headers: { 'mcp-session-id': one } });
    await expect.poll(takenBack).toEqual(['one "7"', 'other 7', 'one 7']);
    for (const reading of await Promise.all(hanging)) reading.close();
    await send(pairs.hub.url, { method: 'DELETE', headers: { 'mcp-session-id': other } });
  });

  it('a legacy client that loses its connection has taken nothing back; a modern one has', async () => {
    const mark = 'lost';
    const session = await startSession(pairs.hub.url);
    // Spec 2025-11-25 basic/transports: "Disconnection SHOULD NOT be interpreted as the client cancelling its request."
    const aborted = new AbortController();
    const headers = { 'mcp-session-id': session };
    open(pairs.hub.url, { headers, body: hang(mark, 1), signal: aborted.signal }).catch(() => undefined);
    await expect.poll(async () => (await calls(mark)).length).toBe(1);
    aborted.abort();
    const gone = new AbortController();
    const call = modern('tools/call', { name: `${name}__hangs`, arguments: { mark: 'gone' } });
    open(pairs.hub.url, { ...call, signal: gone.signal }).catch(() => undefined);
    await expect.poll(async () => (await calls('gone')).length).toBe(1);
    gone.abort();
    await expect.poll(takenBack).toContain('gone');
    expect(await takenBack()).not.toContain(mark);
    await send(pairs.hub.url, { method: 'DELETE', headers });
    await expect.poll(takenBack).toContain(mark);
  });

  it('one subscription upstream serves everybody, and ends with the last', async () => {
    const uri = `test://${name}/two`;
    const wanted = async () => {
      if (era === 'modern')
        return at((await recorded('subscriptions/listen')).at(-1)?.params, 'notifications', 'resourceSubscriptions') ?? [];
      const count = async (method: string) => (await recorded(method)).filter(({ params }) => params['uri'] === uri).length;
      return (await count('resources/subscribe')) - (await count('resources/unsubscribe')) === 1 ? [uri] : [];
    };
    const told: string[] = [];
    const first = await connectClient(pairs.hub.url, 'legacy');
    const second = await connectClient(`${pairs.hub.url}/${name}`, 'modern');
    for (const [who, { client }] of [['first', first] as const, ['second', second] as const]) {
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => void told.push(`${who} ${params.uri}`));
    }
    await first.client.subscribeResource({ uri });
    const subscription = await second.client.listen({ resourceSubscriptions: [uri] });
    expect(await wanted()).toEqual([uri]);
    await second.client.callTool({ name: 'touch', arguments: { uri } });
    await expect.poll(() => told.toSorted()).toEqual([`first ${uri}`, `second ${uri}`]);
    await first.close();
    expect(await wanted()).toEqual([uri]);
    await second.client.callTool({ name: 'touch', arguments: { uri } });
    await expect.poll(() => told.toSorted()).toEqual([`first ${uri}`, `second ${uri}`, `second ${uri}`]);
    await subscription.close();
    await expect.poll(wanted).toEqual([]);
    await second.close();
  });

  it('an update reaches who wants that resource, and not who wants one whose URI it only begins with', async () => {
    const [short, long] = [`test://${name}/item/a`, `test://${name}/item/ab`];
    const told: string[] = [];
    const clients = await Promise.all([short, long].map(async (uri) => ({ uri, ...(await connectClient(pairs.hub.url, 'modern')) })));
    for (const { uri, client } of clients) {
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => void told.push(`${uri}: ${params.uri}`));
      await client.listen({ resourceSubscriptions: [uri] });
    }
    const [one] = clients;
    const touch = (args: object) => one?.client.callTool({ name: `${name}__touch`, arguments: { ...args } });
    await touch({ uri: long });
    await touch({ uri: short, part: '/part' });
    await touch({ uri: short });
    // Two streams keep no order between them; on one stream what must not come would come first.
    await expect.poll(() => told.toSorted()).toEqual([`${long}: ${long}`, `${short}: ${short}`, `${short}: ${short}/part`].toSorted());
    for (const { close } of clients) await close();
  });

  it('an update travels with the fields that nobody knows, and without the id of the subscription upstream', async () => {
    const uri = `test://${name}/one`;
    const session = await startSession(pairs.hub.url);
    const headers = { 'mcp-session-id': session };
    const streams = [
      await open(pairs.hub.url, { method: 'GET', headers }),
      await open(pairs.hub.url, modern('subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } }, {}, 'mine')),
    ];
    await send(pairs.hub.url, { headers, body: legacy('resources/subscribe', { uri }) });
    const updates = () =>
      streams.flatMap(({ events }) => events.map(({ data }): unknown => JSON.parse(data)).filter((event) => at(event, 'params', 'uri')));
    await expect.poll(() => streams[1]?.events.length).toBe(1);
    await send(pairs.hub.url, modern('tools/call', { name: `${name}__touch`, arguments: { uri } }));
    const params = { uri, 'x-new': 1, _meta: { 'example.org/cause': 'touch' } };
    const tag = { 'io.modelcontextprotocol/subscriptionId': 'mine' };
    await expect.poll(updates).toEqual([
      { jsonrpc: '2.0', method: 'notifications/resources/updated', params },
      { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { ...params, _meta: { ...params._meta, ...tag } } },
    ]);
    for (const stream of streams) stream.close();
    await send(pairs.hub.url, { method: 'DELETE', headers });
  });

  it.each(CLIENT_ERAS)('a method that nobody knows is for the server to answer, on its own endpoint (%s client)', async (clientEra) => {
    const own = pairs.raw(clientEra, `/mcp/${name}`);
    expect((await own.request('example/extension', { 'x-given': [1] })).response).toMatchObject({ result: { 'x-given': [1] } });
    expect((await own.request('example/unknown')).response).toMatchObject({ error: { code: -32601 } });
    expect((await pairs.raw(clientEra, '/mcp').request('example/extension')).response).toMatchObject({ error: { code: -32601 } });
  });

  it('what only the modern era has does not reach a legacy server', async () => {
    const params = { name: `${name}__echo`, arguments: { mark: 'retry' }, inputResponses: { q: {} } };
    await pairs.raw('modern', '/mcp').request('tools/call', params);
    const [seen] = await calls('retry');
    expect(seen?.params).toEqual({
      name: 'echo',
      arguments: { mark: 'retry' },
      ...(era === 'modern' && { inputResponses: { q: {} } }),
      ...(seen?.params['_meta'] && { _meta: seen.params['_meta'] }),
    });
  });

  it('a requestState is for the server that gave it, which with a legacy server is the hub', async () => {
    const params = { name: `${name}__echo`, arguments: { mark: 'state' }, inputResponses: { q: {} }, requestState: 'opaque' };
    const { response } = await pairs.raw('modern', '/mcp').request('tools/call', params);
    expect(at(response, 'error', 'code')).toBe(era === 'legacy' ? -32602 : undefined);
    expect((await calls('state')).map((call) => call.params['requestState'])).toEqual(era === 'legacy' ? [] : ['opaque']);
  });

  it.runIf(era === 'modern')('a server that asks a legacy client for what it did not declare: that is told in words', async () => {
    const form = { method: 'elicitation/create', params: { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } } };
    const call = { name: `${name}__asks`, arguments: { rounds: [{ q: form }], unchecked: true } };
    const { response } = await pairs.raw('legacy', '/mcp').request('tools/call', call);
    expect(response['result']).toMatchObject({ isError: true, content: [{ type: 'text' }] });
    expect(JSON.stringify(response['result'])).toContain('did not declare the capability');
  });
});
