import { afterEach, expect, it } from 'vitest';
import { deferred, HubError, silentLogger } from '../../src/base/index.ts';
import { type FeedOptions, HubGateway } from '../../src/gateway/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { FakeUpstream, FakeUpstreams, listing } from '../support/fake-upstream.ts';

const started: HubGateway[] = [];
afterEach(() => {
  for (const gateway of started.splice(0)) gateway.dispose();
});

const refusal = { code: -32603, message: 'Nobody can watch this', data: { reason: 'x' } };

function watched(more: Partial<FeedOptions> = {}) {
  const a = new FakeUpstream('a', listing({ resourceTemplates: [{ uriTemplate: 'x://{id}', name: 'any' }] }));
  const hub = { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0' };
  const upstreams = new FakeUpstreams(a);
  const clock = new FakeClock();
  const gateway = new HubGateway({ upstreams, hub, maxToolNameLength: () => 54, clock, logger: silentLogger, onNote: () => {} });
  gateway.start();
  started.push(gateway);
  const feed = gateway.attach({
    scope: { kind: 'all' },
    principal: { id: 'local' },
    changes: new Set(),
    logs: false,
    send: () => {},
    ...more,
  });
  return { a, feed };
}

it('what a server refuses is answered in its words, and not asked of it any more', async () => {
  const { a, feed } = watched();
  a.refused.set('x://no', refusal);
  await feed.subscribe('x://yes');
  expect(await feed.subscribe('x://no')).toEqual({ error: refusal });
  expect(a.subscriptions).toEqual([['x://yes'], ['x://no', 'x://yes'], ['x://yes']]);
});

it('a server that can be woken is waited for, and asked when it is there', async () => {
  const { a, feed } = watched();
  const waking = deferred<void>();
  a.ready = () => waking.promise;
  const subscribed = feed.subscribe('x://1');
  await settle();
  expect(a.subscriptions).toEqual([]);
  waking.resolve();
  expect(await subscribed).toEqual({ result: {} });
  expect(a.subscriptions).toEqual([['x://1']]);
});

it('a listener that goes does not wait any longer, and wants nothing', async () => {
  const { a, feed } = watched();
  a.ready = (signal) =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(new HubError('CANCELLED', 'Taken back.')), { once: true });
    });
  const subscribed = feed.subscribe('x://1');
  feed.dispose();
  expect(await subscribed).toMatchObject({ error: { message: 'Taken back.' } });
  expect(a.subscriptions.flat()).toEqual([]);
});

it.each([
  ['a modern listener', undefined, ['x://1']],
  ['a legacy session', 's', []],
])('of a server that is down, %s is told so; what it is still asked for is %j', async (_, sessionId, kept) => {
  const { a, feed } = watched({ sessionId });
  a.state = { kind: 'stopped' };
  expect(await feed.subscribe('x://1')).toMatchObject({ error: { data: { code: 'SERVER_NOT_CONNECTED' } } });
  expect(a.subscriptions.at(-1)).toEqual(kept);
});

it('a session keeps what it was subscribed to before its server went down', async () => {
  const { a, feed } = watched({ sessionId: 's' });
  await feed.subscribe('x://1');
  a.state = { kind: 'stopped' };
  expect((await feed.subscribe('x://1')).error).toBeDefined();
  expect(a.subscriptions.at(-1)).toEqual(['x://1']);
});
