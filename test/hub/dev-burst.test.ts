import { describe, expect, it } from 'vitest';
import { deferred } from '../../src/base/index.ts';
import { type Burst, Bursts } from '../../src/hub/dev-burst.ts';
import { FakeClock } from '../support/fake-clock.ts';

function harness(act: () => Promise<void> = async () => {}) {
  const clock = new FakeClock();
  const acts: Burst[] = [];
  const bursts = new Bursts({
    clock,
    act: (burst) => {
      acts.push(burst);
      return act();
    },
  });
  return { clock, acts, bursts };
}

describe('changes that come together', () => {
  it('make one action, half a second after the last', async () => {
    const { clock, acts, bursts } = harness();
    for (const file of ['a.js', 'b.js', 'a.js', 'c.js']) {
      bursts.add(file);
      await clock.advance(400);
    }
    expect(acts).toEqual([]);
    await clock.advance(100);
    expect(acts).toEqual([{ files: ['a.js', 'b.js', 'c.js'], more: 0 }]);
    await clock.advance(60_000);
    expect(acts).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('make an action after five seconds even if they do not end', async () => {
    const { clock, acts, bursts } = harness();
    for (let waitedMs = 0; waitedMs < 10_200; waitedMs += 100) {
      bursts.add('log.json');
      await clock.advance(100);
    }
    expect(acts).toHaveLength(2);
  });

  it('are told with fifty files at most', async () => {
    const { clock, acts, bursts } = harness();
    for (let count = 0; count < 80; count += 1) bursts.add(`${count}.js`);
    await clock.advance(500);
    expect(acts[0]?.files).toHaveLength(50);
    expect(acts[0]?.more).toBe(30);
  });

  it('during an action make one more after it', async () => {
    const ends = [deferred<void>(), deferred<void>()];
    let at = 0;
    const { clock, acts, bursts } = harness(() => ends[at++]?.promise ?? Promise.resolve());
    bursts.add('a.js');
    await clock.advance(500);
    bursts.add('b.js');
    bursts.add('c.js');
    await clock.advance(3_000);
    expect(acts).toHaveLength(1);
    ends[0]?.resolve();
    await clock.advance(500);
    expect(acts).toEqual([
      { files: ['a.js'], more: 0 },
      { files: ['b.js', 'c.js'], more: 0 },
    ]);
    ends[1]?.resolve();
    await clock.advance(60_000);
    expect(acts).toHaveLength(2);
  });

  it('do not wait for an action that is stuck for longer than ten seconds', async () => {
    const { clock, acts, bursts } = harness(() => new Promise(() => {}));
    bursts.add('broken.js');
    await clock.advance(500);
    bursts.add('mended.js');
    await clock.advance(9_900);
    expect(acts).toHaveLength(1);
    await clock.advance(200);
    expect(acts[1]).toEqual({ files: ['mended.js'], more: 0 });
  });

  it('make nothing once nobody listens', async () => {
    const { clock, acts, bursts } = harness();
    bursts.add('a.js');
    bursts.dispose();
    bursts.add('b.js');
    await clock.advance(60_000);
    expect(acts).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
