import { expect, it } from 'vitest';
import { runSuite } from './run-suite.ts';
import { suites } from './suites/index.ts';

/** Cases of each suite; `npm run fuzz -- --runs 100000` is the long run. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 2_000);

it.each(suites)(
  '$name: nothing crashes, hangs or fails inside the hub, and good input is served afterwards',
  { timeout: 180_000 },
  async (suite) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { ran, problems } = await runSuite(suite, { runs: RUNS, seed });
    expect(problems).toEqual([]);
    expect(ran).toBe(RUNS);
  },
);
