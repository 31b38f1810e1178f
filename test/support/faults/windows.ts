import { setTimeout as delay } from 'node:timers/promises';
import { median, percentile } from '../../../bench/statistics.ts';

/** What a server that is well has to suffer from another one. */
export interface Comparison {
  /** The p95 with the fault, as a part of the p95 without it. */
  readonly ratio: number;
  /** Medians of the windows, in milliseconds. */
  readonly quietP95Ms: number;
  readonly faultP95Ms: number;
  /** How often it was measured. */
  readonly measures: number;
}

export interface WindowsOptions {
  /** Makes calls for the time of one window; how long each took, in milliseconds. */
  readonly load: () => Promise<readonly number[]>;
  /** Runs before and after each window with the fault. */
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
  /** Windows with the fault; there is one more without it. */
  readonly windows: number;
}

/** So that what one window leaves behind is not measured in the next. */
const PAUSE_MS = 100;

/**
 * Compares by turns: a window without the fault, one with it, and so on. Each p95 with the fault is divided by the mean of those
 * before and after it, so that what else the machine does meanwhile cancels out, and the median of these ratios counts, so that one
 * window in which it did much does not.
 */
async function compareOnce({ load, begin, end, windows }: WindowsOptions): Promise<Omit<Comparison, 'measures'>> {
  const p95 = async (): Promise<number> => percentile(await load(), 0.95);
  const quiet = [await p95()];
  const faulty: number[] = [];
  const ratios: number[] = [];
  for (let n = 0; n < windows; n += 1) {
    await begin();
    const [before, during] = [quiet.at(-1) ?? Number.NaN, await p95()];
    await end();
    await delay(PAUSE_MS);
    const after = await p95();
    faulty.push(during);
    quiet.push(after);
    ratios.push(during / ((before + after) / 2));
  }
  return { ratio: median(ratios), quietP95Ms: median(quiet), faultP95Ms: median(faulty) };
}

/**
 * Compares until the ratio is below the limit, so many times at most. A fault that holds up others does so every time; a machine that
 * does something else does not.
 */
export async function compare(options: WindowsOptions, limit: number, times: number): Promise<Comparison> {
  let best = await compareOnce(options);
  let measures = 1;
  for (; measures < times && best.ratio >= limit; measures += 1) {
    const again = await compareOnce(options);
    if (again.ratio < best.ratio) best = again;
  }
  return { ...best, measures };
}
