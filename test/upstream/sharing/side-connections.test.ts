import { describe, expect, it } from 'vitest';
import { type Deferred, deferred, HubError } from '../../../src/base/index.ts';
import { type Owner, SideConnections } from '../../../src/upstream/sharing/side-connections.ts';
import type { Connection } from '../../../src/upstream/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ScriptedConnection } from '../../support/scripted-connect.ts';

interface Life {
  readonly owner: Owner;
  readonly opened: Deferred<Connection>;
  readonly ended: Deferred<void>;
  readonly connection: ScriptedConnection;
  readonly closed: (error: HubError) => void;
  endings: number;
}

function sides(limit = 2) {
  const clock = new FakeClock();
  const lives: Life[] = [];
  const connections = new SideConnections({
    id: 'srv',
    clock,
    limit: () => limit,
    create: (owner, closed) => {
      const life: Life = {
        owner,
        closed,
        opened: deferred(),
        ended: deferred(),
        connection: new ScriptedConnection(),
        endings: 0,
      };
      lives.push(life);
      return {
        open: () => life.opened.promise,
        end: () => {
          life.endings += 1;
          return life.ended.promise;
        },
      };
    },
  });
  /** Uses a connection until `done` is settled; tells which one it was. */
  const use = (owner: Owner, signal = new AbortController().signal, timeoutMs = 60_000) => {
    const done = deferred<void>();
    const got = deferred<Connection>();
    const all = connections.use(owner, { signal, timeoutMs }, async (connection) => {
      got.resolve(connection);
      await done.promise;
      return 'done';
    });
    const outcome = all.catch((error: unknown) => error);
    return { done, got: got.promise, outcome };
  };
  const open = async (at: number): Promise<void> => {
    const life = lives[at];
    life?.opened.resolve(life.connection);
    await settle();
  };
  const gone = async (at: number): Promise<void> => {
    lives[at]?.ended.resolve();
    await settle();
  };
  return { clock, lives, connections, use, open, gone };
}

const own = (client: string): Owner => ({ kind: 'own', client: `${client} local` });
const spare = (principalId = 'local'): Owner => ({ kind: 'spare', principalId });

describe('a connection of its own', () => {
  it('is made once for a session, shared by its calls, and ended when nobody used it for five minutes', async () => {
    const { clock, lives, use, open, gone, connections } = sides();
    const [one, two] = [use(own('s')), use(own('s'))];
    await open(0);
    expect(await one.got).toBe(await two.got);
    one.done.resolve();
    expect(await one.outcome).toBe('done');
    two.done.resolve();
    await two.outcome;
    const three = use(own('s'));
    await clock.advance(400_000);
    expect(lives[0]?.endings).toBe(0);
    three.done.resolve();
    await three.outcome;
    await clock.advance(299_999);
    expect(lives[0]?.endings).toBe(0);
    await clock.advance(1);
    expect(lives[0]?.endings).toBe(1);
    await gone(0);
    expect(clock.pending).toBe(0);
    const four = use(own('s'));
    await open(1);
    expect(await four.got).toBe(lives[1]?.connection);
    four.done.resolve();
    await four.outcome;
    await Promise.all([connections.end(new HubError('CONNECTION_ERROR', 'x')), gone(1)]);
    expect(clock.pending).toBe(0);
  });

  it('ends with its session only', async () => {
    const { lives, use, open, connections } = sides();
    use(own('s'));
    use(own('t'));
    await open(0);
    await open(1);
    connections.endSession('s');
    expect(lives.map(({ endings }) => endings)).toEqual([1, 0]);
  });

  it('that cannot be made fails the call, which says so, and is made anew for the next one', async () => {
    const { lives, use, open, gone } = sides();
    const one = use(own('s'));
    lives[0]?.opened.reject(new HubError('UPSTREAM_EXITED', 'Server "srv" exited with code 3.'));
    expect(await one.outcome).toMatchObject({
      code: 'UPSTREAM_EXITED',
      message: expect.stringMatching(/connection of its own.*exited with code 3/) as string,
    });
    await gone(0);
    const two = use(own('s'));
    await open(1);
    expect(await two.got).toBe(lives[1]?.connection);
  });

  it('that is lost is not used again', async () => {
    const { lives, use, open, gone } = sides();
    const one = use(own('s'));
    await open(0);
    lives[0]?.closed(new HubError('UPSTREAM_EXITED', 'x'));
    one.done.reject(new HubError('UPSTREAM_EXITED', 'x'));
    expect(await one.outcome).toMatchObject({ code: 'UPSTREAM_EXITED' });
    await gone(0);
    use(own('s'));
    expect(lives).toHaveLength(2);
  });
});

describe('a spare connection', () => {
  it('is one call’s at a time, and then one of the same principal’s', async () => {
    const { lives, use, open } = sides(3);
    const [one, two] = [use(spare()), use(spare())];
    expect(lives).toHaveLength(2);
    await open(0);
    await open(1);
    one.done.resolve();
    await one.outcome;
    use(spare('other'));
    expect(lives.map(({ owner }) => owner)).toEqual([spare(), spare(), spare('other')]);
    const three = use(spare());
    expect(await three.got).toBe(lives[0]?.connection);
    expect(await two.got).not.toBe(await three.got);
  });

  it('is ended when its call was not answered: the server may still work on it', async () => {
    const { lives, use, open } = sides();
    const one = use(spare());
    await open(0);
    one.done.reject(new HubError('CANCELLED', 'x'));
    await one.outcome;
    expect(lives[0]?.endings).toBe(1);
    use(spare());
    expect(lives).toHaveLength(2);
  });
});

describe('when there are as many as may be', () => {
  it('calls wait in order for one that becomes free', async () => {
    const { lives, use, open, gone, connections, clock } = sides(1);
    const first = use(own('a'));
    await open(0);
    const [second, third] = [use(own('b')), use(own('c'))];
    connections.endSession('a');
    expect(lives).toHaveLength(1);
    await gone(0);
    expect(lives.map(({ owner }) => owner)).toEqual([own('a'), own('b')]);
    await open(1);
    expect(await second.got).toBe(lives[1]?.connection);
    connections.endSession('b');
    await gone(1);
    expect(lives[2]?.owner).toEqual(own('c'));
    first.done.resolve();
    third.done.resolve();
    await open(2);
    lives[2]?.ended.resolve();
    await connections.end(new HubError('CONNECTION_ERROR', 'x'));
    second.done.resolve();
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('a spare one that is idle makes room at once, the one of a session after ten seconds', async () => {
    const { lives, use, open, gone, clock } = sides(2);
    const [a, b] = [use(own('a')), use(spare())];
    await open(0);
    await open(1);
    a.done.resolve();
    b.done.resolve();
    await Promise.all([a.outcome, b.outcome]);
    const c = use(own('c'));
    expect(lives.map(({ endings }) => endings)).toEqual([0, 1]);
    await gone(1);
    await open(2);
    expect(await c.got).toBe(lives[2]?.connection);
    const d = use(own('d'));
    await clock.advance(9_000);
    expect(lives[0]?.endings).toBe(0);
    await clock.advance(2_000);
    expect(lives.map(({ endings }) => endings)).toEqual([1, 1, 0]);
    await gone(0);
    await open(3);
    expect(await d.got).toBe(lives[3]?.connection);
  });

  it('a call waits no longer than its time limit, and is told the setting', async () => {
    const { use, open, clock } = sides(1);
    use(own('a'));
    await open(0);
    const late = use(own('b'), undefined, 3_000);
    await clock.advance(3_000);
    expect(await late.outcome).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('"maxConnections"') as string });
  });

  it('a call that is taken back leaves the line', async () => {
    const { lives, use, open, gone, connections } = sides(1);
    use(own('a'));
    await open(0);
    const aborter = new AbortController();
    const late = use(own('b'), aborter.signal);
    aborter.abort();
    expect(await late.outcome).toMatchObject({ code: 'CANCELLED' });
    connections.endSession('a');
    await gone(0);
    expect(lives).toHaveLength(1);
  });
});

it('the end of all reaches those that work, that start and that wait, and nothing is made after it', async () => {
  const { lives, use, open, gone, connections, clock } = sides(2);
  const reason = new HubError('SERVER_NOT_CONNECTED', 'Server "srv" was stopped.');
  const [working, starting, waiting] = [use(own('a')), use(own('b')), use(own('c'))];
  await open(0);
  const ended = connections.end(reason);
  lives[1]?.opened.reject(reason);
  expect(await waiting.outcome).toBe(reason);
  expect(await starting.outcome).toMatchObject({ code: 'SERVER_NOT_CONNECTED' });
  await gone(0);
  await gone(1);
  await ended;
  working.done.resolve();
  await working.outcome;
  expect(await use(own('d')).outcome).toBe(reason);
  expect(lives.map(({ endings }) => endings > 0)).toEqual([true, true]);
  expect(clock.pending).toBe(0);
});
