import { describe, expect, it } from 'vitest';
import { notification } from '../../src/protocol/index.ts';
import { MergedUpdates } from '../../src/gateway/merged-updates.ts';
import { FakeClock } from '../support/fake-clock.ts';

function merged() {
  const clock = new FakeClock();
  const told: string[] = [];
  const updates = new MergedUpdates({
    clock,
    hasReplicas: (id) => id === 'many',
    tell: ({ id, uri, notification: { params } }) => void told.push(`${id} ${uri} ${String(params?.['n'])}`),
  });
  const changed = (id: string, uri: string, n = 0): void =>
    updates.add({ id, uri, notification: notification('notifications/resources/updated', { uri, n }) });
  return { clock, told, updates, changed };
}

describe('what replicas tell of a changed resource', () => {
  it('is told once, in the newest words, after all of them had time to notice', async () => {
    const { clock, told, changed } = merged();
    for (const n of [1, 2, 3]) changed('many', 'file:///a', n);
    changed('many', 'file:///b');
    expect(told).toEqual([]);
    await clock.advance(100);
    expect(told).toEqual(['many file:///a 3', 'many file:///b 0']);
    changed('many', 'file:///a', 4);
    await clock.advance(100);
    expect(told.slice(2)).toEqual(['many file:///a 4']);
    expect(clock.pending).toBe(0);
  });

  it('is told at once where there are no replicas, and where too much would wait', async () => {
    const { clock, told, changed } = merged();
    changed('one', 'file:///a');
    changed('one', 'file:///a');
    expect(told).toHaveLength(2);
    for (let n = 0; n < 1_001; n += 1) changed('many', `file:///${n}`);
    expect(told).toHaveLength(3);
    await clock.advance(100);
    expect(told).toHaveLength(1_003);
  });

  it('leaves nothing behind', () => {
    const { clock, told, updates, changed } = merged();
    changed('many', 'file:///a');
    updates.dispose();
    expect([clock.pending, told]).toEqual([0, []]);
  });
});
