import { describe, expect, it } from 'vitest';
import { type Deferred, deferred } from '../../../src/base/index.ts';
import type { ChangeKind, Era, JsonObject, ListKind } from '../../../src/protocol/index.ts';
import { type Freshness, ListFreshness, UNTOLD_LIST_MS } from '../../../src/upstream/lists/list-freshness.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

interface Scene {
  readonly era?: Era;
  readonly capabilities?: JsonObject;
  readonly ttlMs?: number;
  readonly isWatched?: boolean;
  readonly isOffered?: boolean;
}

/** The freshness of a list of tools that was fetched just now; fetches wait for the test. */
function scene({ era = 'modern', capabilities = { tools: {} }, ttlMs = 0, isWatched = false, isOffered = true }: Scene = {}) {
  const clock = new FakeClock();
  const fetches: Deferred<void>[] = [];
  const owed = new Set<ListKind>();
  const identity = { era, protocolVersion: 'x', serverInfo: {}, capabilities };
  const lists = new ListFreshness({
    clock,
    identity,
    isWatched: () => isWatched,
    isOwed: (kind) => owed.has(kind),
    refetch: (change) => {
      const taken = lists.fetching(new Set([change]));
      const end = deferred<void>();
      fetches.push(end);
      return end.promise.then(
        () => taken(new Map([['tools', fresh()]])),
        () => taken(new Map()),
      );
    },
  });
  const fresh = (): Freshness => ({ fetchedAtMs: clock.now(), freshUntilMs: clock.now() + ttlMs, cacheScope: 'public', isOffered });
  const fetched = (changes: ReadonlySet<ChangeKind> = new Set(['tools'])) => lists.fetching(changes)(new Map([['tools', fresh()]]));
  fetched();
  return { clock, lists, fetches, fresh, fetched, owed };
}

/** Whether the promise is settled yet. */
async function isOver(promise: Promise<void> | undefined): Promise<boolean> {
  let over = false;
  void promise?.then(() => (over = true));
  await settle();
  return over;
}

describe('the hint for clients', () => {
  it('is the time that is left, down to nothing', async () => {
    const { clock, lists } = scene({ ttlMs: 1_000 });
    expect(lists.hint('tools')).toEqual({ ttlMs: 1_000, cacheScope: 'public' });
    await clock.advance(400);
    expect(lists.hint('tools')).toEqual({ ttlMs: 600, cacheScope: 'public' });
    await clock.advance(5_000);
    expect(lists.hint('tools')).toEqual({ ttlMs: 0, cacheScope: 'public' });
  });

  it('is nothing as soon as the server tells of a change, until the list has been fetched after that', () => {
    const { lists, fresh, fetched } = scene({ ttlMs: 1_000 });
    const early = lists.fetching(new Set(['tools']));
    lists.changed('tools');
    expect(lists.hint('tools')?.ttlMs).toBe(0);
    early(new Map([['tools', fresh()]]));
    expect(lists.hint('tools')?.ttlMs).toBe(0);
    fetched();
    expect(lists.hint('tools')?.ttlMs).toBe(1_000);
  });

  it('is the safe one for a legacy server, and none for a list that there is not', () => {
    const { lists } = scene({ era: 'legacy', ttlMs: 1_000 });
    expect(lists.hint('tools')).toEqual({ ttlMs: 0, cacheScope: 'private' });
    expect(lists.hint('prompts')).toBeUndefined();
    expect(lists.freshen('prompts')).toBeUndefined();
  });
});

describe('a list that somebody needs', () => {
  const listChanged = { tools: { listChanged: true } };
  it.each<[string, Scene, number, boolean]>([
    ['modern, fresh', { ttlMs: 1_000 }, 999, false],
    ['modern, over', { ttlMs: 1_000 }, 1_000, true],
    ['modern, over, though watched', { ttlMs: 1_000, isWatched: true }, 1_000, true],
    ['modern without a time', {}, 0, true],
    ['modern without a time, but watched', { isWatched: true }, 10 * UNTOLD_LIST_MS, false],
    ['modern, not offered at all', { isOffered: false }, UNTOLD_LIST_MS - 1, false],
    ['modern, not offered for long', { isOffered: false }, UNTOLD_LIST_MS, true],
    ['legacy, young', { era: 'legacy' }, UNTOLD_LIST_MS - 1, false],
    ['legacy, old', { era: 'legacy' }, UNTOLD_LIST_MS, true],
    ['legacy, old, but it tells of changes', { era: 'legacy', capabilities: listChanged }, 10 * UNTOLD_LIST_MS, false],
  ])('is fetched again or not: %s', async (_, parts, ageMs, expected) => {
    const { clock, lists, fetches } = scene(parts);
    await clock.advance(ageMs);
    const wait = lists.freshen('tools');
    expect([wait !== undefined, fetches.length]).toEqual([expected, expected ? 1 : 0]);
    fetches[0]?.resolve();
    await wait;
    expect(clock.pending).toBe(0);
  });

  it('is fetched once for all who ask meanwhile, and they wait for it', async () => {
    const { lists, fetches, clock } = scene();
    const waits = [lists.freshen('tools'), lists.freshen('tools')];
    expect(fetches).toHaveLength(1);
    expect(await isOver(waits[0])).toBe(false);
    fetches[0]?.resolve();
    await Promise.all(waits);
    expect(clock.pending).toBe(0);
    void lists.freshen('tools');
    expect(fetches).toHaveLength(2);
    fetches[1]?.resolve();
    await settle();
  });

  it.each<[Era, number]>([
    ['modern', 5_000],
    ['legacy', 500],
  ])('is waited for in vain only so long: %s', async (era, waitMs) => {
    const { lists, fetches, clock } = scene({ era });
    lists.changed('tools');
    const first = lists.freshen('tools');
    await clock.advance(waitMs - 1);
    const second = lists.freshen('tools');
    expect(await isOver(first)).toBe(false);
    await clock.advance(1);
    expect([await isOver(first), await isOver(second)]).toEqual([true, true]);
    expect(lists.freshen('tools')).toBeUndefined();
    expect(fetches).toHaveLength(1);
    fetches[0]?.resolve();
    await settle();
  });

  it('is not asked for as long as it could not be had, and at once when it could', async () => {
    const { lists, fetches, clock, owed } = scene({ ttlMs: 10 });
    await clock.advance(10);
    const wait = lists.freshen('tools');
    owed.add('tools');
    fetches[0]?.reject(new Error('down'));
    await wait;
    await clock.advance(100_000);
    expect([lists.freshen('tools'), fetches.length]).toEqual([undefined, 1]);
    owed.delete('tools');
    const next = lists.freshen('tools');
    expect(fetches).toHaveLength(2);
    fetches[1]?.resolve();
    await next;
    expect(lists.hint('tools')?.ttlMs).toBe(10);
  });

  it('is asked for while another list could not be had', async () => {
    const { lists, fetches, owed } = scene({ capabilities: { tools: {}, prompts: {} } satisfies JsonObject });
    owed.add('tools');
    expect([lists.freshen('tools'), fetches.length]).toEqual([undefined, 0]);
    expect(lists.freshen('prompts')).toBeDefined();
    for (const fetch of fetches) fetch.resolve();
    await settle();
  });
});
