import { describe, expect, it } from 'vitest';
import { deferred, HubError, Secret, silentLogger } from '../../src/base/index.ts';
import type { InvalidDefinition, StdioDefinition } from '../../src/config/index.ts';
import type { Launch, UpstreamRequest, UpstreamState } from '../../src/upstream/index.ts';
import { Supervisor } from '../../src/upstream/supervisor.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { definitionOf } from '../support/fake-upstream.ts';
import { fixtureLaunch } from '../support/fixtures.ts';
import { listingOf, ScriptedConnection, scriptedConnect } from '../support/scripted-connect.ts';

const base = definitionOf('github');
const never = new AbortController().signal;
const call: UpstreamRequest = { method: 'tools/call', origin: { principalId: 'local', era: 'legacy' }, signal: never };
const crash = new HubError('UPSTREAM_EXITED', 'Server "github" exited with code 3.');

function supervised(
  overrides: Partial<StdioDefinition> | InvalidDefinition = {},
  resolve: () => Promise<Launch> = async () => fixtureLaunch('echo'),
) {
  const clock = new FakeClock();
  const { calls, connect } = scriptedConnect();
  const states: UpstreamState[] = [];
  const listings: (number | undefined)[] = [];
  const uris: string[] = [];
  const supervisor = new Supervisor({
    definition: { ...base, ...overrides },
    startupWaitMs: () => 5_000,
    parts: {
      clock,
      connect,
      logger: silentLogger,
      random: () => 0,
      resolveLaunch: resolve,
      createStdioTransport: () => expect.fail('nothing here starts a process'),
    },
    on: {
      state: ({ state }) => void states.push(state),
      listing: ({ listing }) => void listings.push(listing?.items.tools.length),
      resourceUpdated: ({ uri }) => void uris.push(uri),
      taskChanged: () => undefined,
      degraded: () => {},
      logMessage: () => {},
      forSession: () => {},
    },
  });
  const kinds = (): string[] => states.map((state) => state.kind);
  return { clock, calls, states, kinds, listings, uris, supervisor };
}

type Supervised = ReturnType<typeof supervised>;

async function connectNext({ calls }: Supervised, connection = new ScriptedConnection(), at = calls.length - 1) {
  calls[at]?.outcome.resolve(connection);
  await settle();
  return connection;
}

async function ready(overrides: Partial<StdioDefinition> = {}) {
  const all = supervised(overrides);
  all.supervisor.start();
  await settle();
  return { ...all, connection: await connectNext(all) };
}

describe('a start', () => {
  it('goes from stopped to ready, with the listing first', async () => {
    const all = supervised();
    expect(all.supervisor.state.kind).toBe('stopped');
    all.supervisor.start();
    await all.clock.advance(700);
    await connectNext(all, new ScriptedConnection(listingOf('a', 'b')));
    expect(all.supervisor.state).toMatchObject({ kind: 'ready', tookMs: 700, identity: { serverInfo: { name: 'x' } } });
    expect(all.kinds()).toEqual(['starting', 'ready']);
    expect(all.listings).toEqual([2]);
    expect(Object.isFrozen(all.supervisor.state)).toBe(true);
    all.supervisor.start();
    expect(all.calls).toHaveLength(1);
    expect(all.clock.pending).toBe(0);
  });

  it('that fails is tried again, later each time, for ever', async () => {
    const all = supervised();
    all.supervisor.start();
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      await settle();
      all.calls.at(-1)?.outcome.reject(crash);
      await settle();
      expect(all.supervisor.state).toMatchObject({
        kind: 'backoff',
        untilMs: all.clock.now() + waitMs,
        last: crash,
        attempt: all.calls.length,
      });
      await all.clock.advance(waitMs);
      expect(all.supervisor.state).toMatchObject({ kind: 'starting', attempt: all.calls.length, last: crash });
    }
  });

  it('that takes longer than initTimeout is given up, whatever hangs', async () => {
    for (const hang of [undefined, () => new Promise<Launch>(() => {})]) {
      const all = supervised({}, hang);
      all.supervisor.start();
      await all.clock.advance(60_000);
      expect(all.supervisor.state).toMatchObject({ kind: 'backoff', last: { code: 'TIMEOUT' } });
      expect(all.states.at(-1)).toHaveProperty('last.message', expect.stringContaining('was not ready within 60 s'));
      expect(all.calls.every(({ options }) => options.signal.aborted)).toBe(true);
      if (hang) continue;
      // A connection that comes too late is closed and never used.
      const late = await connectNext(all);
      expect(late.log).toEqual(['close']);
      expect(all.supervisor.state.kind).toBe('backoff');
    }
  });

  it('with a placeholder that cannot be resolved is not tried again', async () => {
    const error = new HubError('PLACEHOLDER_ERROR', 'no ${env:X}');
    const all = supervised({}, () => Promise.reject(error));
    all.supervisor.start();
    await all.clock.advance(1e9);
    expect(all.supervisor.state).toEqual({ kind: 'failed', error });
    await expect(all.supervisor.request(call)).rejects.toMatchObject({
      code: 'SERVER_NOT_CONNECTED',
      message: expect.stringContaining('no ${env:X}'),
    });
  });

  it('that needs a login waits for one', async () => {
    const all = supervised();
    all.supervisor.start();
    await settle();
    all.calls[0]?.outcome.reject(new HubError('UNAUTHORIZED', 'Log in.'));
    await all.clock.advance(1e9);
    expect(all.supervisor.state).toMatchObject({ kind: 'auth-required', error: { message: 'Log in.' } });
    all.supervisor.start();
    await settle();
    expect(all.calls).toHaveLength(2);
  });

  it('does not happen for a disabled or a broken entry', async () => {
    const disabled = supervised({ disabled: true });
    disabled.supervisor.start();
    expect(disabled.kinds()).toEqual(['disabled']);
    await expect(disabled.supervisor.request(call)).rejects.toThrow(/is disabled/);
    await disabled.supervisor.settled(never);

    const error = {
      severity: 'error',
      file: 'mcp.json',
      line: 3,
      column: 7,
      keyPath: 'mcpServers.github',
      message: 'neither command nor url',
    } as const;
    const broken = supervised({ ...base, kind: 'invalid', errors: [error] });
    broken.supervisor.start();
    expect(broken.kinds()).toEqual(['failed']);
    await expect(broken.supervisor.request(call)).rejects.toThrow(/mcp\.json:3:7: .*neither command nor url/);
    await broken.supervisor.settled(never);
    await broken.supervisor.stop();
    expect(broken.calls).toHaveLength(0);
  });

  it('counts an unknown error as one of the connection', async () => {
    const all = supervised();
    all.supervisor.start();
    await settle();
    all.calls[0]?.outcome.reject(new TypeError('fetch failed'));
    await settle();
    expect(all.supervisor.state).toMatchObject({ kind: 'backoff', last: { code: 'CONNECTION_ERROR', message: 'fetch failed' } });
  });
});

describe('a ready upstream', () => {
  it('that is lost starts again after a second, and keeps its listing until there is a new one', async () => {
    const all = await ready();
    all.calls[0]?.options.on.closed(crash);
    expect(all.supervisor.state).toMatchObject({ kind: 'backoff', attempt: 1, last: crash });
    expect(all.supervisor.listing?.items.tools).toHaveLength(1);
    expect(all.connection.log).toEqual(['close']);
    await all.clock.advance(1_000);
    await connectNext(all, new ScriptedConnection(listingOf('a', 'b', 'c')));
    expect(all.supervisor.state.kind).toBe('ready');
    expect(all.listings).toEqual([1, 3]);
  });

  it('that crashes again and again waits longer, until it was healthy for a minute', async () => {
    const all = await ready();
    for (const [readyForMs, attempt] of [
      [10, 1],
      [59_000, 2],
      [10, 3],
      [60_000, 1],
    ] as const) {
      await all.clock.advance(readyForMs);
      all.calls.at(-1)?.options.on.closed(crash);
      expect(all.supervisor.state).toMatchObject({ kind: 'backoff', attempt });
      await all.clock.advance(1_000 * 2 ** (attempt - 1));
      await connectNext(all);
      expect(all.supervisor.state.kind).toBe('ready');
    }
  });

  it('hears nothing of a connection before the current one', async () => {
    const all = await ready();
    all.calls[0]?.options.on.closed(crash);
    await all.clock.advance(1_000);
    await connectNext(all);
    const old = all.calls[0]?.options.on;
    old?.closed(crash);
    old?.listing(listingOf('x', 'y', 'z'));
    old?.resourceUpdated({ uri: 'test://old', notification: { jsonrpc: '2.0', method: 'x' } });
    all.calls[1]?.options.on.resourceUpdated({ uri: 'test://new', notification: { jsonrpc: '2.0', method: 'x' } });
    all.calls[1]?.options.on.listing(listingOf('b', 'c'));
    expect(all.supervisor.state.kind).toBe('ready');
    expect(all.listings).toEqual([1, 1, 2]);
    expect(all.uris).toEqual(['test://new']);
  });

  it('tells its era to the next connection, for a day, and not after a failure', async () => {
    const all = await ready();
    const eraOfNext = async (waitMs: number) => {
      await all.clock.advance(waitMs);
      return all.calls.at(-1)?.options.knownEra;
    };
    expect(all.calls[0]?.options).not.toHaveProperty('knownEra');
    all.calls.at(-1)?.options.on.closed(crash);
    expect(await eraOfNext(1_000)).toBe('legacy');
    all.calls.at(-1)?.outcome.reject(crash);
    expect(await eraOfNext(4_000)).toBeUndefined();
    await connectNext(all);
    await all.clock.advance(25 * 60 * 60 * 1000);
    all.calls.at(-1)?.options.on.closed(crash);
    expect(await eraOfNext(1_000)).toBeUndefined();
  });

  it('has another epoch of its resources with every connection, and none without', async () => {
    const all = await ready();
    const first = all.supervisor.resourceEpoch;
    expect(first).toEqual(expect.any(String));
    all.calls.at(-1)?.options.on.closed(crash);
    expect([all.supervisor.resourceEpoch, all.supervisor.freshen('tools')]).toEqual([undefined, undefined]);
    expect(all.supervisor.listHint('tools')).toEqual({ ttlMs: 0, cacheScope: 'private' });
    await all.clock.advance(1_000);
    await connectNext(all);
    expect(all.supervisor.resourceEpoch).toEqual(expect.any(String));
    expect(all.supervisor.resourceEpoch).not.toBe(first);
  });

  it('remembers no era that was only guessed, and waits longer for a probe that was answered late', async () => {
    const all = supervised();
    all.supervisor.start();
    await settle();
    const guess = new ScriptedConnection();
    guess.isEraGuessed = true;
    await connectNext(all, guess);
    const next = async () => {
      all.calls.at(-1)?.options.on.closed(crash);
      await all.clock.advance(1_000);
      return all.calls.at(-1)?.options;
    };
    all.calls.at(-1)?.options.onLateProbe?.('modern', 2_500);
    const second = await next();
    expect([second?.knownEra, second?.probeMs]).toEqual([undefined, 5_000]);
    await connectNext(all, guess);
    all.calls.at(-1)?.options.onLateProbe?.('legacy', 9_000);
    await all.clock.advance(60_000);
    expect((await next())?.knownEra).toBe('legacy');
  });

  it('probes again after a day, however often it was started meanwhile', async () => {
    const all = await ready();
    const eras: unknown[] = [];
    for (let restart = 0; restart < 3; restart += 1) {
      await all.clock.advance(10 * 60 * 60 * 1000);
      all.calls.at(-1)?.options.on.closed(crash);
      await all.clock.advance(1_000);
      eras.push(all.calls.at(-1)?.options.knownEra);
      await connectNext(all);
    }
    expect(eras).toEqual(['legacy', 'legacy', undefined]);
  });

  it('gets its subscriptions and log level again after a restart', async () => {
    const all = supervised();
    await all.supervisor.setSubscribedResources(new Set(['test://a']));
    all.supervisor.start();
    await settle();
    const first = await connectNext(all);
    await all.supervisor.setLogLevel('debug');
    await all.supervisor.setSubscribedResources(new Set(['test://a', 'test://b']));
    await all.supervisor.setWatchedTasks(new Set(['t']));
    expect(first.log).toEqual(['subscribe test://a', 'level debug', 'subscribe test://a test://b', 'watch t']);
    all.calls[0]?.options.on.closed(crash);
    await all.clock.advance(1_000);
    expect((await connectNext(all)).log).toEqual(['subscribe test://a test://b', 'watch t', 'level debug']);
  });

  it('is lost also in the moment it becomes ready', async () => {
    const all = supervised();
    all.supervisor.start();
    await settle();
    all.calls[0]?.outcome.resolve(new ScriptedConnection());
    all.calls[0]?.options.on.closed(crash);
    await settle();
    expect(all.kinds()).toEqual(['starting', 'backoff']);
  });
});

describe('a stop', () => {
  it('closes the connection, waits for it and offers nothing any more', async () => {
    const all = await ready();
    const closing = deferred<void>();
    all.connection.closing = closing.promise;
    const stopped = all.supervisor.stop();
    expect(all.supervisor.stop()).toBe(stopped);
    expect(all.supervisor.state.kind).toBe('stopping');
    await expect(all.supervisor.request(call)).rejects.toThrow(/is being stopped/);
    closing.resolve();
    await stopped;
    expect(all.kinds()).toEqual(['starting', 'ready', 'stopping', 'stopped']);
    expect(all.supervisor.listing).toBeUndefined();
    await all.supervisor.stop();
    expect(all.kinds()).toHaveLength(4);
    expect(all.clock.pending).toBe(0);
    all.supervisor.start();
    await settle();
    expect(all.calls).toHaveLength(2);
  });

  it('outranks a start that is under way, and a restart that is due', async () => {
    const starting = supervised();
    starting.supervisor.start();
    await settle();
    await starting.supervisor.stop();
    expect(starting.calls[0]?.options.signal.aborted).toBe(true);
    expect((await connectNext(starting)).log).toEqual(['close']);
    expect(starting.supervisor.state.kind).toBe('stopped');

    const waiting = await ready();
    waiting.calls[0]?.options.on.closed(crash);
    await waiting.supervisor.stop();
    await waiting.clock.advance(1e6);
    expect(waiting.calls).toHaveLength(1);
    expect(waiting.supervisor.state.kind).toBe('stopped');
  });

  it('ends even when the connection does not close', async () => {
    const all = await ready();
    all.connection.closing = new Promise(() => {});
    let done = false;
    void all.supervisor.stop().finally(() => (done = true));
    await all.clock.advance(4_000);
    expect(done).toBe(true);
  });
});

describe('a request', () => {
  it('goes to the connection', async () => {
    const { supervisor } = await ready();
    expect(await supervisor.request(call)).toEqual({ era: 'legacy', outcome: { result: { method: 'tools/call' } } });
  });

  it('waits for a start, for what is left of startupWait', async () => {
    const all = supervised();
    all.supervisor.start();
    await all.clock.advance(3_000);
    const answered = all.supervisor.request(call);
    await connectNext(all);
    expect(await answered).toMatchObject({ era: 'legacy' });
    expect(all.clock.pending).toBe(0);

    const slow = supervised();
    slow.supervisor.start();
    await slow.clock.advance(3_000);
    const refused = slow.supervisor.request(call).catch((error: unknown) => error);
    await slow.clock.advance(2_000);
    expect(await refused).toMatchObject({
      code: 'SERVER_NOT_CONNECTED',
      message: 'Server "github" is still starting, for 5 s now. Try again in a moment.',
      details: { server: 'github', state: 'starting' },
    });
    await expect(slow.supervisor.request(call)).rejects.toThrow(/still starting/);
  });

  it('waits out the restart after a crash', async () => {
    const all = await ready();
    await all.clock.advance(60_000);
    all.calls[0]?.options.on.closed(crash);
    const answered = all.supervisor.request(call);
    await all.clock.advance(1_000);
    await connectNext(all);
    expect(await answered).toMatchObject({ era: 'legacy' });
  });

  it('is told at once why a server is down that failed again, and when it is tried next', async () => {
    const all = await ready();
    all.calls[0]?.options.on.closed(crash);
    await all.clock.advance(1_000);
    all.calls[1]?.outcome.reject(crash);
    await settle();
    await expect(all.supervisor.request(call)).rejects.toMatchObject({
      message:
        'Server "github" is not running; the hub starts it again in 2 s. It failed 2 times in a row. ' +
        'Try again after that, or mend the cause: Server "github" exited with code 3.',
      details: { state: 'backoff', retryInMs: 2_000 },
    });
  });

  it('can be taken back while it waits', async () => {
    const all = supervised();
    all.supervisor.start();
    await settle();
    const abort = new AbortController();
    const refused = all.supervisor.request({ ...call, signal: abort.signal }).catch((error: unknown) => error);
    abort.abort();
    expect(await refused).toMatchObject({ code: 'CANCELLED' });
  });
});

describe('settled', () => {
  it.each(['ready', 'failed', 'late', 'given up', 'stopped'])('resolves: %s', async (how) => {
    const all = supervised();
    all.supervisor.start();
    await settle();
    const abort = new AbortController();
    let settled = false;
    void all.supervisor.settled(abort.signal).finally(() => (settled = true));
    await all.clock.advance(4_999);
    expect(settled).toBe(false);
    if (how === 'ready') await connectNext(all);
    if (how === 'failed') all.calls[0]?.outcome.reject(crash);
    if (how === 'late') await all.clock.advance(1);
    if (how === 'given up') abort.abort();
    if (how === 'stopped') await all.supervisor.stop();
    await settle();
    expect(settled).toBe(true);
    await all.supervisor.stop();
    expect(all.clock.pending).toBe(0);
  });

  it('does not wait for a second attempt', async () => {
    const all = supervised();
    all.supervisor.start();
    await settle();
    all.calls[0]?.outcome.reject(crash);
    await all.clock.advance(1_000);
    expect(all.supervisor.state.kind).toBe('starting');
    await all.supervisor.settled(never);
  });
});

it('shows no secret in a state', async () => {
  const all = supervised({}, async () => ({ ...fixtureLaunch('echo'), env: { TOKEN: new Secret('hunter2') } }));
  all.supervisor.start();
  await settle();
  all.calls[0]?.outcome.reject(crash);
  await settle();
  expect(JSON.stringify(all.states)).not.toContain('hunter2');
});
