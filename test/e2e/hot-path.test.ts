import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBaseline, regressions } from '../../bench/baseline.ts';
import { Processes } from '../../bench/processes.ts';
import { weighCalls } from '../../bench/weigh.ts';

/** A third of the function calls of a bare proxy for each message that is parsed, and no memory. */
const HEAVIER = `
  const parse = JSON.parse;
  const work = (at) => at & 1;
  JSON.parse = (...args) => {
    for (let at = 0; at < 600; at += 1) work(at);
    return parse(...args);
  };`;

describe('the path of a call', () => {
  const processes = new Processes();
  beforeAll(() => processes.open());
  afterAll(() => processes.close());

  it('has not become heavier than it was recorded', async () => {
    expect(regressions(readBaseline(), await weighCalls(processes))).toEqual([]);
  });

  it('is found to be heavier when it is', async () => {
    const only = 'stdio-echo';
    const weights = await weighCalls(processes, { only });
    const heavier = join(processes.folder, 'heavier.mjs');
    writeFileSync(heavier, HEAVIER);
    const found = regressions({ node: process.versions.node, weights }, await weighCalls(processes, { only, heavier }));
    expect(found).toEqual([expect.stringMatching(/^A call of stdio-echo takes \d+ % more function calls/)]);
  });
});

describe('regressions', () => {
  const before = { node: '20.19.0', weights: { 'legacy-echo': { calls: 2, bytes: 4 } } };
  const found = (calls: number, bytes: number): readonly string[] => regressions(before, { 'legacy-echo': { calls, bytes } });

  it('are what has become heavier by more than a fifth', () => {
    expect(found(2.39, 4.79)).toEqual([]);
    expect(found(1, 1)).toEqual([]);
    expect(found(2.5, 4)).toEqual([expect.stringContaining('25 % more function calls')]);
    expect(found(2, 5)).toEqual([expect.stringContaining('25 % more allocated bytes')]);
    expect(found(3, 8)).toHaveLength(2);
  });

  it('include what could not be weighed', () => {
    expect(found(Number.NaN, 4)).toHaveLength(1);
    expect(regressions(before, {})).toEqual(['legacy-echo was not weighed.']);
  });
});
