import { afterEach, beforeEach, expect, it } from 'vitest';
import { metaKey, notification } from '../../src/protocol/index.ts';
import type { FakeFeed } from '../support/fake-gateway.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Harness, modern, open, type Reading, send, startHarness, until } from './harness.ts';

let harness: Harness;
let clock: FakeClock;
beforeEach(async () => {
  clock = new FakeClock();
  harness = await startHarness({ clock });
});
afterEach(() => harness.close());

const listen = (notifications: object, id: string | number = 1) =>
  open(`${harness.url}/mcp`, modern('subscriptions/listen', { notifications: notifications as never }, {}, id));
const messages = ({ events }: Reading) => events.map(({ data }) => JSON.parse(data));
const feed = (at = 0): FakeFeed => harness.gateway.feeds[at] as FakeFeed;

it('acknowledges first what it honours, and tags everything with the id and its type', async () => {
  const stream = await listen({ toolsListChanged: true, promptsListChanged: false, resourceSubscriptions: ['a:1', 'bad:2'] }, '7');
  await until(() => stream.events.length === 1, 'the acknowledgement');
  feed().send(notification('notifications/tools/list_changed'));
  feed().send(notification('notifications/prompts/list_changed'));
  feed().send(notification('notifications/message', { level: 'error' }));
  feed().send(notification('notifications/resources/updated', { uri: 'a:1', _meta: { kept: 1 } }));
  await until(() => stream.events.length === 3, 'two notifications');
  const tag = { [metaKey.subscriptionId]: '7' };
  expect(messages(stream)).toEqual([
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['a:1'] }, _meta: tag },
    },
    { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: tag } },
    { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'a:1', _meta: { kept: 1, ...tag } } },
  ]);
  stream.close();
  await until(() => feed().disposals === 1, 'the feed is disposed of');
});

it('acknowledges without a resource whose server does not answer in time', async () => {
  const attach = harness.gateway.attach.bind(harness.gateway);
  harness.gateway.attach = (options) => {
    const made = attach(options);
    made.outcome = new Promise(() => {});
    return made;
  };
  const stream = await listen({ toolsListChanged: true, resourceSubscriptions: ['a:1'] });
  feed().send(notification('notifications/tools/list_changed'));
  expect(stream.events).toEqual([]);
  await clock.advance(5_000);
  await until(() => stream.events.length === 2, 'the acknowledgement and what was held back');
  expect(messages(stream)[0]).toMatchObject({ params: { notifications: { toolsListChanged: true, resourceSubscriptions: [] } } });
  stream.close();
});

it('keeps concurrent streams apart and is kept alive', async () => {
  const [one, two] = await Promise.all([listen({ toolsListChanged: true }, 1), listen({ promptsListChanged: true }, 1)]);
  await until(() => one.events.length === 1 && two.events.length === 1, 'both acknowledgements');
  expect(harness.endpoint.clientCount).toBe(2);
  for (const each of harness.gateway.feeds) each.send(notification('notifications/tools/list_changed'));
  await clock.advance(15_000);
  await until(() => one.comments.length === 2 && two.comments.length === 2, 'a keep-alive on both');
  expect([one.events.length, two.events.length]).toEqual([2, 1]);
  one.close();
  two.close();
  await until(() => harness.gateway.openFeeds.length === 0 && harness.endpoint.clientCount === 0, 'both are gone');
  expect(clock.pending).toBe(0);
});

it('ends with a result when the hub stops', async () => {
  const stream = await listen({ toolsListChanged: true }, 9);
  await until(() => stream.events.length === 1, 'the acknowledgement');
  await harness.endpoint.close();
  await stream.ended;
  expect(messages(stream)[1]).toMatchObject({ id: 9, result: { resultType: 'complete', _meta: { [metaKey.subscriptionId]: 9 } } });
  expect(feed().disposals).toBe(1);
});

it.each([
  [{}, { error: { code: -32602 } }, 200],
  [{ notifications: { toolsListChanged: 'yes' } }, { error: { code: -32602 } }, 200],
  [{ notifications: { resourceSubscriptions: [1] } }, { error: { code: -32602 } }, 200],
])('refuses the filter %j', async (params, body, status) => {
  const reply = await send(`${harness.url}/mcp`, modern('subscriptions/listen', params as never));
  expect([reply.status, reply.json]).toMatchObject([status, body]);
  expect(harness.gateway.feeds).toHaveLength(0);
});

it('needs a client that reads streams', async () => {
  const sent = modern('subscriptions/listen', { notifications: {} });
  const reply = await send(`${harness.url}/mcp`, { ...sent, headers: { ...sent.headers, accept: 'application/json' } });
  expect(reply.status).toBe(406);
});
