import { describe, expect, it } from 'vitest';
import { deferred, HubError } from '../../src/base/index.ts';
import { LoginVisits } from '../../src/gateway/login-visits.ts';
import type { LoginPages, LoginPlace } from '../../src/gateway/index.ts';
import type { JsonObject } from '../../src/protocol/index.ts';
import type { AskClient, UpstreamRequest } from '../../src/upstream/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { FakeUpstream, listing, remoteDefinitionOf } from '../support/fake-upstream.ts';

const PAGE = 'https://login.example/authorize?state=s';
const refused = new HubError('UNAUTHORIZED', 'HTTP 401', { details: { server: 'a', ran: false } });

function scene({ page = PAGE }: { readonly page?: string } = {}) {
  const clock = new FakeClock();
  const upstream = new FakeUpstream('a', listing());
  const end = deferred<void>();
  let logins = 0;
  let isIn = false;
  upstream.answer = () => {
    if (!isIn) throw refused;
    return { result: { content: [] } };
  };
  const places: LoginPlace[] = [];
  const pages: LoginPages = {
    page: async (place) => {
      places.push(place);
      return page === 'none' ? undefined : page;
    },
    count: () => logins,
    over: (_, signal) => {
      const gone = new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      return Promise.race([end.promise, gone]);
    },
  };
  const logIn = (): void => {
    [isIn, logins] = [true, logins + 1];
    end.resolve();
  };
  const asked: JsonObject[] = [];
  const request = (ask: AskClient | undefined, signal = new AbortController().signal): UpstreamRequest => ({
    method: 'tools/call',
    params: { name: 't' },
    origin: { principalId: 'p', sessionId: 's', era: 'legacy', clientCapabilities: { elicitation: { url: {} } } },
    signal,
    onRequest: ask && ((question, ...rest) => (asked.push(question.params ?? {}), ask(question, ...rest))),
  });
  const worker = new LoginVisits(pages, clock).before(upstream);
  const send = (one: UpstreamRequest): Promise<unknown> => worker.request(one).catch((error: unknown) => error);
  return { clock, upstream, places, asked, request, send, logIn, refuse: (error: HubError) => end.reject(error) };
}

const never: AskClient = () => new Promise(() => {});
const accepts: AskClient = async () => ({ result: { action: 'accept' } });

describe('a request that meets a server without a login', () => {
  it('waits for ten minutes, and not longer', async () => {
    const { clock, upstream, asked, request, send } = scene();
    const answer = send(request(accepts));
    await settle();
    await clock.advance(599_000);
    expect(upstream.requests).toHaveLength(1);
    expect(asked).toMatchObject([{ mode: 'url', url: PAGE }]);
    await clock.advance(2_000);
    expect(await answer).toMatchObject({ code: 'INPUT_NOT_GIVEN', message: expect.stringContaining(`Open ${PAGE}`) });
    expect(upstream.requests).toHaveLength(1);
  });

  it('ends with its client', async () => {
    const { request, send, upstream } = scene();
    const gone = new AbortController();
    const answer = send(request(never, gone.signal));
    await settle();
    const reason = new HubError('CANCELLED', 'Enough.');
    gone.abort(reason);
    expect(await answer).toBe(reason);
    expect(upstream.requests).toHaveLength(1);
  });

  it('is sent once more after the login, whether its client has answered or not', async () => {
    for (const ask of [accepts, never]) {
      const { request, send, upstream, logIn } = scene();
      const answer = send(request(ask));
      await settle();
      logIn();
      expect(await answer).toMatchObject({ outcome: { result: { content: [] } } });
      expect(upstream.requests).toHaveLength(2);
    }
  });

  it('is refused for good when the server refuses it after the login as well', async () => {
    const { request, send, upstream, asked, logIn } = scene();
    const answer = send(request(accepts));
    await settle();
    upstream.answer = () => {
      throw refused;
    };
    logIn();
    expect(await answer).toBe(refused);
    expect([upstream.requests.length, asked.length]).toEqual([2, 1]);
  });

  it('fails as it was where there is no page, and in words where its client cannot be reached', async () => {
    const nowhere = scene({ page: 'none' });
    expect(await nowhere.send(nowhere.request(accepts))).toBe(refused);
    const { request, send } = scene();
    const unreachable: AskClient = async () => ({ error: { code: -32603, message: 'no stream' } });
    for (const ask of [unreachable, undefined]) {
      expect(await send(request(ask))).toMatchObject({ code: 'UNAUTHORIZED', details: { authorizationUrl: PAGE } });
    }
  });

  it('fails with the words of a login that was refused', async () => {
    const { request, send, refuse } = scene();
    const answer = send(request(accepts));
    await settle();
    const error = new HubError('UNAUTHORIZED', 'access_denied');
    refuse(error);
    expect(await answer).toBe(error);
  });

  it('waits for the login of its principal, where each has its own', async () => {
    const { request, send, upstream, places } = scene();
    upstream.definition = remoteDefinitionOf('a', { oauth: { logins: 'each' } });
    const own = await send(request(undefined));
    expect(own).toMatchObject({ message: `Server "a" needs a login. Open ${PAGE} in a browser; then call again.` });
    upstream.definition = remoteDefinitionOf('a');
    const shared = await send(request(undefined));
    expect(shared).toMatchObject({ message: expect.stringContaining('or run "mcp-hub auth a"') });
    expect(places).toEqual([
      { server: 'a', principal: 'p' },
      { server: 'a', principal: 'local' },
    ]);
  });

  it('that may have run is never sent again', async () => {
    const { request, send, upstream, asked } = scene();
    const mayHaveRun = new HubError('UNAUTHORIZED', 'HTTP 403', { details: { server: 'a', status: 403 } });
    upstream.answer = () => {
      throw mayHaveRun;
    };
    expect(await send(request(accepts))).toBe(mayHaveRun);
    expect([upstream.requests.length, asked.length]).toEqual([1, 0]);
  });
});
