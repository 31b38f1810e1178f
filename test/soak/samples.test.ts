import { expect, it } from 'vitest';
import { randomFrom, readOptions } from './options.ts';
import { type Sample, slopePerHour } from './samples.ts';

const sample = (atMinutes: number, heapMib: number): Sample => ({
  atMinutes,
  heapMib,
  rssMib: 0,
  handles: 0,
  files: 0,
  sockets: 0,
  children: 0,
  warnings: [],
});

it('tells how much a value grows in an hour', () => {
  const samples = [0, 1, 2, 3, 4].map((minute) => sample(minute, 20 + minute / 10));
  expect(slopePerHour(samples, ({ heapMib }) => heapMib)).toBeCloseTo(6);
  expect(slopePerHour(samples, () => 5)).toBeCloseTo(0);
  expect(slopePerHour(samples.slice(0, 2), ({ heapMib }) => heapMib)).toBe(0);
});

it('chooses the same for the same seed, and something else for another', () => {
  const chosen = (seed: number): number[] => {
    const random = randomFrom(seed);
    return [random(), random(), random()];
  };
  expect(chosen(1)).toEqual(chosen(1));
  expect(chosen(1)).not.toEqual(chosen(2));
  expect(chosen(1).every((value) => value >= 0 && value < 1)).toBe(true);
});

it('reads its options, and refuses what is no number', () => {
  expect(readOptions(['--minutes', '0.5', '--seed', '3'])).toEqual({ minutes: 0.5, clients: 12, seed: 3 });
  expect(() => readOptions(['--minutes', 'soon'])).toThrow('--minutes must be a number above 0, not soon');
});
