import { expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { LoginNews } from '../../src/hub/login-news.ts';
import type { News } from '../../src/hub/news.ts';
import { FakeUpstream, FakeUpstreams, remoteDefinitionOf } from '../support/fake-upstream.ts';

it('tells nobody the page of the owner where each logs in by itself', () => {
  const news: News[] = [];
  const upstream = new FakeUpstream('a', undefined);
  upstream.definition = remoteDefinitionOf('a', { oauth: { logins: 'each' } });
  upstream.state = { kind: 'auth-required', error: new HubError('UNAUTHORIZED', 'Log in.') };
  const told = new LoginNews(new FakeUpstreams(upstream), { authorizationUrl: () => 'https://login.example/1' }, (one) => news.push(one));
  told.start();
  told.dispose();
  expect(news).toEqual([{ name: 'subscription_event', data: { type: 'login_required', server: 'a' } }]);
});

it('tells of each login page once, with its address', () => {
  const news: News[] = [];
  let page: string | undefined = 'https://login.example/1';
  const upstream = new FakeUpstream('a', undefined);
  const servers = new FakeUpstreams(upstream);
  const needsLogin = { kind: 'auth-required', error: new HubError('UNAUTHORIZED', 'Log in.') } as const;
  const enter = (state: FakeUpstream['state']): void => {
    upstream.state = state;
    servers.emit('state', { id: 'a', state });
  };
  const told = new LoginNews(servers, { authorizationUrl: () => page }, (one) => news.push(one));
  told.start();
  enter(needsLogin);
  enter({ kind: 'starting', sinceMs: 0, attempt: 1 });
  enter(needsLogin);
  page = 'https://login.example/2';
  enter(needsLogin);
  page = undefined;
  enter(needsLogin);
  told.dispose();
  page = 'https://login.example/3';
  enter(needsLogin);
  expect(news).toEqual(
    [1, 2].map((number) => ({
      name: 'subscription_event',
      data: { type: 'login_required', server: 'a', authorizationUrl: `https://login.example/${number}` },
    })),
  );
});
