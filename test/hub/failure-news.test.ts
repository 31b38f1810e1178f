import { beforeEach, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { FailureNews } from '../../src/hub/failure-news.ts';
import type { UpstreamState } from '../../src/upstream/index.ts';
import { FakeUpstream, FakeUpstreams, listing } from '../support/fake-upstream.ts';

const crash = new HubError('UPSTREAM_EXITED', 'Server "a" exited with code 3.');
const down: UpstreamState = { kind: 'backoff', untilMs: 9, attempt: 1, last: crash };
const refused = new HubError('CONNECTION_ERROR', 'Server "a" cannot be reached.');

let servers: FakeUpstreams;
let a: FakeUpstream;
let told: unknown[];

function set(state: UpstreamState): void {
  a.state = state;
  servers.emit('state', { id: 'a', state });
}

const event = ({ code, message }: HubError): object => ({ type: 'error', message, code, data: { server: 'a', error: message } });

beforeEach(() => {
  told = [];
  a = new FakeUpstream('a', listing());
  servers = new FakeUpstreams(a);
});

it('tells of a failure once, of another one again, and anew after the server was there', () => {
  new FailureNews(servers, ({ data }) => told.push(data)).start();
  set(down);
  set({ kind: 'starting', sinceMs: 0, attempt: 2, last: crash });
  set({ ...down, attempt: 2 });
  expect(told).toEqual([event(crash)]);
  set({ kind: 'failed', error: refused });
  expect(told).toEqual([event(crash), event(refused)]);
  set({ kind: 'ready', sinceMs: 1, tookMs: 1, identity: listing().identity });
  set({ ...down, attempt: 1 });
  expect(told).toEqual([event(crash), event(refused), event(crash)]);
});

it('tells of servers that had failed before it began, and of none after it was disposed of', () => {
  a.state = { kind: 'failed', error: refused };
  const news = new FailureNews(servers, ({ data }) => told.push(data));
  news.start();
  expect(told).toEqual([event(refused)]);
  news.dispose();
  set(down);
  expect(told).toHaveLength(1);
});
