import type { Case } from './cases.ts';
import type { Measured, Target } from './measure.ts';
import { median } from './statistics.ts';
import { shown, table } from './table.ts';

export interface Summary {
  readonly case: string;
  readonly target: Target['name'];
  readonly callsPerSecond: number;
  /** Calls per second relative to the yardstick in the same round: median, lowest, highest. */
  readonly ratio: readonly [median: number, min: number, max: number];
  readonly cpuSecondsPer10k: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** HTTP is compared with the bare proxy, stdio with the raw client on the same server's pipes. */
export const yardstickOf = ({ upstream }: Case): Target['name'] => (upstream === 'stdio' ? 'direct' : 'proxy');

/** Medians over the rounds of one case. */
export function summarize(one: Case, measured: readonly Measured[], targets: readonly Target['name'][]): readonly Summary[] {
  const of = (name: Target['name']): readonly Measured[] => measured.filter(({ target }) => target === name);
  const yardstick = of(yardstickOf(one)).map(rate);
  return targets.map((target) => {
    const rounds = of(target);
    const ratios = rounds.map((round, at) => rate(round) / (yardstick[at] ?? Number.NaN));
    return {
      case: one.name,
      target,
      callsPerSecond: median(rounds.map(rate)),
      ratio: [median(ratios), Math.min(...ratios), Math.max(...ratios)],
      cpuSecondsPer10k: median(rounds.map(({ cpuMs, calls }) => (cpuMs / calls) * 10)),
      p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)),
      p95Ms: median(rounds.map(({ p95Ms }) => p95Ms)),
    };
  });
}

const rate = ({ calls, seconds }: Measured): number => calls / seconds;

const HEADER = ['case', 'target', 'calls/s', 'ratio', 'min–max', 'CPU s/10k', 'p50 ms', 'p95 ms'];

export function render(summaries: readonly Summary[]): string {
  const rows = summaries.map(({ ratio: [middle, min, max], ...one }) => [
    one.case,
    one.target,
    shown(one.callsPerSecond, 0),
    shown(middle, 2),
    `${shown(min, 2)}–${shown(max, 2)}`,
    shown(one.cpuSecondsPer10k, 2),
    shown(one.p50Ms, 2),
    shown(one.p95Ms, 2),
  ]);
  return table(HEADER, rows, 2);
}
