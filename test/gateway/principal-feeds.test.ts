import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { type FeedOptions, HubGateway } from '../../src/gateway/index.ts';
import type { JsonObject, NotificationMessage } from '../../src/protocol/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeUpstream, FakeUpstreams, listing, type ListingParts, remoteDefinitionOf } from '../support/fake-upstream.ts';

const started: HubGateway[] = [];
let heard: NotificationMessage[];
beforeEach(() => {
  heard = [];
});
afterEach(() => {
  for (const gateway of started.splice(0)) gateway.dispose();
});

const upstream = (id: string, parts: ListingParts = {}): FakeUpstream => new FakeUpstream(id, listing(parts));

function gatewayOver(...all: FakeUpstream[]) {
  const upstreams = new FakeUpstreams(...all);
  const hub = { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0' };
  const clock = new FakeClock();
  const gateway = new HubGateway({ upstreams, hub, maxToolNameLength: () => 54, clock, logger: silentLogger, onNote: () => {} });
  gateway.start();
  started.push(gateway);
  return { gateway, upstreams };
}

/** A feed of the owner of the hub. */
const feed = (more: Partial<FeedOptions> = {}): FeedOptions => ({
  scope: { kind: 'all' },
  principal: { id: 'local' },
  changes: new Set(),
  logs: true,
  send: (notification) => heard.push(notification),
  ...more,
});

it('feeds of who has a login of their own hear nothing that a server tells the owner of the hub, and nothing is asked for them', async () => {
  const a = upstream('a', { era: 'modern', resources: [{ uri: 'x://1', name: '1' }] });
  const each = remoteDefinitionOf('a', { oauth: { logins: 'each' } });
  a.definition = each;
  const { gateway, upstreams } = gatewayOver(a);
  const told: NotificationMessage[] = [];
  const ada = gateway.attach(feed({ principal: { id: 'key:ada' }, send: (one) => told.push(one) }));
  expect(await ada.subscribe('x://1')).toMatchObject({ error: { message: expect.stringContaining('"logins": "each"') } });
  expect([await ada.watchTasks(['a:t']), a.watchedTasks.at(-1)]).toEqual([[], []]);
  const owner = gateway.attach(feed());
  expect(await owner.subscribe('x://1')).toEqual({ result: {} });
  expect([await owner.watchTasks(['a:t']), a.watchedTasks.at(-1)]).toEqual([['a:t'], ['t']]);
  const note = (method: string, params: JsonObject) => ({ jsonrpc: '2.0' as const, method, params });
  upstreams.emit('resourceUpdated', { id: 'a', uri: 'x://1', notification: note('notifications/resources/updated', { uri: 'x://1' }) });
  upstreams.emit('taskChanged', { id: 'a', taskId: 't', notification: note('notifications/tasks', { taskId: 't' }) });
  upstreams.emit('logMessage', { id: 'a', notification: note('notifications/message', { level: 'info', data: 'x' }) });
  expect(heard.map(({ method }) => method)).toEqual(['notifications/resources/updated', 'notifications/tasks', 'notifications/message']);
  expect(told).toEqual([]);
  // One that shared the login before, and has wanted something then, hears no more of it.
  a.definition = remoteDefinitionOf('a');
  expect(await ada.subscribe('x://1')).toEqual({ result: {} });
  a.definition = each;
  upstreams.emit('resourceUpdated', { id: 'a', uri: 'x://1', notification: note('notifications/resources/updated', { uri: 'x://1' }) });
  expect(told).toEqual([]);
});

it('feeds hear of what is one principal’s alone only as that principal', async () => {
  const { gateway, upstreams } = gatewayOver(upstream('a'));
  const told: string[] = [];
  for (const id of ['local', 'key:ada']) {
    gateway.attach(feed({ principal: { id }, scope: { kind: 'server', id: 'a' }, send: () => told.push(id) }));
  }
  const notification: NotificationMessage = { jsonrpc: '2.0', method: 'notifications/tasks/status', params: { taskId: 't' } };
  upstreams.emit('logMessage', { id: 'a', notification, principalId: 'key:ada' });
  expect(told).toEqual(['key:ada']);
  upstreams.emit('logMessage', { id: 'a', notification });
  expect(told).toEqual(['key:ada', 'local', 'key:ada']);
});
