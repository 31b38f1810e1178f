import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import type { CatalogNote } from '../../src/catalog/index.ts';
import type { DisabledItems } from '../../src/config/index.ts';
import { type Answer, type Call, type FeedOptions, HubGateway, type Scope } from '../../src/gateway/index.ts';
import type { JsonObject, NotificationMessage } from '../../src/protocol/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { definitionOf, FakeUpstream, FakeUpstreams, listing, type ListingParts, tool } from '../support/fake-upstream.ts';

const hub = { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0' };
const started: HubGateway[] = [];
afterEach(() => {
  for (const gateway of started.splice(0)) gateway.dispose();
});

function over(...members: FakeUpstream[]) {
  const clock = new FakeClock();
  const upstreams = new FakeUpstreams(...members);
  const notes: CatalogNote[] = [];
  let maxToolNameLength = 54;
  const gateway = new HubGateway({
    upstreams,
    hub,
    maxToolNameLength: () => maxToolNameLength,
    clock,
    logger: silentLogger,
    onNote: (note) => notes.push(note),
  });
  gateway.start();
  started.push(gateway);
  const heard: NotificationMessage[] = [];
  const announced = async (): Promise<string[]> => {
    await clock.advance(600);
    return heard.splice(0).map(({ method }) => method);
  };
  const feed = (more: Partial<FeedOptions> = {}) =>
    gateway.attach({
      scope: { kind: 'all' },
      principal: { id: 'local' },
      changes: new Set(['tools', 'prompts', 'resources']),
      logs: true,
      send: (notification) => heard.push(notification),
      ...more,
    });
  const limitTo = (length: number): void => void (maxToolNameLength = length);
  return { clock, upstreams, gateway, notes, feed, announced, limitTo };
}

const everything: ListingParts = {
  tools: [tool('search'), tool('delete')],
  prompts: [{ name: 'ask' }, { name: 'nag' }],
  resources: [
    { uri: 'x://a', name: 'a' },
    { uri: 'x://b', name: 'b' },
  ],
  resourceTemplates: [
    { uriTemplate: 'x://{id}', name: 'x' },
    { uriTemplate: 'y://{id}', name: 'y' },
  ],
};
const upstream = (id: string, parts: ListingParts = everything): FakeUpstream => new FakeUpstream(id, listing(parts));

function disable(member: FakeUpstream, disabledItems: DisabledItems): FakeUpstream {
  member.definition = definitionOf(member.id, { disabledItems });
  return member;
}

function call(method: string, params?: JsonObject, scope: Scope = { kind: 'all' }): Call {
  return {
    scope,
    method,
    params,
    downstream: { principal: { id: 'local' }, era: 'legacy', protocolVersion: '2025-11-25' },
    signal: new AbortController().signal,
    notify: () => {},
  };
}

const listed = async (gateway: HubGateway, method: string, scope?: Scope): Promise<unknown[]> => {
  const { outcome } = await gateway.call(call(method, undefined, scope));
  const [items] = Object.values(outcome.result ?? {}).filter((value) => Array.isArray(value));
  return (items ?? []).map((item) => Object(item)['name']);
};
const errorOf = ({ outcome }: Answer) => outcome.error;

describe('servers that come and go', () => {
  it('are in the lists and on their roads at once, and announced', async () => {
    const [a, b] = [upstream('a', { tools: [tool('x')] }), upstream('b', { tools: [tool('y')] })];
    const { gateway, upstreams, feed, announced } = over(a);
    feed();
    upstreams.apply(b, a);
    expect(gateway.hasServer('b')).toBe(true);
    expect(await listed(gateway, 'tools/list')).toEqual(['b__y', 'a__x']);
    expect(errorOf(await gateway.call(call('tools/call', { name: 'b__y' })))).toBeUndefined();
    expect(await announced()).toEqual(['notifications/tools/list_changed']);
    upstreams.apply(b);
    expect(await listed(gateway, 'tools/list')).toEqual(['b__y']);
    expect(errorOf(await gateway.call(call('tools/call', { name: 'a__x' })))?.code).toBe(-32602);
    expect(errorOf(await gateway.call(call('tools/list', undefined, { kind: 'server', id: 'a' })))?.message).toContain('"a"');
    expect(await announced()).toEqual(['notifications/tools/list_changed']);
  });

  it('are told what is wanted of them: log level, roots, and the subscriptions and tasks from before they went', async () => {
    const a = upstream('a');
    const { upstreams, feed } = over(a);
    const session = feed({ sessionId: 's', askRoots: async () => ({ result: { roots: [{ uri: 'file:///r' }] } }) });
    await session.setLogLevel('debug');
    await session.subscribe('x://a');
    await session.watchTasks([]);
    const [again, b] = [upstream('a'), upstream('b')];
    upstreams.apply();
    upstreams.apply(again, b);
    expect([again.logLevels, b.logLevels]).toEqual([['debug'], ['debug']]);
    expect([again.subscriptions, b.subscriptions]).toEqual([[['x://a']], [[]]]);
    expect([again.watchedTasks, b.watchedTasks]).toEqual([[[]], [[]]]);
    expect(await b.roots('s')).toEqual([{ uri: 'file:///r' }]);
    expect(await again.roots(undefined)).toEqual([{ uri: 'file:///r' }]);
    session.dispose();
  });

  it('keep their sessions: one that ends is told to those that came later, too', () => {
    const { upstreams, feed } = over();
    const session = feed({ sessionId: 's' });
    const late = upstream('late');
    upstreams.apply(late);
    session.dispose();
    expect(late.endedSessions).toEqual(['s']);
  });
});

describe('another length of names', () => {
  it('is in force when the catalog is rebuilt, and announced', async () => {
    const { gateway, feed, announced, limitTo } = over(upstream('a-long-name', { tools: [tool('with-a-long-tool')] }));
    feed();
    limitTo(16);
    gateway.rebuild();
    const [name] = await listed(gateway, 'tools/list');
    expect(String(name).length).toBeLessThanOrEqual(16);
    expect(await announced()).toEqual(['notifications/tools/list_changed']);
    gateway.rebuild();
    expect(await announced()).toEqual([]);
  });
});

describe('what the config disables', () => {
  const disabled: DisabledItems = { tools: ['delete'], prompts: ['nag'], resources: ['x://b'], resourceTemplates: ['y://{id}'] };
  const own: Scope = { kind: 'server', id: 'a' };

  it.each([
    ['/mcp', undefined],
    ['/mcp/<server>', own],
  ] as const)('is not listed on %s, and the listing stays whole', async (_, scope) => {
    const a = disable(upstream('a'), disabled);
    const { gateway } = over(a);
    const prefix = scope ? '' : 'a__';
    expect(await listed(gateway, 'tools/list', scope)).toEqual([`${prefix}search`]);
    expect(await listed(gateway, 'prompts/list', scope)).toEqual([`${prefix}ask`]);
    expect(await listed(gateway, 'resources/list', scope)).toEqual(['a']);
    expect(await listed(gateway, 'resources/templates/list', scope)).toEqual(['x']);
    expect(a.listing?.items.tools).toHaveLength(2);
  });

  it.each<[string, string, JsonObject, Scope | undefined, string]>([
    ['a tool', 'tools/call', { name: 'a__delete' }, undefined, 'disabled_tools'],
    ['a tool by its plain name', 'tools/call', { name: 'delete' }, undefined, 'disabled_tools'],
    ['a tool of one server', 'tools/call', { name: 'delete' }, own, 'disabled_tools'],
    ['a prompt', 'prompts/get', { name: 'a__nag' }, undefined, 'disabled_prompts'],
    ['a prompt of one server', 'prompts/get', { name: 'nag' }, own, 'disabled_prompts'],
    ['a resource', 'resources/read', { uri: 'x://b' }, undefined, 'disabled_resources'],
    ['a resource in the form of its server', 'resources/read', { uri: 'a__x://b' }, undefined, 'disabled_resources'],
    ['a resource of one server', 'resources/read', { uri: 'x://b' }, own, 'disabled_resources'],
    ['what a template stands for', 'resources/read', { uri: 'y://7' }, undefined, 'disabled_resourceTemplates'],
    ['the same of one server', 'resources/read', { uri: 'y://7' }, own, 'disabled_resourceTemplates'],
    ['a tool for a method that the hub does not know', 'tools/describe', { name: 'delete' }, own, 'disabled_tools'],
    ['the same where all servers are offered', 'tools/describe', { name: 'a__delete' }, undefined, 'disabled_tools'],
    ['a resource for a method that the hub does not know', 'resources/describe', { uri: 'x://b' }, own, 'disabled_resources'],
    ['completion of a prompt', 'completion/complete', { ref: { type: 'ref/prompt', name: 'nag' } }, own, 'disabled_prompts'],
    [
      'completion of a template',
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'y://{id}' } },
      undefined,
      'disabled_resourceTemplates',
    ],
  ])('is unknown to whoever asks for it, with the reason: %s', async (_, method, params, scope, key) => {
    const a = disable(upstream('a'), disabled);
    const { gateway } = over(a);
    const error = errorOf(await gateway.call(call(method, params, scope)));
    expect(error?.message).toMatch(/^(Unknown|Resource not found).*disabled in the config/);
    expect(error?.message).toContain(`"${key}" of server "a"`);
    expect(error?.data).toMatchObject({ server: 'a', disabledBy: key });
    expect(a.requests).toEqual([]);
  });

  it('leaves everything else on its road', async () => {
    const a = disable(upstream('a'), disabled);
    const { gateway } = over(a);
    for (const [method, params] of [
      ['tools/call', { name: 'a__search' }],
      ['prompts/get', { name: 'a__ask' }],
      ['resources/read', { uri: 'x://a' }],
      ['resources/read', { uri: 'x://7' }],
    ] as const) {
      expect(errorOf(await gateway.call(call(method, params)))).toBeUndefined();
    }
    expect(a.requests).toHaveLength(4);
  });

  it('is still had of another server that has it', async () => {
    const [a, b] = [disable(upstream('a'), disabled), upstream('b')];
    const { gateway } = over(a, b);
    expect(errorOf(await gateway.call(call('resources/read', { uri: 'x://b' })))).toBeUndefined();
    expect(errorOf(await gateway.call(call('resources/read', { uri: 'y://7' })))).toBeUndefined();
    expect(errorOf(await gateway.call(call('tools/call', { name: 'delete' })))).toBeUndefined();
    expect([a.requests.length, b.requests.length]).toEqual([0, 3]);
  });

  it('cannot be subscribed to', async () => {
    const a = disable(upstream('a'), disabled);
    const { feed } = over(a);
    for (const scope of [{ kind: 'all' }, own] as const) {
      const outcome = await feed({ scope }).subscribe('x://b');
      expect(outcome.error?.message).toContain('"disabled_resources" of server "a"');
      expect(await feed({ scope }).subscribe('x://a')).toEqual({ result: {} });
    }
  });

  it('changes while the server runs, is announced, and noted once when it stands for nothing', async () => {
    const a = upstream('a');
    const { gateway, upstreams, feed, announced, notes } = over(a);
    feed();
    disable(a, { tools: ['delete', 'gone'] });
    upstreams.apply(a);
    expect(await listed(gateway, 'tools/list')).toEqual(['a__search']);
    expect(await announced()).toEqual(['notifications/tools/list_changed']);
    disable(a, { tools: ['delete', 'gone'], prompts: ['nag'] });
    upstreams.apply(a);
    expect(await announced()).toEqual(['notifications/prompts/list_changed']);
    expect(notes.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
      'gone: "disabled_tools" names it, but the server does not list it',
    ]);
    a.definition = definitionOf('a');
    upstreams.apply(a);
    expect(await listed(gateway, 'tools/list')).toHaveLength(2);
    expect(errorOf(await gateway.call(call('tools/call', { name: 'a__delete' })))).toBeUndefined();
    expect(gateway.notes).toEqual([]);
  });
});
