import type { Case } from './cases.ts';
import type { Measured } from './measure.ts';
import { median } from './statistics.ts';
import { shown, table } from './table.ts';

/** Median, lowest and highest of the rounds. */
export type Spread = readonly [median: number, min: number, max: number];

export interface Summary {
  readonly case: string;
  readonly target: string;
  /** What the other targets of the case are compared with. */
  readonly isYardstick: boolean;
  readonly callsPerSecond: number;
  /** Calls per second relative to the yardstick in the same round. */
  readonly ratio: Spread;
  readonly cpuSecondsPer10k: number;
  /** CPU time per call relative to the yardstick in the same round; `NaN` for stdio, where the yardstick's own work is not counted. */
  readonly cpuRatio: Spread;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

const YARDSTICKS = { json: 'proxy', sse: 'proxy', stdio: 'direct', sdk: 'direct', list: 'static' } as const;

/** HTTP is compared with the bare proxy, stdio with the raw client on the same server's pipes, lists with a ready file. */
const yardstickOf = ({ upstream }: Pick<Case, 'upstream'>): string => YARDSTICKS[upstream];

/** Medians over the rounds of one case. */
export function summarize(one: Pick<Case, 'name' | 'upstream'>, measured: readonly Measured[], targets: readonly string[]): Summary[] {
  const of = (name: string): readonly Measured[] => measured.filter(({ target }) => target === name);
  const yardstick = of(yardstickOf(one));
  const isComparable = yardstickOf(one) !== 'direct';
  return targets.map((target) => {
    const rounds = of(target);
    const relative = (value: (round: Measured) => number): Spread =>
      spread(
        rounds.map((round, at) => {
          const other = yardstick[at];
          return other ? value(round) / value(other) : Number.NaN;
        }),
      );
    return {
      case: one.name,
      target,
      isYardstick: target === yardstickOf(one),
      callsPerSecond: median(rounds.map(rate)),
      ratio: relative(rate),
      cpuSecondsPer10k: median(rounds.map(cpuPerCall)) * 10,
      cpuRatio: isComparable ? relative(cpuPerCall) : [Number.NaN, Number.NaN, Number.NaN],
      p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)),
      p95Ms: median(rounds.map(({ p95Ms }) => p95Ms)),
    };
  });
}

const rate = ({ calls, seconds }: Measured): number => calls / seconds;
const cpuPerCall = ({ cpuMs, calls }: Measured): number => cpuMs / calls;

/** Median, lowest and highest of some values; all `NaN` for none. */
export function spread(values: readonly number[]): Spread {
  return values.length === 0 ? [Number.NaN, Number.NaN, Number.NaN] : [median(values), Math.min(...values), Math.max(...values)];
}

const HEADER = ['case', 'target', 'calls/s', 'ratio', 'min–max', 'CPU s/10k', 'CPU ratio', 'p50 ms', 'p95 ms'];

export function render(summaries: readonly Summary[]): string {
  const rows = summaries.map(({ ratio: [middle, min, max], ...one }) => [
    one.case,
    one.target,
    shown(one.callsPerSecond, 0),
    shown(middle, 2),
    `${shown(min, 2)}–${shown(max, 2)}`,
    shown(one.cpuSecondsPer10k, 2),
    shown(one.cpuRatio[0], 2),
    shown(one.p50Ms, 2),
    shown(one.p95Ms, 2),
  ]);
  return table(HEADER, rows, 2);
}
