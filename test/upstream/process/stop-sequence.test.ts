import { describe, expect, it } from 'vitest';
import { StopSequence } from '../../../src/upstream/process/stop-sequence.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function sequence() {
  const clock = new FakeClock();
  const steps: string[] = [];
  const group = {
    members: 1,
    signal: (signal: string) => void steps.push(`${signal} ${clock.now() - startMs}`),
    alive: () => group.members > 0,
  };
  const startMs = clock.now();
  const stop = new StopSequence({
    clock,
    group,
    grace: { inputEndMs: 100, terminateMs: 200, killMs: 50 },
    endInput: () => void steps.push(`end ${clock.now() - startMs}`),
  });
  let how: string | undefined;
  void stop.over.then((result) => (how = result));
  return { clock, steps, group, stop, result: () => how };
}

describe('StopSequence', () => {
  it('goes from asking to SIGTERM to SIGKILL, and ends even when nothing helps', async () => {
    const { clock, steps, stop, result } = sequence();
    stop.begin();
    await clock.advance(349);
    expect(result()).toBeUndefined();
    await clock.advance(1);
    expect(steps).toEqual(['end 0', 'SIGTERM 100', 'SIGKILL 300']);
    expect(result()).toBe('survived');
    expect(clock.pending).toBe(0);
  });

  it('sends no signal to a server that goes when asked', async () => {
    const { clock, steps, group, stop, result } = sequence();
    stop.begin();
    await clock.advance(60);
    group.members = 0;
    stop.leaderExited();
    await settle();
    expect(steps).toEqual(['end 0']);
    expect(result()).toBe('gone');
    expect(clock.pending).toBe(0);
  });

  it('turns to what the leader left behind at once', async () => {
    const { clock, steps, group, stop, result } = sequence();
    stop.begin();
    await clock.advance(10);
    stop.leaderExited();
    await clock.advance(200);
    expect(steps).toEqual(['end 0', 'SIGTERM 10', 'SIGKILL 210']);
    group.members = 0;
    await clock.advance(20);
    expect(result()).toBe('gone');
    expect(clock.pending).toBe(0);
  });

  it('ends descendants after a crash that nobody asked for', async () => {
    const { clock, steps, group, stop, result } = sequence();
    stop.leaderExited();
    expect(steps).toEqual(['SIGTERM 0']);
    group.members = 0;
    await clock.advance(20);
    expect(result()).toBe('gone');
  });

  it('asks only once, and not after the end', async () => {
    const { steps, group, stop } = sequence();
    stop.begin();
    stop.begin();
    group.members = 0;
    stop.leaderExited();
    stop.begin();
    await settle();
    expect(steps).toEqual(['end 0']);
  });
});
