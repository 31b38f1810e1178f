import { describe, expect, it } from 'vitest';
import { HubError, silentLogger } from '../../../src/base/index.ts';
import type { RemoteDefinition } from '../../../src/config/index.ts';
import type { UpstreamRequest, UpstreamState } from '../../../src/upstream/index.ts';
import { Supervisor } from '../../../src/upstream/supervisor.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { remoteDefinitionOf } from '../../support/fake-upstream.ts';
import { fixtureLaunch } from '../../support/fixtures.ts';
import { listingOf, ScriptedConnection, scriptedConnect } from '../../support/scripted-connect.ts';

const EACH = remoteDefinitionOf('srv', { maxConnections: 2, oauth: { logins: 'each' } });

/** A supervised server where each logs in by itself; connections are made by the test. */
async function scene(more: Partial<RemoteDefinition> = {}) {
  const clock = new FakeClock();
  const { calls, connect } = scriptedConnect();
  const logins: (string | undefined)[] = [];
  const states: UpstreamState[] = [];
  const forSession: string[] = [];
  const supervisor = new Supervisor({
    definition: { ...EACH, ...more },
    startupWaitMs: () => 5_000,
    parts: {
      clock,
      connect,
      logger: silentLogger,
      random: () => 0,
      resolveLaunch: async (_definition, _signal, principalId) => (logins.push(principalId), fixtureLaunch('echo')),
      createStdioTransport: () => expect.fail('nothing here starts a process'),
    },
    on: {
      state: ({ state }) => void states.push(state),
      listing: () => {},
      resourceUpdated: () => {},
      taskChanged: () => {},
      degraded: () => {},
      logMessage: () => expect.fail('a message of a principal is nobody else’s'),
      forSession: ({ sessionId }) => void forSession.push(sessionId),
    },
  });
  const request = (principalId: string, sessionId?: string): Promise<unknown> => {
    const origin = { principalId, sessionId, era: sessionId === undefined ? ('modern' as const) : ('legacy' as const) };
    const one: UpstreamRequest = { method: 'tools/call', origin, signal: new AbortController().signal };
    return supervisor.request(one).catch((error: unknown) => error);
  };
  /** Makes the connection that was asked for last. */
  const made = async (connection = new ScriptedConnection(listingOf('a'), 'modern')): Promise<ScriptedConnection> => {
    await settle();
    calls.at(-1)?.outcome.resolve(connection);
    await settle();
    return connection;
  };
  supervisor.start();
  const main = await made();
  return { clock, calls, logins, states, supervisor, request, made, main, forSession };
}

const answered = { outcome: { result: { method: 'tools/call' } } };
const ended = new HubError('UNAUTHENTICATED', 'revoked');

describe('calls at a server where each logs in by itself', () => {
  it('go by the login of their principal, on one connection each', async () => {
    const { request, made, main, logins, calls } = await scene();
    expect(await request('local')).toMatchObject(answered);
    const first = [request('ada'), request('ada')];
    const ada = await made();
    expect(await Promise.all(first)).toMatchObject([answered, answered]);
    const other = request('bob');
    const bob = await made();
    expect(await other).toMatchObject(answered);
    expect(logins).toEqual([undefined, 'ada', 'bob']);
    expect([main.log, ada.log, bob.log]).toEqual([['tools/call'], ['tools/call', 'tools/call'], ['tools/call']]);
    // The lists are those of the owner: nothing is fetched for others.
    expect(calls.map(({ options }) => options.listing)).toEqual([undefined, main.listing, main.listing]);
  });

  it('all go by one login where it is shared', async () => {
    const { request, main, logins } = await scene({ oauth: { logins: 'shared' } });
    expect(await Promise.all([request('ada'), request('bob'), request('local')])).toMatchObject([answered, answered, answered]);
    expect([logins, main.log]).toEqual([[undefined], ['tools/call', 'tools/call', 'tools/call']]);
  });

  it('fail with a login that cannot be had, and begin anew with the next', async () => {
    const { request, made, calls, supervisor } = await scene();
    const refused = request('ada');
    await settle();
    const error = new HubError('UNAUTHORIZED', 'HTTP 401', { details: { ran: false, awaitsLogin: true } });
    calls.at(-1)?.outcome.reject(error);
    expect(await refused).toBe(error);
    expect(supervisor.state.kind).toBe('ready');
    const next = request('ada');
    await made();
    expect(await next).toMatchObject(answered);
  });

  it('get another connection after the login was taken back, and others keep theirs', async () => {
    const { request, made, calls, supervisor } = await scene();
    const first = request('ada');
    const lost = await made();
    await first;
    const other = request('bob');
    const kept = await made();
    await other;
    const error = new HubError('UNAUTHORIZED', 'HTTP 401', { details: { ran: false, awaitsLogin: true } });
    lost.request = async () => Promise.reject(error);
    expect(await request('ada')).toBe(error);
    await settle();
    expect([lost.log.at(-1), kept.log.at(-1), supervisor.state.kind]).toEqual(['close', 'tools/call', 'ready']);
    const again = request('ada');
    await made();
    expect(await again).toMatchObject(answered);
    expect(await request('bob')).toMatchObject(answered);
    expect(calls).toHaveLength(4);
  });

  it('are sent once more when the connection was lost before the server had them, and never when they may have run', async () => {
    const { request, made, calls } = await scene();
    const first = request('ada');
    const connection = await made();
    await first;
    connection.request = async () => {
      calls.at(-1)?.options.on.closed(new HubError('CONNECTION_ERROR', 'lost'));
      throw new HubError('CONNECTION_ERROR', 'lost', { details: { ran: false } });
    };
    const again = request('ada');
    const next = await made();
    expect(await again).toMatchObject(answered);
    next.request = async () => {
      calls.at(-1)?.options.on.closed(new HubError('CONNECTION_ERROR', 'lost'));
      throw new HubError('CONNECTION_ERROR', 'lost');
    };
    expect(await request('ada')).toMatchObject({ code: 'CONNECTION_ERROR' });
    expect(calls).toHaveLength(3);
  });

  it('go on while the owner has to log in, wait while the server starts, and are refused when it is stopped', async () => {
    const { request, made, calls, supervisor, main } = await scene();
    main.request = async () => {
      throw new HubError('UNAUTHORIZED', 'HTTP 401', { details: { ran: false, awaitsLogin: true } });
    };
    expect(await request('local')).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(supervisor.state.kind).toBe('auth-required');
    const first = request('ada');
    const ada = await made();
    expect(await first).toMatchObject(answered);
    supervisor.start();
    await settle();
    const waiting = request('bob');
    await settle();
    expect(calls).toHaveLength(3);
    await made();
    await made();
    expect(await waiting).toMatchObject(answered);
    expect(await request('ada')).toMatchObject(answered);
    await supervisor.stop();
    expect(ada.log.at(-1)).toBe('close');
    expect(await request('ada')).toMatchObject({ code: 'SERVER_NOT_CONNECTED' });
  });
});

describe('connections of principals', () => {
  it('end when nobody used them for five minutes', async () => {
    const { request, made, clock } = await scene();
    const first = request('ada');
    const ada = await made();
    await first;
    await clock.advance(299_000);
    await request('ada');
    await clock.advance(299_000);
    expect(ada.log).not.toContain('close');
    await clock.advance(2_000);
    expect(ada.log.at(-1)).toBe('close');
  });

  it('make room for others when they are idle, and do not when all of them are in use', async () => {
    const { request, made, calls, clock } = await scene();
    const connections: ScriptedConnection[] = [];
    for (const principal of ['ada', 'bob']) {
      const done = request(principal);
      connections.push(await made());
      await done;
      await clock.advance(1_000);
    }
    const third = request('cleo');
    await made();
    expect(await third).toMatchObject(answered);
    expect(connections.map(({ log }) => log.includes('close'))).toEqual([true, false]);
    const held = [request('dora'), request('emil')];
    await settle();
    expect(await request('fritz')).toMatchObject({ code: 'LIMIT_EXCEEDED', details: { setting: 'maxConnections' } });
    for (const { outcome } of calls.slice(-2)) outcome.resolve(new ScriptedConnection(listingOf('a'), 'modern'));
    expect(await Promise.all(held)).toMatchObject([answered, answered]);
  });

  it('end at once with the key of their principal, also while they are made, and softly with another login', async () => {
    const { request, made, supervisor } = await scene();
    const first = request('ada');
    const ada = await made();
    await first;
    const pending = request('bob');
    await settle();
    await Promise.all([supervisor.endLogin('ada', ended), supervisor.endLogin('bob', ended)]);
    expect([ada.log.at(-1), await pending]).toEqual(['close', ended]);
    const again = request('ada');
    const next = await made();
    await again;
    let answer: (() => void) | undefined;
    next.request = () =>
      new Promise((resolve) => {
        answer = () => resolve({ era: 'modern', outcome: { result: { method: 'tools/call' } } });
      });
    const running = request('ada');
    await settle();
    await supervisor.endLogin('ada');
    const other = request('ada');
    await made();
    expect(await other).toMatchObject(answered);
    expect(next.log).not.toContain('close');
    answer?.();
    expect(await running).toMatchObject(answered);
    await settle();
    expect(next.log.at(-1)).toBe('close');
  });

  it('take over another definition with the next call, and are gone with a server that is disabled', async () => {
    const { request, made, supervisor } = await scene();
    const first = request('ada');
    const ada = await made();
    await first;
    supervisor.update({ ...EACH, url: 'https://b.example/' }, true);
    await settle();
    expect(ada.log.at(-1)).toBe('close');
    const again = request('ada');
    const next = await made();
    await again;
    supervisor.update({ ...EACH, disabled: true }, true);
    await settle();
    expect(next.log.at(-1)).toBe('close');
  });

  it('know the roots, the notifications and the log of the clients of their principal alone', async () => {
    const { request, made, calls, supervisor, main, forSession } = await scene();
    supervisor.setRootsSource(async (sessionId) => [{ uri: `of:${String(sessionId)}` }]);
    const rootsAt = async (at: number) => (await calls[at]?.options.roots?.())?.map(({ uri }) => uri);
    await request('local', 'o');
    const first = request('ada', 'a1');
    const ada = await made(new ScriptedConnection(listingOf('a'), 'legacy'));
    await first;
    await request('ada', 'a2');
    const other = request('bob', 'b');
    const bob = await made(new ScriptedConnection(listingOf('a'), 'legacy'));
    await other;
    expect([await rootsAt(0), await rootsAt(1), await rootsAt(2)]).toEqual([['of:o'], ['of:a1', 'of:a2'], ['of:b']]);
    const note = { jsonrpc: '2.0', method: 'notifications/x' } as const;
    for (const session of ['o', 'a1', 'b', 'unknown']) supervisor.notify(note, session);
    expect([main, ada, bob].map(({ log }) => log.filter((one) => one === 'notifications/x').length)).toEqual([1, 1, 1]);
    calls[1]?.options.on.logMessage({ jsonrpc: '2.0', method: 'notifications/message', params: {} });
    expect(forSession).toEqual(['a1', 'a2']);
    supervisor.endSession('a1');
    expect(await rootsAt(1)).toEqual(['of:a2']);
    supervisor.rootsChanged('a2');
    expect([main, ada, bob].map(({ log }) => log.includes('roots'))).toEqual([false, true, false]);
  });
});
