import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shown, table } from './table.ts';
import type { Weight, Weights } from './weigh.ts';

const FILE = join(import.meta.dirname, 'baseline.json');
/** A path that has become heavier by this part is a regression. */
const MARGIN = 0.2;

/** What calls weighed when somebody looked at them last. */
export interface Baseline {
  readonly node: string;
  readonly weights: Weights;
}

export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

export function writeBaseline(weights: Weights): void {
  const rounded = Object.fromEntries(
    Object.entries(weights).map(([name, { calls, bytes }]) => [name, { calls: Number(calls.toFixed(3)), bytes: Number(bytes.toFixed(3)) }]),
  );
  const baseline: Baseline = { node: process.versions.node, weights: rounded };
  writeFileSync(FILE, `${JSON.stringify(baseline, null, 2)}\n`);
}

/** What has become heavier than the baseline by more than the margin, one sentence each; nothing when all is well. */
export function regressions({ weights: before }: Baseline, now: Weights): readonly string[] {
  return Object.entries(before).flatMap(([name, old]) => {
    const measured = now[name];
    if (measured === undefined) return [`${name} was not weighed.`];
    return (['calls', 'bytes'] as const)
      .filter((unit) => !(measured[unit] <= old[unit] * (1 + MARGIN)))
      .map((unit) => sentence(name, unit, old, measured));
  });
}

const WORDS = { calls: 'function calls', bytes: 'allocated bytes' } as const;

function sentence(name: string, unit: keyof Weight, old: Weight, now: Weight): string {
  const growth = ((now[unit] / old[unit] - 1) * 100).toFixed(0);
  return (
    `A call of ${name} takes ${growth} % more ${WORDS[unit]} than in bench/baseline.json (${shown(now[unit], 2)} × the bare proxy's, then ` +
    `${shown(old[unit], 2)} ×). Find out why; if it has to be so, run: npm run bench -- --record-baseline`
  );
}

export function renderWeights(weights: Weights, { weights: before }: Baseline): string {
  const rows = Object.entries(weights).map(([name, { calls, bytes }]) => [
    name,
    shown(calls, 3),
    shown(before[name]?.calls ?? Number.NaN, 3),
    shown(bytes, 3),
    shown(before[name]?.bytes ?? Number.NaN, 3),
  ]);
  return table(['relative to the bare proxy', 'function calls', 'before', 'allocated bytes', 'before'], rows);
}
