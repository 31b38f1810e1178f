import { describe, expect, it } from 'vitest';
import { isHubError } from '../../src/base/index.ts';
import { HubLife } from '../../src/hub/life.ts';
import { FakeClock } from '../support/fake-clock.ts';

function begin() {
  const clock = new FakeClock();
  const states: string[] = [];
  let ends = 0;
  const life = new HubLife({ clock, onState: (state) => states.push(state), onEnding: () => {}, onEnded: () => (ends += 1) });
  return { clock, life, states, ends: () => ends };
}

const broken = async (): Promise<void> => {
  throw new Error('broken');
};

describe('HubLife', () => {
  it('goes from start to end', () => {
    const { life, states } = begin();
    expect(life.state).toBe('starting');
    life.settled();
    life.stopping();
    life.stopped();
    expect(states).toEqual(['ready', 'stopping', 'stopped']);
  });

  it('does it once more for all who ask during a restart, which has read already what they may have changed', async () => {
    const { life, states } = begin();
    life.settled();
    let written = 'first';
    const read: string[] = [];
    const work = async (): Promise<void> => {
      read.push(written);
      await new Promise((resolve) => setImmediate(resolve));
    };
    const first = life.restart(work);
    written = 'second';
    await Promise.all([life.restart(work), life.restart(work), first]);
    expect(read).toEqual(['first', 'second']);
    await life.restart(work);
    expect(read).toHaveLength(3);
    expect(states).toEqual(['ready', 'restarting', 'restarted', 'restarting', 'restarted']);
  });

  it('restarts for who asked during a restart that failed', async () => {
    const { life, states } = begin();
    life.settled();
    let times = 0;
    const work = async (): Promise<void> => {
      times += 1;
      if (times === 1) throw new Error('broken');
    };
    await Promise.all([life.restart(work), life.restart(work)]);
    expect(times).toBe(2);
    expect(states).toEqual(['ready', 'restarting', 'restarted']);
  });

  it('does not begin anew when the hub stops meanwhile', async () => {
    const { life } = begin();
    life.settled();
    let times = 0;
    const work = async (): Promise<void> => void (times += 1);
    const asked = [life.restart(work), life.restart(work)];
    life.stopping();
    await Promise.all(asked);
    expect(times).toBe(1);
  });

  it('is as before when a restart fails', async () => {
    const { life, states } = begin();
    life.settled();
    await expect(life.restart(broken)).rejects.toThrow('broken');
    expect(states).toEqual(['ready', 'restarting', 'ready']);
  });

  it.each([
    [true, ['restarting', 'ready', 'restarted']],
    [false, ['restarting', 'ready']],
  ])('tells that it is ready after a restart in the middle of the start (which goes well: %s)', async (goesWell, expected) => {
    const { life, states } = begin();
    const restarted = life.restart(async () => {
      life.settled();
      if (!goesWell) throw new Error('broken');
    });
    await restarted.catch(() => undefined);
    expect(states).toEqual(expected);
  });

  it('is starting again when a restart fails before the start is over', async () => {
    const { life, states } = begin();
    await life.restart(broken).catch(() => undefined);
    life.settled();
    expect(states).toEqual(['restarting', 'starting', 'ready']);
  });

  it('goes nowhere but to its end once it stops, also out of a restart', async () => {
    const { life, states } = begin();
    life.settled();
    await life.restart(async () => life.stopping());
    life.settled();
    const refused: unknown = await life.restart(async () => {}).catch((error: unknown) => error);
    expect(isHubError(refused, 'SHUTTING_DOWN')).toBe(true);
    life.stopped();
    expect(states).toEqual(['ready', 'restarting', 'stopping', 'stopped']);
  });

  it('asks for the end of the process a moment after it was announced, once, and not when it stops by itself before', async () => {
    const first = begin();
    first.life.hardRestart();
    first.life.hardRestart();
    expect(first.states).toEqual(['restarting', 'stopping']);
    expect(first.ends()).toBe(0);
    await first.clock.advance(1_000);
    expect(first.ends()).toBe(1);

    const second = begin();
    second.life.hardRestart();
    second.life.dispose();
    await second.clock.advance(1_000);
    expect(second.ends()).toBe(0);

    const third = begin();
    third.life.stopping();
    third.life.hardRestart();
    await third.clock.advance(1_000);
    expect(third.ends()).toBe(0);
  });
});
