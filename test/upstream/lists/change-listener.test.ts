import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/base/index.ts';
import { isObject } from '../../../src/protocol/index.ts';
import type { Connection, StdioLaunch } from '../../../src/upstream/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { connectTo } from '../../support/remote.ts';
import { type ScriptedReply, ScriptedTransport } from '../../support/scripted-transport.ts';

interface Filter {
  readonly toolsListChanged?: boolean;
  readonly resourceSubscriptions?: readonly string[];
  readonly taskIds?: readonly string[];
}

/** What a server says to a filter: an acknowledgement of a part of it, an error, or nothing at all. */
type Reaction = Filter | { readonly error: { readonly code: number; readonly message: string } } | 'silence';

const launch: StdioLaunch = { kind: 'stdio', command: new Secret('x'), args: [], env: {}, label: 'x', redact: (text) => text };
const LISTS = { tools: { listChanged: true }, resources: { subscribe: true } };
const refuse = (code: number, message: string) => ({ error: { code, message } });
const notFound = refuse(-32602, 'Resource not found');

const connections: Connection[] = [];
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
});

/** A modern server over stdio that reacts to each filter as `react` says, and what it was asked. */
async function listening(react: (filter: Filter) => Reaction, capabilities: object = LISTS) {
  const clock = new FakeClock();
  const asked: (readonly string[])[] = [];
  const open = new Map<unknown, Filter>();
  let newest = 0;
  const acknowledge = (id: number, notifications: Filter): void => {
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
    transport.receive({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { _meta, notifications } });
  };
  const replies: Record<string, ScriptedReply> = {
    'server/discover': { result: { supportedVersions: ['2026-07-28'], capabilities } },
    'tools/list': { result: { tools: [] } },
    'resources/list': { result: { resources: [] } },
    'resources/templates/list': { result: { resourceTemplates: [] } },
  };
  const transport: ScriptedTransport = new ScriptedTransport({
    script: ({ method, id, params }) => {
      if (method !== 'subscriptions/listen') return replies[method] ?? 'silence';
      const filter: Filter = isObject(params?.['notifications']) ? params['notifications'] : {};
      asked.push(filter.resourceSubscriptions ?? []);
      newest = Number(id);
      const reaction = react(filter);
      if (reaction === 'silence') return 'silence';
      if ('error' in reaction) return reaction;
      open.set(id, filter);
      queueMicrotask(() => acknowledge(Number(id), reaction));
      return 'silence';
    },
  });
  const recorded = await connectTo(launch, { clock, createStdioTransport: () => transport });
  connections.push(recorded.connection);
  const set = async (...uris: string[]): Promise<object> =>
    Object.fromEntries(await recorded.connection.setSubscribedResources(new Set(uris)));
  /** What the server tells of: the filters that it acknowledged and that were not cancelled. */
  const standing = (): (readonly string[])[] => {
    for (const message of transport.sent)
      if ('method' in message && message.method === 'notifications/cancelled') open.delete(message.params?.['requestId']);
    return [...open.values()].map(({ resourceSubscriptions }) => resourceSubscriptions ?? []);
  };
  const end = (reply: Exclude<ScriptedReply, 'silence'>): void => {
    open.delete(newest);
    transport.reply(newest, reply);
  };
  return { ...recorded, clock, asked, set, standing, end, acknowledge: (filter: Filter) => acknowledge(newest, filter) };
}

const takes =
  (...good: string[]) =>
  (filter: Filter): Reaction =>
    filter.resourceSubscriptions?.every((uri) => good.includes(uri)) === false ? notFound : filter;

describe('a resource that the server refuses', () => {
  it('costs nothing of what stood before, and is asked for again when it is wanted anew', async () => {
    const { set, standing, asked, clock } = await listening(takes('x://good'));
    expect(await set('x://good')).toEqual({});
    expect(await set('x://good', 'x://bad')).toEqual({ 'x://bad': notFound.error });
    expect(standing()).toEqual([['x://good']]);
    await clock.advance(60_000);
    expect(await set('x://good', 'x://bad')).toEqual({ 'x://bad': notFound.error });
    expect(asked).toEqual([[], ['x://good'], ['x://bad', 'x://good']]);
    await set('x://good');
    expect(await set('x://good', 'x://bad')).toEqual({ 'x://bad': notFound.error });
    expect(asked.slice(3)).toEqual([['x://bad', 'x://good']]);
    expect(standing()).toEqual([['x://good']]);
  });

  it('is found among others that are wanted at the same time', async () => {
    const good = ['x://1', 'x://2', 'x://4', 'x://5', 'x://6'];
    const { set, standing } = await listening(takes(...good));
    expect(await set(...good, 'x://3')).toEqual({ 'x://3': notFound.error });
    expect(standing()).toEqual([good]);
  });

  it('is searched for in a bounded way', async () => {
    const { set, standing, asked } = await listening(takes('x://good'));
    await set('x://good');
    const bad = Array.from({ length: 1_000 }, (_, at) => `x://${at}`);
    expect(Object.keys(await set('x://good', ...bad))).toHaveLength(1_000);
    expect(standing()).toEqual([['x://good']]);
    expect(asked.length).toBeLessThan(100);
  });

  it('is refused as well when the acknowledgement leaves it out', async () => {
    const { set, standing, asked, clock } = await listening(({ toolsListChanged }) => ({
      toolsListChanged: toolsListChanged === true,
      resourceSubscriptions: ['x://a'],
    }));
    expect(await set('x://a', 'x://b')).toMatchObject({ 'x://b': { code: -32601 } });
    await clock.advance(60_000);
    expect(await set('x://a')).toEqual({});
    expect([asked.length, standing()]).toEqual([2, [['x://a', 'x://b']]]);
  });

  it('is every one of a server that declares no subscriptions, or does not know them', async () => {
    const without = await listening((filter) => filter, { tools: { listChanged: true }, resources: {} });
    expect(await without.set('x://a')).toMatchObject({ 'x://a': { code: -32601 } });
    expect(without.asked).toEqual([[]]);
    const unknown = refuse(-32601, 'Unknown method');
    const ignorant = await listening(() => unknown);
    expect(await ignorant.set('x://a')).toEqual({ 'x://a': unknown.error });
    expect(ignorant.asked).toEqual([[]]);
  });
});

describe('a subscription', () => {
  it('stays until a late one is acknowledged', async () => {
    let isSlow = false;
    const { set, standing, clock, acknowledge } = await listening((filter) => (isSlow ? 'silence' : filter));
    await set('x://a');
    isSlow = true;
    const waiting = set('x://a', 'x://b');
    await clock.advance(3_000);
    expect([await waiting, standing()]).toEqual([{}, [['x://a']]]);
    acknowledge({ toolsListChanged: true, resourceSubscriptions: ['x://a', 'x://b'] });
    expect(standing()).toEqual([]);
  });

  it('that is refused late is gone into all the same', async () => {
    let isSlow = false;
    const { set, standing, clock, end, asked } = await listening((filter) => (isSlow ? 'silence' : filter));
    await set('x://a');
    isSlow = true;
    const waiting = set('x://a', 'x://b');
    await clock.advance(3_000);
    await waiting;
    end(notFound);
    await clock.advance(60_000);
    expect(await set('x://a', 'x://b')).toEqual({ 'x://b': notFound.error });
    expect([standing(), asked.length]).toEqual([[['x://a']], 3]);
  });

  it('that ended and is refused as a whole is opened again later, and nothing of it is taken as refused', async () => {
    let isBusy = false;
    const busy = refuse(-32603, 'Busy');
    const { set, standing, clock, end, updated } = await listening((filter) => (isBusy ? busy : filter));
    await set('x://a', 'x://b');
    isBusy = true;
    end({ result: { resultType: 'complete' } });
    await clock.advance(2_000);
    isBusy = false;
    await clock.advance(2_000);
    expect([standing(), updated]).toEqual([[['x://a', 'x://b']], ['x://a', 'x://b']]);
    expect(await set('x://a', 'x://b')).toEqual({});
  });

  it('that ended is opened again without the resource that is gone meanwhile', async () => {
    const good = ['x://a', 'x://b'];
    const { set, standing, clock, end, updated } = await listening((filter) => takes(...good)(filter));
    await set('x://a', 'x://b');
    good.pop();
    end({ result: { resultType: 'complete' } });
    await clock.advance(1_000);
    expect([standing(), updated]).toEqual([[['x://a']], ['x://a']]);
    expect(await set('x://a', 'x://b')).toEqual({ 'x://b': notFound.error });
  });

  it('of resources alone that ended is opened again as long as it is refused', async () => {
    let isBusy = false;
    const { set, standing, clock, end } = await listening((filter) => (isBusy ? refuse(-32603, 'Busy') : filter), {
      resources: { subscribe: true },
    });
    await set('x://a');
    isBusy = true;
    end({ result: { resultType: 'complete' } });
    await clock.advance(2_000);
    isBusy = false;
    await clock.advance(2_000);
    expect(standing()).toEqual([['x://a']]);
    await set();
    expect(standing()).toEqual([]);
  });

  it('is one for all that are wanted at once', async () => {
    const { connection, standing, asked } = await listening((filter) => filter);
    const uris = Array.from({ length: 50 }, (_, at) => `x://${at + 10}`);
    await Promise.all(uris.map((_, at) => connection.setSubscribedResources(new Set(uris.slice(0, at + 1)))));
    expect([standing(), asked.length]).toEqual([[uris], 3]);
  });
});
