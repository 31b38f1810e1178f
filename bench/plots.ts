import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barPlot, type Group } from './bar-plot.ts';
import type { Spread, Summary } from './summary.ts';

/** One plot for the cases whose names begin alike; the longest beginning takes a case. */
const PLOTS = [
  { start: 'legacy-sse', title: 'Answers as event streams, client of 2025-11-25' },
  { start: 'modern-sse', title: 'Answers as event streams, client of 2026-07-28' },
  { start: 'legacy-list', title: 'Lists of 1,000 tools, client of 2025-11-25' },
  { start: 'modern-list', title: 'Lists of 1,000 tools, client of 2026-07-28' },
  { start: 'legacy', title: 'HTTP, client and server of 2025-11-25' },
  { start: 'modern', title: 'HTTP, client and server of 2026-07-28' },
  { start: 'stdio', title: 'Server over stdio' },
] as const;

/** Writes a plot of calls per second, and one of CPU time where there is any, for each kind of case that was measured. */
export function writePlots(folder: string, summaries: readonly Summary[]): void {
  mkdirSync(folder, { recursive: true });
  const plotOf = (name: string): (typeof PLOTS)[number] | undefined => PLOTS.find(({ start }) => name.startsWith(start));
  for (const plot of PLOTS) {
    const own = summaries.filter((one) => plotOf(one.case) === plot);
    write(
      join(folder, `calls-${plot.start}.svg`),
      `${plot.title}: calls per second`,
      groups(own, ({ ratio }) => ratio),
    );
    write(
      join(folder, `cpu-${plot.start}.svg`),
      `${plot.title}: CPU time per call`,
      groups(own, ({ cpuRatio }) => cpuRatio),
    );
  }
}

function write(file: string, title: string, all: readonly Group[]): void {
  if (all.length > 0) writeFileSync(file, barPlot(title, all));
}

/** The yardstick is the line at 1, and no bar. */
function groups(summaries: readonly Summary[], value: (one: Summary) => Spread): readonly Group[] {
  const names = [...new Set(summaries.map((one) => one.case))];
  const isBar = (one: Summary): boolean => Number.isFinite(value(one)[0]) && !one.isYardstick;
  const barsOf = (name: string): Group['bars'] =>
    summaries.filter((one) => one.case === name && isBar(one)).map((one) => ({ label: one.target, spread: value(one) }));
  return names.map((name) => ({ name, bars: barsOf(name) })).filter(({ bars }) => bars.length > 0);
}
