import { beforeEach, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import type { News } from '../../src/hub/news.ts';
import { ListingNews } from '../../src/hub/listing-news.ts';
import { ServerNews } from '../../src/hub/server-news.ts';
import type { Listing } from '../../src/catalog/index.ts';
import type { UpstreamState } from '../../src/upstream/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeUpstream, FakeUpstreams, listing, tool } from '../support/fake-upstream.ts';

let clock: FakeClock;
let told: News['data'][];
let a: FakeUpstream;
let b: FakeUpstream;
let servers: FakeUpstreams;
let news: ServerNews;

const crash = new HubError('UPSTREAM_EXITED', 'gone');
const ready = (sinceMs: number): UpstreamState => ({ kind: 'ready', sinceMs, tookMs: 1, identity: listing().identity });
const down: UpstreamState = { kind: 'backoff', untilMs: 9, attempt: 1, last: crash };
const starting: UpstreamState = { kind: 'starting', sinceMs: 0, attempt: 2, last: crash };

function set(upstream: FakeUpstream, state: UpstreamState): void {
  upstream.state = state;
  servers.emit('state', { id: upstream.id, state });
}

const modified = (): unknown[] => told.map((data) => 'changes' in data && data.changes.modified);

beforeEach(() => {
  clock = new FakeClock(0);
  told = [];
  a = new FakeUpstream('a', listing());
  b = new FakeUpstream('b', listing());
  servers = new FakeUpstreams(a, b);
  news = new ServerNews({ servers, clock, publish: ({ data }) => told.push(data) });
  news.start();
});

it('tells nothing of the start, which the state of the hub tells of', async () => {
  set(a, starting);
  set(a, ready(5));
  await clock.advance(10_000);
  news.settled();
  await clock.advance(10_000);
  expect([told, clock.pending]).toEqual([[], 0]);
});

it('tells of a crash, and of the recovery, and names the others', async () => {
  news.settled();
  set(a, down);
  await clock.advance(2_000);
  expect(told).toEqual([{ type: 'servers_updated', changes: { added: [], removed: [], modified: ['a'], unchanged: ['b'] } }]);
  set(a, starting);
  set(a, ready(2_000));
  await clock.advance(2_000);
  expect(modified()).toEqual([['a'], ['a']]);
});

it('tells what became of a start or stop that somebody asked for, even when that is what it was before', async () => {
  set(a, down);
  news.settled();
  set(a, starting);
  set(a, { ...down, untilMs: 50 });
  news.asked('a');
  await clock.advance(2_000);
  expect(modified()).toEqual([['a']]);
  set(b, ready(2_000));
  news.asked('b');
  await clock.advance(2_000);
  expect(modified()).toEqual([['a'], ['b']]);
  await clock.advance(2_000);
  expect(modified()).toHaveLength(2);
  const muted = news.mute(['a']);
  news.asked('a');
  muted.dispose();
  news.asked('nobody');
  await clock.advance(2_000);
  expect(modified()).toHaveLength(2);
});

it('tells of a server that fails again and again once', async () => {
  news.settled();
  for (let attempt = 0; attempt < 50; attempt += 1) {
    set(a, down);
    await clock.advance(1_000);
    set(a, starting);
    await clock.advance(1_000);
  }
  expect(modified()).toEqual([['a']]);
  set(a, { kind: 'auth-required', error: new HubError('UNAUTHORIZED', 'login') });
  await clock.advance(2_000);
  expect(modified()).toEqual([['a'], ['a']]);
});

it('gathers, so that many changes are one event a second at most', async () => {
  news.settled();
  for (let at = 1; at <= 500; at += 1) {
    set(a, at % 2 === 0 ? ready(at) : { kind: 'stopped' });
    set(b, at % 3 === 0 ? ready(at) : down);
    await clock.advance(10);
  }
  await clock.advance(5_000);
  expect(told.length).toBeGreaterThan(3);
  expect(told.length).toBeLessThanOrEqual(7);
  expect(modified()[0]).toEqual(['a', 'b']);
});

it('forgets what was taken back before it was told', async () => {
  news.settled();
  const before = a.state;
  set(a, { kind: 'stopped' });
  set(a, before);
  await clock.advance(5_000);
  expect(told).toEqual([]);
});

it('leaves servers to whoever tells of them, and knows afterwards how they are', async () => {
  news.settled();
  const first = news.mute(['a']);
  const second = news.mute(['a']);
  set(a, { kind: 'stopped' });
  set(b, { kind: 'stopped' });
  await clock.advance(5_000);
  expect(modified()).toEqual([['b']]);
  first.dispose();
  first.dispose();
  set(a, ready(7));
  await clock.advance(5_000);
  expect(modified()).toEqual([['b']]);
  second.dispose();
  set(a, a.state);
  await clock.advance(5_000);
  expect(modified()).toEqual([['b']]);
  set(a, { kind: 'disabled' });
  await clock.advance(5_000);
  expect(modified()).toEqual([['b'], ['a']]);
});

it('is silent once it is disposed of', async () => {
  news.settled();
  set(a, down);
  news.dispose();
  set(b, down);
  await clock.advance(5_000);
  expect([told, clock.pending]).toEqual([[], 0]);
});

function offer(next: Listing | undefined): void {
  a.listing = next;
  servers.emit('listing', { id: 'a', listing: next });
}

it('tells what a server offers otherwise than before: the whole list, kind by kind, by content', () => {
  const lists = new ListingNews(servers, ({ data }) => told.push(data));
  lists.start();
  const one = { tools: [tool('x')], prompts: [{ name: 'p' }], resources: [{ uri: 'u:1', name: 'r' }] };
  offer(listing(one));
  offer(listing({ tools: [tool('x')], prompts: [{ name: 'p' }], resources: [{ uri: 'u:1', name: 'r' }] }));
  offer(undefined);
  offer(listing(one));
  expect(told).toEqual([]);
  offer(listing({ ...one, tools: [tool('x', { description: 'new' })] }));
  offer(listing({ ...one, tools: [tool('x', { description: 'new' })], resourceTemplates: [{ uriTemplate: 'u:{n}', name: 't' }] }));
  offer(listing({ ...one, tools: [tool('x', { description: 'new' })], prompts: [] }));
  expect(told).toEqual([
    { type: 'tool_list_changed', server: 'a', tools: [tool('x', { description: 'new' })] },
    {
      type: 'resource_list_changed',
      server: 'a',
      resources: [{ uri: 'u:1', name: 'r' }],
      resourceTemplates: [{ uriTemplate: 'u:{n}', name: 't' }],
    },
    { type: 'resource_list_changed', server: 'a', resources: [{ uri: 'u:1', name: 'r' }], resourceTemplates: [] },
    { type: 'prompt_list_changed', server: 'a', prompts: [] },
  ]);
  lists.dispose();
  offer(listing());
  expect(told).toHaveLength(4);
});
