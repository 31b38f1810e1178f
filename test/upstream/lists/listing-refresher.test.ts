import { describe, expect, it } from 'vitest';
import { deferred } from '../../../src/base/index.ts';
import type { ChangeKind } from '../../../src/protocol/index.ts';
import { ListingRefresher } from '../../../src/upstream/lists/listing-refresher.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function scene() {
  const clock = new FakeClock();
  const fetches: { readonly kinds: readonly ChangeKind[]; done(): void }[] = [];
  const refresher = new ListingRefresher({
    clock,
    refetch: (kinds) => {
      const end = deferred<void>();
      fetches.push({ kinds: [...kinds], done: () => end.resolve() });
      return end.promise;
    },
  });
  return { clock, fetches, refresher };
}

describe('ListingRefresher', () => {
  it('gathers what changes within a moment', async () => {
    const { clock, fetches, refresher } = scene();
    refresher.changed('tools');
    await clock.advance(99);
    refresher.changed('prompts', 'tools');
    expect(fetches).toHaveLength(0);
    await clock.advance(1);
    expect(fetches.map(({ kinds }) => kinds)).toEqual([['tools', 'prompts']]);
  });

  it('fetches one at a time, with one more waiting', async () => {
    const { clock, fetches, refresher } = scene();
    refresher.changed('tools');
    await clock.advance(100);
    for (const kind of ['tools', 'resources', 'tools'] as const) refresher.changed(kind);
    await clock.advance(1_000);
    expect(fetches).toHaveLength(1);
    fetches[0]?.done();
    await clock.advance(100);
    expect(fetches.map(({ kinds }) => kinds)).toEqual([['tools'], ['tools', 'resources']]);
    fetches[1]?.done();
    await clock.advance(1_000);
    expect(fetches).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('fetches at once on demand, after the one that runs', async () => {
    const { clock, fetches, refresher } = scene();
    refresher.changed('prompts');
    await clock.advance(100);
    const now = refresher.now('tools');
    await settle();
    expect(fetches).toHaveLength(1);
    fetches[0]?.done();
    await settle();
    expect(fetches[1]?.kinds).toEqual(['tools']);
    fetches[1]?.done();
    await now;
    expect(clock.pending).toBe(0);
  });

  it('does nothing after its end', async () => {
    const { clock, fetches, refresher } = scene();
    refresher.changed('tools');
    refresher.dispose();
    refresher.changed('prompts');
    await refresher.now('tools');
    await clock.advance(1_000);
    expect([fetches.length, clock.pending]).toEqual([0, 0]);
  });
});
