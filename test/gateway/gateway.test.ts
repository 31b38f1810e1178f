import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HubError, silentLogger, systemClock } from '../../src/base/index.ts';
import { type Answer, type Call, type FeedOptions, HubGateway } from '../../src/gateway/index.ts';
import type { JsonObject, NotificationMessage } from '../../src/protocol/index.ts';
import { FakeUpstream, FakeUpstreams, listing, type ListingParts, tool } from '../support/fake-upstream.ts';

const hub = { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0' };
const started: HubGateway[] = [];

function gatewayOver(...members: FakeUpstream[]): { gateway: HubGateway; upstreams: FakeUpstreams } {
  const upstreams = new FakeUpstreams(...members);
  const gateway = new HubGateway({
    upstreams,
    hub,
    maxToolNameLength: () => 54,
    clock: systemClock,
    logger: silentLogger,
    onNote: () => {},
  });
  gateway.start();
  started.push(gateway);
  return { gateway, upstreams };
}

const upstream = (id: string, parts: ListingParts = {}): FakeUpstream => new FakeUpstream(id, listing(parts));

function call(method: string, params?: JsonObject, more: Partial<Call> = {}): Call {
  return {
    scope: { kind: 'all' },
    method,
    params,
    downstream: { principal: { id: 'local' }, era: 'legacy', protocolVersion: '2025-11-25' },
    signal: new AbortController().signal,
    notify: () => {},
    ...more,
  };
}

const modern: Pick<Call, 'downstream'> = {
  downstream: { principal: { id: 'local' }, era: 'modern', protocolVersion: '2026-07-28' },
};

const resultOf = (answer: Answer): JsonObject => {
  expect(answer.outcome.error).toBeUndefined();
  return answer.outcome.result ?? {};
};
const errorOf = (answer: Answer): NonNullable<Answer['outcome']['error']> => {
  if (!answer.outcome.error) throw new Error('expected an error outcome');
  return answer.outcome.error;
};

afterEach(() => {
  for (const gateway of started.splice(0)) gateway.dispose();
});

describe('tools/call', () => {
  it('reaches the server under its original name and brings the answer back untouched', async () => {
    const github = upstream('github', { tools: [tool('search')] });
    const answered = { content: [], structuredContent: { a: 1 }, unknownField: { deep: [1] }, _meta: { 'x/y': 1 } };
    github.answer = () => ({ result: answered });
    const { gateway } = gatewayOver(github);
    const answer = await gateway.call(call('tools/call', { name: 'github__search', arguments: { q: 'x' }, _meta: { traceparent: 't' } }));
    expect(answer).toEqual({ era: 'legacy', outcome: { result: answered } });
    expect(answer.outcome.result).toBe(answered);
    expect(github.requests[0]?.params).toEqual({ name: 'search', arguments: { q: 'x' }, _meta: { traceparent: 't' } });
  });

  it('passes an error of the server on as it is', async () => {
    const github = upstream('github', { tools: [tool('search')] });
    const error = { code: -31999, message: 'rate limited', data: { retryAfter: 3 } };
    github.answer = () => ({ error });
    const { gateway } = gatewayOver(github);
    expect(errorOf(await gateway.call(call('tools/call', { name: 'github__search' })))).toBe(error);
  });

  it('answers an unknown tool with -32602, naming it and the closest names', async () => {
    const { gateway } = gatewayOver(upstream('github', { tools: [tool('search'), tool('fork')] }));
    const error = errorOf(await gateway.call(call('tools/call', { name: 'github__serach' })));
    expect(error.code).toBe(-32602);
    expect(error.message).toContain('github__serach');
    expect(error.message).toContain('github__search');
    expect(error.data).toMatchObject({ tool: 'github__serach', code: 'TOOL_NOT_FOUND' });
  });

  it('resolves a plain name when only one server has it', async () => {
    const a = upstream('a', { tools: [tool('x'), tool('both')] });
    const b = upstream('b', { tools: [tool('both')] });
    const { gateway } = gatewayOver(a, b);
    await gateway.call(call('tools/call', { name: 'x' }));
    expect(a.requests).toHaveLength(1);
    expect(errorOf(await gateway.call(call('tools/call', { name: 'both' }))).code).toBe(-32602);
  });

  it('turns a server that is down into a result that a model can read', async () => {
    const github = upstream('github', { tools: [tool('search')] });
    github.state = { kind: 'backoff', untilMs: 1, attempt: 2, last: new HubError('UPSTREAM_EXITED', 'exit code 3') };
    const { gateway } = gatewayOver(github);
    const result = resultOf(await gateway.call(call('tools/call', { name: 'github__search' })));
    expect(result).toMatchObject({ isError: true, _meta: { 'mcp-hub/error': { code: 'SERVER_NOT_CONNECTED' } } });
    expect(JSON.stringify(result['content'])).toContain('github');
  });

  it('waits for a server that is still starting before it says that a tool is unknown', async () => {
    const late = new FakeUpstream('late', undefined);
    const { gateway, upstreams } = gatewayOver(late);
    late.onSettled = async () => upstreams.offer('late', listing({ tools: [tool('x')] }));
    resultOf(await gateway.call(call('tools/call', { name: 'late__x' })));
    expect(late.requests).toHaveLength(1);
  });

  it('names the field when the name is missing', async () => {
    const { gateway } = gatewayOver(upstream('a'));
    const error = errorOf(await gateway.call(call('tools/call', {})));
    expect(error.code).toBe(-32602);
    expect(error.message).toContain('params.name');
  });

  it('hands on the notifications of a call, and raises the log level of a legacy server to what a modern call wants', async () => {
    const a = upstream('a', { tools: [tool('x')] });
    const message: NotificationMessage = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'debug', data: 'm' } };
    a.answer = (request) => {
      request.onNotification?.(message);
      return { result: {} };
    };
    const { gateway } = gatewayOver(a);
    const heard: NotificationMessage[] = [];
    const downstream = { ...modern.downstream, logLevel: 'debug' as const };
    await gateway.call(call('tools/call', { name: 'a__x' }, { downstream, notify: (n) => heard.push(n) }));
    expect(heard).toEqual([message]);
    expect(a.logLevels).toEqual(['debug']);
  });
});

describe('prompts and completion', () => {
  it('routes prompts/get and the prompt of a completion by exposed name', async () => {
    const a = upstream('a', { prompts: [{ name: 'p' }] });
    const { gateway } = gatewayOver(a);
    await gateway.call(call('prompts/get', { name: 'a__p', arguments: { x: '1' } }));
    await gateway.call(
      call('completion/complete', {
        ref: { type: 'ref/prompt', name: 'a__p' },
        argument: { name: 'x', value: '' },
        context: { arguments: { y: '2' } },
      }),
    );
    expect(a.requests.map(({ params }) => params)).toEqual([
      { name: 'p', arguments: { x: '1' } },
      { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'x', value: '' }, context: { arguments: { y: '2' } } },
    ]);
  });

  it('routes the completion of a template to the server that lists it', async () => {
    const a = upstream('a', { resourceTemplates: [{ uriTemplate: 'file:///{path}', name: 'f' }] });
    const { gateway } = gatewayOver(upstream('z'), a);
    await gateway.call(call('completion/complete', { ref: { type: 'ref/resource', uri: 'file:///{path}' } }));
    expect(a.requests).toHaveLength(1);
    expect(errorOf(await gateway.call(call('completion/complete', { ref: { type: 'other' } }))).code).toBe(-32602);
  });
});

describe('resources/read', () => {
  const notFound = { error: { code: -32002, message: 'not found' } };

  it('goes to the server that lists the URI, and to both by their own form when two list it', async () => {
    const a = upstream('a', { resources: [{ uri: 'x://1', name: '1' }] });
    const b = upstream('b', { resources: [{ uri: 'x://1', name: '1' }] });
    const { gateway } = gatewayOver(a, b);
    await gateway.call(call('resources/read', { uri: 'x://1' }));
    await gateway.call(call('resources/read', { uri: 'b__x://1' }));
    await gateway.call(call('resources/read', { uri: 'a__x://1' }));
    expect(a.requests.map((request) => request.params)).toEqual([{ uri: 'x://1' }, { uri: 'x://1' }]);
    expect(b.requests.map((request) => request.params)).toEqual([{ uri: 'x://1' }]);
    const list = resultOf(await gateway.call(call('resources/list')));
    expect(list['resources']).toEqual([
      { uri: 'x://1', name: '1' },
      { uri: 'b__x://1', name: '1' },
    ]);
  });

  it('is not held up by a server that hangs when another knows an unlisted URI', async () => {
    const hangs = upstream('hangs');
    let taken = false;
    hangs.answer = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          taken = true;
          reject(signal.reason);
        });
      });
    const b = upstream('b');
    b.answer = () => ({ result: { contents: [] } });
    const { gateway } = gatewayOver(hangs, b);
    resultOf(await gateway.call(call('resources/read', { uri: 'x://9' })));
    expect(taken).toBe(true);
  });

  it('prefers the server whose template matches, also when another one is quicker', async () => {
    const quick = upstream('quick');
    const matching = upstream('matching', { resourceTemplates: [{ uriTemplate: 'x://{id}', name: 't' }] });
    quick.answer = () => ({ result: { contents: ['quick'] } });
    matching.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { result: { contents: ['matching'] } };
    };
    const { gateway } = gatewayOver(quick, matching);
    expect(resultOf(await gateway.call(call('resources/read', { uri: 'x://9' })))['contents']).toEqual(['matching']);
  });

  it('tells a failure rather than a "not found" when nobody knows an unlisted URI', async () => {
    const a = upstream('a');
    const b = upstream('b');
    a.answer = () => notFound;
    b.answer = () => {
      throw new HubError('TIMEOUT', 'too slow');
    };
    const { gateway } = gatewayOver(a, b);
    expect(errorOf(await gateway.call(call('resources/read', { uri: 'x://9' })))).toMatchObject({ code: -32603, message: 'too slow' });
  });

  it('asks everybody who may know an unlisted URI, and says so when nobody does', async () => {
    const a = upstream('a');
    const b = upstream('b', { resourceTemplates: [{ uriTemplate: 'x://{id}', name: 't' }] });
    a.answer = () => notFound;
    b.answer = () => notFound;
    const { gateway } = gatewayOver(a, b);
    const error = errorOf(await gateway.call(call('resources/read', { uri: 'x://9' })));
    expect(error).toMatchObject({ code: -32602, data: { uri: 'x://9' } });
    expect([a.requests.length, b.requests.length]).toEqual([1, 1]);
    a.answer = () => ({ result: { contents: [{ uri: 'x://9', text: 'found' }] } });
    expect(resultOf(await gateway.call(call('resources/read', { uri: 'x://9' })))['contents']).toEqual([{ uri: 'x://9', text: 'found' }]);
  });
});

describe('lists and discovery', () => {
  it('waits for late servers, then lists everything in config order with the merged hints', async () => {
    const late = new FakeUpstream('late', undefined);
    const { gateway, upstreams } = gatewayOver(late, upstream('a', { tools: [tool('x')] }));
    late.onSettled = async () => upstreams.offer('late', listing({ tools: [tool('y', { icons: [{ src: 'i' }], 'x-new': { z: 1 } })] }));
    const result = resultOf(await gateway.call(call('tools/list', undefined, modern)));
    expect(result['tools']).toEqual([tool('late__y', { icons: [{ src: 'i' }], 'x-new': { z: 1 } }), tool('a__x')]);
    expect(result).toMatchObject({ ttlMs: 0, cacheScope: 'private', resultType: 'complete' });
  });

  it('keeps how a tool takes part in tasks for the endpoint of its server', async () => {
    const { gateway } = gatewayOver(upstream('a', { tools: [tool('x', { execution: { taskSupport: 'optional' } })] }));
    expect(resultOf(await gateway.call(call('tools/list')))['tools']).toEqual([tool('a__x')]);
    const own = resultOf(await gateway.call(call('tools/list', undefined, { scope: { kind: 'server', id: 'a' } })));
    expect(own['tools']).toEqual([tool('x', { execution: { taskSupport: 'optional' } })]);
  });

  it('puts the extensions together that it can lead to the right server', async () => {
    const [tasks, ui] = ['io.modelcontextprotocol/tasks', 'io.modelcontextprotocol/ui'];
    const declaring = (id: string, era: 'legacy' | 'modern', extensions: object) =>
      upstream(id, { era, capabilities: { tools: {}, extensions: { ...extensions } } });
    const extensions = async (...servers: FakeUpstream[]) => {
      const { capabilities } = resultOf(await gatewayOver(...servers).gateway.call(call('server/discover')));
      return (capabilities as JsonObject)['extensions'];
    };
    expect(await extensions(upstream('a'))).toBeUndefined();
    // What a legacy server says of modern tasks counts for nothing.
    expect(await extensions(declaring('a', 'legacy', { [tasks]: {}, 'example.org/own': {} }))).toBeUndefined();
    const one = declaring('a', 'legacy', { [ui]: { mimeTypes: ['x', 'y'], 'x-new': 1 } });
    const two = declaring('b', 'modern', { [ui]: { mimeTypes: ['y', 'z'], 'x-new': 2 }, [tasks]: {} });
    expect(await extensions(one, two)).toEqual({ [tasks]: {}, [ui]: { mimeTypes: ['x', 'y', 'z'], 'x-new': 1 } });
  });

  it('refuses a cursor, for it gives none', async () => {
    const { gateway } = gatewayOver(upstream('a'));
    expect(errorOf(await gateway.call(call('tools/list', { cursor: 'x' }))).code).toBe(-32602);
    expect(await gateway.call(call('tools/list', { cursor: null }))).toMatchObject({ outcome: { result: { tools: expect.anything() } } });
  });

  it('advertises the same on /mcp whatever there is, and on one server what that server says', async () => {
    const a = upstream('a', { capabilities: { tools: {}, experimental: { x: {} } }, instructions: 'Be kind.' });
    const { gateway } = gatewayOver(a);
    expect(resultOf(await gateway.call(call('server/discover')))).toMatchObject({
      capabilities: { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { listChanged: true, subscribe: true } },
      instructions: '## a\n\nBe kind.',
    });
    const one = resultOf(await gateway.call(call('server/discover', undefined, { scope: { kind: 'server', id: 'a' } })));
    expect(one['capabilities']).toEqual({ tools: { listChanged: true }, experimental: { x: {} } });
    expect(one['instructions']).toBe('Be kind.');
  });

  it('merges the instructions of the servers that there are now, and no more than 16384 characters of each', async () => {
    const a = upstream('a', { instructions: 'x'.repeat(1024 * 1024) });
    const { gateway, upstreams } = gatewayOver(a, upstream('b', { instructions: 'Short.' }));
    const text = async (scope: Call['scope'] = { kind: 'all' }): Promise<string> =>
      String(resultOf(await gateway.call(call('server/discover', undefined, { scope })))['instructions']);
    expect(await text()).toBe(
      `## a\n\n${'x'.repeat(16_384)}\n\n[Shortened by the hub: the server gave 1048576 characters.]\n\n## b\n\nShort.`,
    );
    expect(await text({ kind: 'server', id: 'a' })).toHaveLength(1024 * 1024);
    upstreams.offer('a', listing({ instructions: 'New.' }));
    upstreams.offer('b', listing());
    expect(await text()).toBe('## a\n\nNew.');
  });

  it('gives an error, not an empty list, for one server that never came up', async () => {
    const down = new FakeUpstream('down', undefined);
    down.state = { kind: 'failed', error: new HubError('CONFIG_ERROR', 'no command') };
    const { gateway } = gatewayOver(down);
    const scope = { kind: 'server', id: 'down' } as const;
    expect(errorOf(await gateway.call(call('tools/list', undefined, { scope }))).code).toBe(-32603);
    expect(resultOf(await gateway.call(call('tools/list')))['tools']).toEqual([]);
  });
});

describe('unknown notifications of clients', () => {
  it('reach the legacy server of an endpoint, and nobody else', () => {
    const members = [upstream('old'), upstream('new', { era: 'modern' })];
    const { gateway } = gatewayOver(...members);
    const notification: NotificationMessage = { jsonrpc: '2.0', method: 'notifications/x', params: { n: 1 } };
    for (const id of ['old', 'new', 'nobody']) gateway.notify({ kind: 'server', id }, notification, 's');
    gateway.notify({ kind: 'all' }, notification, 's');
    expect(members.map(({ notifications }) => notifications)).toEqual([[notification], []]);
  });
});

describe('unknown methods', () => {
  it.each<[string, JsonObject, JsonObject | undefined]>([
    ['a tool', { name: 'a__t', n: 1 }, { name: 't', n: 1 }],
    ['a prompt', { name: 'a__p' }, { name: 'p' }],
    ['a listed resource', { uri: 'x://1' }, { uri: 'x://1' }],
    ['nothing that is known', { name: 'a__other', uri: 'x://2' }, undefined],
    ['nothing', {}, undefined],
  ])('go on /mcp to the server of what they name: %s', async (_, params, expected) => {
    const a = upstream('a', { tools: [tool('t')], prompts: [{ name: 'p' }], resources: [{ uri: 'x://1', name: '1' }] });
    const { gateway } = gatewayOver(upstream('b'), a);
    const answer = await gateway.call(call('x/custom', params));
    expect(a.requests.map((request) => request.params)).toEqual(expected ? [expected] : []);
    expect(answer.outcome.error?.code).toBe(expected ? undefined : -32601);
  });

  it('are refused on /mcp and forwarded on one server', async () => {
    const a = upstream('a');
    const { gateway } = gatewayOver(a);
    expect(errorOf(await gateway.call(call('x/custom'))).code).toBe(-32601);
    const scope = { kind: 'server', id: 'a' } as const;
    resultOf(await gateway.call(call('x/custom', { n: 1 }, { scope })));
    expect(a.requests[0]).toMatchObject({ method: 'x/custom', params: { n: 1 } });
    expect(errorOf(await gateway.call(call('tools/list', undefined, { scope: { kind: 'server', id: 'nope' } }))).code).toBe(-32602);
  });
});

describe('feeds', () => {
  let heard: NotificationMessage[];
  const feed = (more: Partial<FeedOptions> = {}): FeedOptions => ({
    scope: { kind: 'all' },
    principal: { id: 'local' },
    changes: new Set(['tools', 'prompts', 'resources']),
    logs: true,
    send: (notification) => heard.push(notification),
    ...more,
  });

  beforeEach(() => {
    heard = [];
  });

  const announced = async (): Promise<string[]> => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return heard.map(({ method }) => method);
  };

  it('hear once of a burst of changes, by content and not by name, and only in their scope', async () => {
    const { gateway, upstreams } = gatewayOver(upstream('a', { tools: [tool('x')] }), upstream('b'));
    gateway.attach(feed());
    const other: string[] = [];
    gateway.attach(feed({ scope: { kind: 'server', id: 'b' }, send: ({ method }) => other.push(method) }));
    upstreams.offer('a', listing({ tools: [tool('x', { description: 'one' })] }));
    upstreams.offer('a', listing({ tools: [tool('x', { description: 'two' })] }));
    expect(await announced()).toEqual(['notifications/tools/list_changed']);
    expect(other).toEqual([]);
    upstreams.offer('a', listing({ tools: [tool('x', { description: 'two' })] }));
    expect(await announced()).toHaveLength(1);
  });

  it('share one subscription per server and hear of updates under the URI that they asked for', async () => {
    const a = upstream('a', { resources: [{ uri: 'x://1', name: '1' }] });
    const b = upstream('b', { resources: [{ uri: 'x://1', name: '1' }] });
    const { gateway, upstreams } = gatewayOver(a, b);
    const first = gateway.attach(feed());
    const second = gateway.attach(feed({ send: () => {} }));
    await first.subscribe('b__x://1');
    await second.subscribe('b__x://1');
    expect(b.subscriptions.at(-1)).toEqual(['x://1']);
    const updated: NotificationMessage = { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'x://1' } };
    upstreams.emit('resourceUpdated', { id: 'b', uri: 'x://1', notification: updated });
    upstreams.emit('resourceUpdated', { id: 'a', uri: 'x://1', notification: updated });
    expect(heard.map(({ params }) => params?.['uri'])).toEqual(['b__x://1']);
    first.dispose();
    expect(b.subscriptions.at(-1)).toEqual(['x://1']);
    await second.unsubscribe('b__x://1');
    expect(b.subscriptions.at(-1)).toEqual([]);
  });

  it.each([
    ['file:///a', 'file:///a', true],
    ['file:///a', 'file:///a/b', true],
    ['file:///a/', 'file:///a/b', true],
    ['file:///a', 'file:///a?b#c', true],
    ['urn:x', 'urn:x:y', true],
    ['file:///a', 'file:///ab', false],
    ['file:///a.txt', 'file:///a.txt.old', false],
    ['file:///a/b', 'file:///a', false],
  ])('that want %s hear of an update of %s: %j', async (wanted, uri, expected) => {
    const { gateway, upstreams } = gatewayOver(upstream('a', { resources: [{ uri: wanted, name: 'wanted' }] }));
    await gateway.attach(feed()).subscribe(wanted);
    const updated: NotificationMessage = { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } };
    upstreams.emit('resourceUpdated', { id: 'a', uri, notification: updated });
    expect(heard.map(({ params }) => params?.['uri'])).toEqual(expected ? [uri] : []);
  });

  it('that want a resource and its part hear of one update once', async () => {
    const { gateway, upstreams } = gatewayOver(upstream('a', { resources: [{ uri: 'x://a', name: 'a' }] }));
    const both = gateway.attach(feed());
    await both.subscribe('x://a');
    await both.subscribe('x://a/b');
    const updated: NotificationMessage = { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'x://a/b' } };
    upstreams.emit('resourceUpdated', { id: 'a', uri: 'x://a/b', notification: updated });
    expect(heard).toHaveLength(1);
  });

  it('get notifications that nobody knows on the endpoint of their server only', async () => {
    const { gateway, upstreams } = gatewayOver(upstream('a'), upstream('b'));
    const all: unknown[] = [];
    gateway.attach(feed({ send: (notification) => all.push(notification) }));
    gateway.attach(feed({ scope: { kind: 'server', id: 'a' } }));
    const unknown = { jsonrpc: '2.0', method: 'notifications/example/x' } as const;
    for (const id of ['a', 'b']) upstreams.emit('logMessage', { id, notification: unknown });
    expect([heard, all]).toEqual([[unknown], []]);
  });

  it('get the finest log level asked for, and only messages that reach their own', async () => {
    const a = upstream('a');
    const { gateway, upstreams } = gatewayOver(a);
    const coarse = gateway.attach(feed());
    const fine = gateway.attach(feed({ send: () => {} }));
    await coarse.setLogLevel('error');
    await fine.setLogLevel('debug');
    expect(a.logLevels.at(-1)).toBe('debug');
    const message = (level: string): void =>
      upstreams.emit('logMessage', { id: 'a', notification: { jsonrpc: '2.0', method: 'notifications/message', params: { level } } });
    message('info');
    message('critical');
    expect(heard.map(({ params }) => params?.['level'])).toEqual(['critical']);
    fine.dispose();
    await Promise.resolve();
    expect(a.logLevels.at(-1)).toBe('error');
  });

  it('of a session hear what is for that session alone, in scope and at its level, and end it everywhere', async () => {
    const [a, b] = [upstream('a'), upstream('b')];
    const { gateway, upstreams } = gatewayOver(a, b);
    const others: NotificationMessage[] = [];
    const mine = gateway.attach(feed({ sessionId: 's', scope: { kind: 'server', id: 'a' } }));
    gateway.attach(feed({ sessionId: 't', send: (message) => others.push(message) }));
    gateway.attach(feed({ send: (message) => others.push(message) }));
    await mine.setLogLevel('error');
    const send = (id: string, method: string, params: JsonObject): void =>
      upstreams.emit('forSession', { id, sessionId: 's', notification: { jsonrpc: '2.0', method, params } });
    send('a', 'notifications/elicitation/complete', { elicitationId: 'e' });
    send('b', 'notifications/elicitation/complete', { elicitationId: 'f' });
    send('a', 'notifications/message', { level: 'info' });
    expect(heard.map(({ params }) => params)).toEqual([{ elicitationId: 'e' }]);
    expect(others).toEqual([]);
    mine.dispose();
    expect([a.endedSessions, b.endedSessions]).toEqual([['s'], ['s']]);
  });

  it('of a session hear what nobody knows on the endpoint of its server only', async () => {
    const { gateway, upstreams } = gatewayOver(upstream('a'));
    gateway.attach(feed({ sessionId: 's' }));
    gateway.attach(feed({ sessionId: 't', scope: { kind: 'server', id: 'a' } }));
    for (const sessionId of ['s', 't']) {
      const notification: NotificationMessage = { jsonrpc: '2.0', method: 'notifications/example', params: { sessionId } };
      upstreams.emit('forSession', { id: 'a', sessionId, notification });
    }
    expect(heard.map(({ params }) => params)).toEqual([{ sessionId: 't' }]);
  });

  it('can subscribe to 1000 resources, and to another one after giving one up', async () => {
    const { gateway } = gatewayOver(upstream('a', { resourceTemplates: [{ uriTemplate: 'x://{id}', name: 'any' }] }));
    const greedy = gateway.attach(feed());
    for (let at = 0; at < 1_000; at += 1) expect((await greedy.subscribe(`x://${at}`)).error).toBeUndefined();
    expect((await greedy.subscribe('x://more')).error?.message).toContain('1000 resources at most');
    expect((await greedy.subscribe('x://7')).error).toBeUndefined();
    await greedy.unsubscribe('x://7');
    expect((await greedy.subscribe('x://more')).error).toBeUndefined();
  });

  it('are told when nobody knows the resource', async () => {
    const { gateway } = gatewayOver(upstream('a', { capabilities: { tools: {} } }), upstream('b'));
    expect((await gateway.attach(feed()).subscribe('x://?')).error?.code).toBe(-32602);
  });
});
