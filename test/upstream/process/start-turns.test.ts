import { describe, expect, it } from 'vitest';
import { StartTurns } from '../../../src/upstream/process/start-turns.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function crowd(atOnce: number) {
  const clock = new FakeClock();
  const turns = new StartTurns({ clock, atOnce });
  const begun = new Map<string, () => void>();
  const begin = (name: string, signal = new AbortController().signal): Promise<void> =>
    turns.take(signal).then((end) => void begun.set(name, end));
  return { clock, begin, begun, names: () => [...begun.keys()] };
}

describe('StartTurns', () => {
  it('lets as many begin at once as it was told, and the others in their order as turns end', async () => {
    const { begin, begun, names } = crowd(2);
    for (const name of ['a', 'b', 'c', 'd']) void begin(name);
    await settle();
    expect(names()).toEqual(['a', 'b']);
    begun.get('b')?.();
    // A turn that is about to be taken is nobody else's.
    void begin('e');
    await settle();
    expect(names()).toEqual(['a', 'b', 'c']);
    begun.get('a')?.();
    begun.get('a')?.();
    await settle();
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('waits no longer than a moment for one that says nothing', async () => {
    const { clock, begin, begun, names } = crowd(1);
    void begin('silent');
    void begin('next');
    await clock.advance(99);
    expect(names()).toEqual(['silent']);
    await clock.advance(1);
    expect(names()).toEqual(['silent', 'next']);
    begun.get('next')?.();
    expect(clock.pending).toBe(0);
  });

  it('keeps nobody waiting for more than a second, and goes on in turns after that', async () => {
    const { clock, begin, begun, names } = crowd(1);
    for (let at = 0; at < 30; at += 1) void begin(`${at}`);
    await clock.advance(999);
    expect(names()).toHaveLength(10);
    await clock.advance(1);
    expect(names()).toHaveLength(30);
    for (const end of begun.values()) end();
    void begin('later');
    void begin('last');
    await settle();
    expect(names().slice(30)).toEqual(['later']);
  });

  it('gives no turn to one that is not to begin', async () => {
    const { clock, begin, begun, names } = crowd(1);
    await expect(begin('gone', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    void begin('first');
    const stop = new AbortController();
    const given = begin('given the turn', stop.signal);
    await settle();
    begun.get('first')?.();
    stop.abort(new Error('stopped'));
    await expect(given).rejects.toThrow('stopped');
    void begin('next');
    await settle();
    expect(names()).toEqual(['first', 'next']);
    begun.get('next')?.();
    expect(clock.pending).toBe(0);
  });

  it('forgets one that is not to begin any more', async () => {
    const { begin, begun, names } = crowd(1);
    const stop = new AbortController();
    void begin('first');
    const given = begin('given up', stop.signal);
    void begin('last');
    stop.abort(new Error('stopped'));
    await expect(given).rejects.toThrow('stopped');
    begun.get('first')?.();
    await settle();
    expect(names()).toEqual(['first', 'last']);
  });
});
