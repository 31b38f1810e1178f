import { beforeEach, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { DegradedNews } from '../../src/hub/degraded-news.ts';
import type { UpstreamState } from '../../src/upstream/index.ts';
import { FakeUpstream, FakeUpstreams, listing } from '../support/fake-upstream.ts';

const REASON = 'Server "a" did not answer the last 3 pings.';
const down: UpstreamState = { kind: 'backoff', untilMs: 9, attempt: 1, last: new HubError('CONNECTION_ERROR', 'gone') };

let servers: FakeUpstreams;
let a: FakeUpstream;
let told: unknown[];
let news: DegradedNews;

function become(degraded: string | undefined): void {
  a.degraded = degraded;
  servers.emit('degraded', { id: 'a' });
}

beforeEach(() => {
  told = [];
  a = new FakeUpstream('a', listing());
  servers = new FakeUpstreams(a);
  news = new DegradedNews(servers, ({ data }) => told.push(data));
  news.start();
});

const begun = { type: 'degraded_changed', server: 'a', degraded: true, degradedReason: REASON };
const over = { type: 'degraded_changed', server: 'a', degraded: false };

it('tells once that a server is degraded, and once that it is not any more', () => {
  become(REASON);
  become(REASON);
  expect(told).toEqual([begun]);
  become(undefined);
  become(undefined);
  expect(told).toEqual([begun, over]);
});

it('is over with the connection', () => {
  become(REASON);
  a.degraded = undefined;
  a.state = down;
  servers.emit('state', { id: 'a', state: down });
  expect(told).toEqual([begun, over]);
});

it('is not told of servers that come, go and fail otherwise, nor after it was disposed of', () => {
  servers.emit('state', { id: 'a', state: down });
  servers.emit('degraded', { id: 'gone' });
  news.dispose();
  become(REASON);
  expect(told).toEqual([]);
});
