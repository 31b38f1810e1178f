import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSummary, REVISIONS, runSuite } from '../conformance/suite.ts';
import { startTargets, type Targets } from '../conformance/targets.ts';

/** How many scenarios each requirement set scores. */
const SCORED = { '2025-11-25': 30, '2026-07-28': 37 } as const;

describe('the official conformance suite', () => {
  let targets: Targets;

  beforeAll(async () => {
    targets = await startTargets();
  });

  afterAll(() => targets.close());

  it.each(REVISIONS.flatMap((revision) => (['direct', 'http', 'stdio'] as const).map((where) => ({ revision, where }))))(
    '$revision passes: $where',
    async ({ revision, where }) => {
      const results = await runSuite(targets[where], revision);
      const scored = results.filter(({ notScored }) => notScored === undefined);
      expect(scored).toHaveLength(SCORED[revision]);
      expect(scored.filter(({ failed }) => failed > 0).map(({ name }) => name)).toEqual([]);
    },
  );
});

describe('parseSummary', () => {
  it('tells scored scenarios from others, and refuses an output without a summary', () => {
    const output = '…\n=== SUMMARY ===\n✓ a: 2 passed, 0 failed\n✗ b: 1 passed, 3 failed\n\nNot scored:\n  ✗ b (extension)\n';
    expect(parseSummary(output)).toEqual([
      { name: 'a', passed: 2, failed: 0, notScored: undefined },
      { name: 'b', passed: 1, failed: 3, notScored: 'extension' },
    ]);
    expect(() => parseSummary('Error: fetch failed')).toThrow('no summary');
  });
});
