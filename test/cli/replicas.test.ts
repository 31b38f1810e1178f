import { describe, expect, it } from 'vitest';
import { missingReplicas, replicaRows } from '../../src/cli/replicas.ts';

const well = { number: 1, status: 'connected', error: null, inFlight: 2, circuit: 'closed', degraded: false };
const down = { ...well, number: 2, status: 'disconnected', error: 'It ended with 1.', inFlight: 0 };
const leftOut = { ...well, number: 3, circuit: 'open', inFlight: 0 };
const silent = { ...well, number: 4, degraded: true };

describe('the replicas of a server on the terminal', () => {
  it('are counted when some take no part, and not mentioned otherwise', () => {
    expect(missingReplicas({ replicas: null })).toBe('');
    expect(missingReplicas({})).toBe('');
    expect(missingReplicas({ replicas: [well, well] })).toBe('');
    expect(missingReplicas({ replicas: [well, down, leftOut] })).toBe('1 of 3 replicas take part');
  });

  it('have one line each, with what is wrong', () => {
    expect(replicaRows({ replicas: [well, down, leftOut, silent] })).toEqual([
      ['1', 'connected', '2 in flight', ''],
      ['2', 'disconnected', '0 in flight', 'It ended with 1.'],
      ['3', 'connected', '0 in flight', 'left out: its calls failed'],
      ['4', 'connected', '2 in flight', 'answers no pings'],
    ]);
  });
});
