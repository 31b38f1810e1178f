import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/upstream/fair-queue.ts';

function queueOf(...entries: readonly string[]): FairQueue<string> {
  const queue = new FairQueue<string>();
  for (const entry of entries) queue.add(entry[0] ?? '', entry[1] ?? '', entry);
  return queue;
}

function taken(queue: FairQueue<string>): string[] {
  const all: string[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) all.push(next);
  return all;
}

describe('FairQueue', () => {
  it('takes from clients in turn, and of one client the oldest first', () => {
    expect(taken(queueOf('Aa1', 'Aa2', 'Aa3', 'Ab1', 'Ac1', 'Ac2'))).toEqual(['Aa1', 'Ab1', 'Ac1', 'Aa2', 'Ac2', 'Aa3']);
  });

  it('gives a group with many clients no more turns than one with a single client', () => {
    expect(taken(queueOf('Aa1', 'Ab1', 'Ac1', 'Bz1', 'Bz2', 'Bz3'))).toEqual(['Aa1', 'Bz1', 'Ab1', 'Bz2', 'Ac1', 'Bz3']);
  });

  it('lets somebody who comes anew wait for one turn of the others, however much those have waiting', () => {
    const queue = queueOf('Aa1', 'Aa2', 'Aa3', 'Aa4');
    expect(queue.take()).toBe('Aa1');
    queue.add('A', 'b', 'Ab1');
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['Aa2', 'Ab1', 'Aa3']);
  });

  it('forgets what is deleted, and a client without anything', () => {
    const queue = queueOf('Aa1', 'Aa2', 'Ab1');
    queue.delete('A', 'a', 'Aa1');
    queue.delete('A', 'a', 'Aa1');
    queue.delete('X', 'x', 'nothing');
    expect([queue.size, queue.sizeOf('A', 'a'), queue.sizeOf('X', 'x')]).toEqual([2, 1, 0]);
    queue.delete('A', 'a', 'Aa2');
    expect(taken(queue)).toEqual(['Ab1']);
    expect(queue.size).toBe(0);
  });

  it('takes the newest from the client that has most, when that is as much as asked for', () => {
    const queue = queueOf('Aa1', 'Ab1', 'Ab2', 'Bc1', 'Bc2', 'Bc3');
    expect(queue.takeFromLongest(4)).toBeUndefined();
    expect(queue.takeFromLongest(3)).toBe('Bc3');
    expect(queue.size).toBe(5);
    expect(taken(queue)).toEqual(['Aa1', 'Bc1', 'Ab1', 'Bc2', 'Ab2']);
  });
});
