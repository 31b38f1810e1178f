import { describe, expect, it } from 'vitest';
import { type Deferred, deferred, HubError, silentLogger } from '../../src/base/index.ts';
import type { StdioDefinition } from '../../src/config/index.ts';
import { AskingTools } from '../../src/upstream/asking-tools.ts';
import { Switchboard } from '../../src/upstream/switchboard.ts';
import type { Origin, UpstreamAnswer, UpstreamRequest } from '../../src/upstream/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { fixtureLaunch } from '../support/fixtures.ts';
import { listingOf, ScriptedConnection, scriptedConnect } from '../support/scripted-connect.ts';

const definition: StdioDefinition = {
  kind: 'stdio',
  id: 'srv',
  command: 'x',
  args: [],
  env: {},
  disabled: false,
  initTimeoutMs: 60_000,
  requestTimeoutMs: 1_000,
  isolation: 'auto',
  maxConnections: 4,
  source: 'mcp.json',
  errors: [],
};

/** A connection whose calls are answered by the test, by the name of their tool. */
class HeldConnection extends ScriptedConnection {
  readonly held = new Map<unknown, Deferred<UpstreamAnswer>>();
  readonly seen: UpstreamRequest[] = [];

  override request = (request: UpstreamRequest): Promise<UpstreamAnswer> => {
    const answer = deferred<UpstreamAnswer>();
    this.seen.push(request);
    this.held.set(request.params?.['name'], answer);
    return answer.promise;
  };

  get names(): unknown[] {
    return this.seen.map(({ params }) => params?.['name']);
  }

  answer(name: string): void {
    this.held.get(name)?.resolve({ era: 'legacy', outcome: { result: {} } });
  }
}

function board(more: Partial<StdioDefinition> = {}, era: 'legacy' | 'modern' = 'legacy') {
  const clock = new FakeClock();
  const { calls, connect } = scriptedConnect();
  const main = new HeldConnection(listingOf('a'), era);
  const asking = new AskingTools();
  const forSession: unknown[] = [];
  const switchboard = new Switchboard({
    definition: { ...definition, ...more },
    parts: {
      clock,
      connect,
      logger: silentLogger,
      random: () => 0,
      resolveLaunch: async () => fixtureLaunch('echo'),
      createStdioTransport: () => expect.fail('nothing here starts a process'),
    },
    main,
    asking,
    roots: async (sessionId) => [{ uri: `of:${String(sessionId)}` }],
    forSession: (event) => forSession.push(event),
  });
  const call = (name: string, sessionId?: string): void => {
    const era = sessionId === undefined ? 'modern' : 'legacy';
    const origin: Origin = { principalId: 'local', sessionId, era };
    const signal = new AbortController().signal;
    switchboard.request({ method: 'tools/call', params: { name }, origin, signal }).catch(() => undefined);
  };
  const learn = (name: string): void => {
    asking.learn({ method: 'tools/call', params: { name } });
    switchboard.learned();
  };
  /** Makes the side connection of that number. */
  const side = async (at: number): Promise<HeldConnection> => {
    await settle();
    const connection = new HeldConnection();
    calls[at]?.outcome.resolve(connection);
    await settle();
    return connection;
  };
  const end = (): Promise<void> => switchboard.end(new HubError('CONNECTION_ERROR', 'over'));
  return { clock, calls, main, switchboard, call, learn, side, end, forSession };
}

describe('the switchboard', () => {
  it('keeps what does not ask together, and marks what does', async () => {
    const { main, call, learn, calls, end } = board();
    learn('ask');
    call('plain', 's');
    call('plain', 't');
    call('plain');
    main.answer('plain');
    await settle();
    expect(calls).toEqual([]);
    expect(main.seen.map(({ asks }) => asks)).toEqual([undefined, undefined, undefined]);
    await end();
  });

  it('lets a client alone be asked there, and leads all others elsewhere meanwhile', async () => {
    const { main, call, learn, side, end } = board();
    learn('ask');
    call('ask', 's');
    expect(main.seen.map(({ asks }) => asks)).toEqual([true]);
    call('of t', 't');
    call('modern');
    const [own, spare] = [await side(0), await side(1)];
    expect([own.names, spare.names]).toEqual([['of t'], ['modern']]);
    call('more', 's');
    main.answer('ask');
    await settle();
    call('again', 't');
    call('later');
    await settle();
    expect([main.names, own.names]).toEqual([
      ['ask', 'more', 'later'],
      ['of t', 'again'],
    ]);
    await end();
  });

  it('takes what turns out to ask on its way for what asks', async () => {
    const { main, call, learn, side, end } = board();
    call('tool', 's');
    learn('tool');
    call('other', 't');
    expect((await side(0)).names).toEqual(['other']);
    expect(main.names).toEqual(['tool']);
    await end();
  });

  it('lets the last session that uses the main connection be asked there, once the others have left or ended', async () => {
    const { main, call, learn, side, switchboard, end } = board();
    for (const session of ['s', 't', 'u']) {
      call(`plain ${session}`, session);
      main.answer(`plain ${session}`);
    }
    await settle();
    learn('ask');
    call('ask', 's');
    expect((await side(0)).names).toEqual(['ask']);
    switchboard.endSession('u');
    call('ask', 't');
    expect(main.names.at(-1)).toBe('ask');
    await end();
  });

  it('makes nothing for a call that was taken back before', async () => {
    const { calls, switchboard, main, end } = board({ isolation: 'session' });
    const origin = { principalId: 'local', sessionId: 's', era: 'legacy' } as const;
    switchboard.request({ method: 'tools/call', origin, signal: AbortSignal.abort() }).catch(() => undefined);
    await settle();
    expect([calls.length, main.seen.length]).toEqual([0, 1]);
    await end();
  });

  it('makes its connections as the main one was made: era and lists known, roots of the session, the log level set', async () => {
    const { main, calls, call, switchboard, side, end } = board({ isolation: 'session' });
    await switchboard.setLogLevel('info');
    call('a', 's');
    call('b');
    const own = await side(0);
    await side(1);
    expect(own.log).toEqual(['level info']);
    await switchboard.setLogLevel('debug');
    expect(own.log).toEqual(['level info', 'level debug']);
    const [first, second] = calls.map(({ options }) => options);
    expect([first?.knownEra, first?.listing]).toEqual(['legacy', main.listing]);
    expect(await first?.roots?.()).toEqual([{ uri: 'of:s' }]);
    expect(await second?.roots?.()).toEqual([]);
    switchboard.rootsChanged('t');
    switchboard.rootsChanged(undefined);
    switchboard.rootsChanged('s');
    expect(main.log.at(-1)).toBe('roots');
    expect(own.log.filter((entry) => entry === 'roots')).toHaveLength(1);
    await end();
    expect(own.log.at(-1)).toBe('close');
  });

  it('leads log messages of a session’s connection to that session, and those of a spare one nowhere', async () => {
    const { calls, call, side, forSession, end } = board({ isolation: 'session' });
    call('a', 's');
    call('b');
    await side(0);
    await side(1);
    const message = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info' } } as const;
    for (const { options } of calls) options.on.logMessage(message);
    expect(forSession).toEqual([{ sessionId: 's', notification: message }]);
    await end();
  });

  it.each([
    ['a modern server', board({}, 'modern')],
    ['"shared"', board({ isolation: 'shared' })],
  ])('leads everything to the main connection of %s', async (_, { main, call, learn, calls, end }) => {
    learn('ask');
    call('ask', 's');
    call('ask', 't');
    call('ask');
    expect(main.names).toEqual(['ask', 'ask', 'ask']);
    expect(calls).toEqual([]);
    await end();
  });
});
