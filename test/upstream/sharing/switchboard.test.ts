import { describe, expect, it } from 'vitest';
import { type Deferred, deferred, HubError, silentLogger } from '../../../src/base/index.ts';
import type { StdioDefinition } from '../../../src/config/index.ts';
import type { JsonObject } from '../../../src/protocol/index.ts';
import { AskingTools } from '../../../src/upstream/sharing/asking-tools.ts';
import { Switchboard } from '../../../src/upstream/sharing/switchboard.ts';
import type { Origin, UpstreamAnswer, UpstreamRequest } from '../../../src/upstream/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { definitionOf } from '../../support/fake-upstream.ts';
import { fixtureLaunch } from '../../support/fixtures.ts';
import { listingOf, ScriptedConnection, scriptedConnect } from '../../support/scripted-connect.ts';

const definition = definitionOf('srv');

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
    definition: () => ({ ...definition, ...more }),
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
  return { clock, calls, main, switchboard, asking, call, learn, side, end, forSession };
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

  it('hands a notification of a session to where its calls go', async () => {
    const { main, switchboard, call, side, end } = board({ isolation: 'session' });
    const note = { jsonrpc: '2.0', method: 'notifications/x' } as const;
    call('plain', 's');
    const own = await side(0);
    switchboard.notify(note, 's');
    // What has no connection of its own has nothing to tell this server.
    switchboard.notify(note, 't');
    expect([own.log, main.log]).toEqual([['notifications/x'], []]);
    await end();
    const shared = board();
    shared.switchboard.notify(note, 's');
    expect(shared.main.log).toEqual(['notifications/x']);
    await shared.end();
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

  it('lets a session go on where it was when a connection of its own cannot be had', async () => {
    const { main, calls, call, learn, switchboard, end } = board();
    for (const session of ['s', 't']) call('plain', session);
    learn('ask');
    call('ask', 's');
    await settle();
    calls[0]?.outcome.reject(new HubError('UPSTREAM_EXITED', 'There can be only one of it.'));
    await settle();
    call('more', 's');
    expect(main.names).toEqual(['plain', 'plain', 'more']);
    switchboard.endSession('s');
    await end();
  });

  it('keeps a session on its own connection also while that is made anew', async () => {
    const { main, calls, call, learn, side, end } = board();
    for (const session of ['s', 't']) call('plain', session);
    learn('ask');
    call('ask', 's');
    await side(0);
    calls[0]?.options.on.closed(new HubError('UPSTREAM_EXITED', 'It ended.'));
    await settle();
    call('more', 's');
    await settle();
    calls[1]?.outcome.reject(new HubError('UPSTREAM_EXITED', 'Not now.'));
    await settle();
    call('again', 's');
    expect((await side(2)).names).toEqual(['again']);
    expect(main.names).toEqual(['plain', 'plain']);
    await end();
  });

  it('gives a connection that is being made the level that was set meanwhile', async () => {
    const { calls, call, switchboard, end } = board({ isolation: 'session' });
    await switchboard.setLogLevel('debug');
    call('a', 's');
    await settle();
    const taken = deferred<void>();
    const own = new HeldConnection();
    const levels: (string | undefined)[] = [];
    own.setLogLevel = async (level) => {
      levels.push(level);
      await taken.promise;
    };
    calls[0]?.outcome.resolve(own);
    await settle();
    await switchboard.setLogLevel('error');
    taken.resolve();
    await settle();
    expect(levels).toEqual(['debug', 'error']);
    expect(own.names).toEqual(['a']);
    await end();
  });

  describe('leads what is about a task of 2025-11-25', () => {
    const task = { taskId: 'task-1' };
    const about = (switchboard: Switchboard, method: string, sessionId: string, params: JsonObject = task): void => {
      const origin: Origin = { principalId: 'local', sessionId, era: 'legacy' };
      switchboard.request({ method, params, origin, signal: new AbortController().signal }).catch(() => undefined);
    };
    const create = async (switchboard: Switchboard, connection: HeldConnection, sessionId: string): Promise<void> => {
      about(switchboard, 'tools/call', sessionId, { name: 'job', task: {} });
      await settle();
      connection.held.get('job')?.resolve({ era: 'legacy', outcome: { result: { task } } });
      await settle();
    };
    const methods = (connection: HeldConnection): string[] => connection.seen.map(({ method }) => method);

    it('to where the task was made, also when its session has gone elsewhere since', async () => {
      const { main, call, learn, side, switchboard, end } = board();
      await create(switchboard, main, 's');
      call('plain', 't');
      learn('ask');
      call('ask', 's');
      const own = await side(0);
      about(switchboard, 'tasks/result', 's');
      about(switchboard, 'tasks/list', 's', {});
      await settle();
      expect([methods(main), methods(own)]).toEqual([
        ['tools/call', 'tools/call', 'tasks/result'],
        ['tools/call', 'tasks/list'],
      ]);
      await end();
    });

    it('nowhere else because it asks', async () => {
      const { main, call, switchboard, asking, calls, end } = board();
      await create(switchboard, main, 's');
      call('plain', 't');
      asking.learn({ method: 'tasks/result', params: task });
      about(switchboard, 'tasks/result', 's');
      await settle();
      expect([methods(main), calls.length]).toEqual([['tools/call', 'tools/call', 'tasks/result'], 0]);
      await end();
    });

    it('to the own connection where the task is there', async () => {
      const { main, side, switchboard, end } = board({ isolation: 'session' });
      about(switchboard, 'tools/call', 's', { name: 'job', task: {} });
      const own = await side(0);
      own.held.get('job')?.resolve({ era: 'legacy', outcome: { result: { task } } });
      await settle();
      about(switchboard, 'tasks/result', 's');
      await settle();
      expect([methods(main), methods(own)]).toEqual([[], ['tools/call', 'tasks/result']]);
      await end();
    });

    it.each(['auto', 'session'] as const)(
      'of a session that has ended to no new connection, and remembers none (%s)',
      async (isolation) => {
        const { main, call, learn, calls, switchboard, end } = board({ isolation });
        switchboard.endSession('s');
        about(switchboard, 'tasks/cancel', 's');
        main.held.get(undefined)?.resolve({ era: 'legacy', outcome: { result: {} } });
        await settle();
        expect([methods(main), calls.length]).toEqual([['tasks/cancel'], 0]);
        if (isolation === 'session') return end();
        learn('ask');
        call('ask', 't');
        expect(main.names.at(-1)).toBe('ask');
        await end();
      },
    );
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
