import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { LoginDesk } from '../../src/hub/login-desk.ts';
import type { UpstreamState } from '../../src/upstream/index.ts';
import { settle } from '../support/fake-clock.ts';
import { FakeUpstream, FakeUpstreams, listing } from '../support/fake-upstream.ts';

const failure = new HubError('UNAUTHORIZED', 'no');
const OWNER = { server: 'a', principal: 'local' };
const ADA = { server: 'a', principal: 'key:ada' };

function scene() {
  const upstream = new FakeUpstream('a', listing());
  const pool = new FakeUpstreams(upstream);
  const begun: string[] = [];
  const logins = {
    authorizationUrl: (server: string, principal?: string) => (principal === 'local' ? `https://login.example/${server}` : undefined),
    begin: async (server: string, principal?: string) => (begun.push(`${server} ${principal}`), `https://login.example/${principal}`),
  };
  const desk = new LoginDesk(logins, pool);
  /** What has become of a wait: `waits`, `over`, or the error that it ended with. */
  const wait = (place: typeof OWNER): (() => Promise<unknown>) => {
    let end: unknown = 'waits';
    const gone = new AbortController();
    desk.over(place, gone.signal).then(
      () => (end = 'over'),
      (error: unknown) => (end = error),
    );
    return async () => {
      await settle();
      gone.abort();
      return end;
    };
  };
  const enter = (state: UpstreamState): void => pool.emit('state', { id: 'a', state });
  return { desk, upstream, begun, wait, enter };
}

describe('where calls wait for logins', () => {
  it("the end of one principal's login is nobody else's", async () => {
    const { desk, upstream, wait } = scene();
    const [ada, owner, bob] = [wait(ADA), wait(OWNER), wait({ server: 'a', principal: 'key:bob' })];
    desk.finished(ADA);
    desk.refused({ server: 'a', principal: 'key:bob' }, failure);
    expect([await ada(), await owner(), await bob()]).toEqual(['over', 'waits', failure]);
    expect([desk.count(ADA), desk.count(OWNER), upstream.endedLogins]).toEqual([1, 0, ['key:ada']]);
    desk.forget('key:ada');
    expect(desk.count(ADA)).toBe(0);
  });

  it.each<[string, UpstreamState, string, string]>([
    ['runs', { kind: 'ready', sinceMs: 0, tookMs: 1, identity: listing().identity }, 'over', 'waits'],
    ['needs a login', { kind: 'auth-required', error: failure }, 'waits', 'waits'],
    ['is down for a while', { kind: 'backoff', untilMs: 1, attempt: 1, last: failure }, 'over', 'waits'],
    ['falls asleep', { kind: 'stopped', reason: 'idle' }, 'over', 'waits'],
    ['is stopped', { kind: 'stopped' }, 'over', 'over'],
    ['is disabled', { kind: 'disabled' }, 'over', 'over'],
  ])('a server that %s ends the wait of its owner, or of all', async (_, state, owner, ada) => {
    const { wait, enter } = scene();
    const ends = [wait(OWNER), wait(ADA)];
    enter(state);
    expect(await Promise.all(ends.map((end) => end()))).toEqual([owner, ada]);
  });

  it('has one page for each principal', async () => {
    const { desk, begun } = scene();
    expect([await desk.page(OWNER), await desk.page(ADA)]).toEqual(['https://login.example/a', 'https://login.example/key:ada']);
    expect(begun).toEqual(['a key:ada']);
  });
});
