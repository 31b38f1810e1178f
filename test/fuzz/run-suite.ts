import { collectGarbage } from '../support/garbage.ts';
import type { BatchResult, Suite, Target } from './suite.ts';

/** Cases between two looks at whether the thing still works. */
const BATCH = 500;
/** Most that the heap may grow from the end of the first batches to the end, in bytes. */
const MAX_GROWTH = 64 * 1024 * 1024;
/** So many batches fill caches and compile code. */
const WARM_UP = 2;
/** Longest for the well-formed request after a batch, in milliseconds. */
const ALIVE_MS = 15_000;

export interface RunOptions {
  readonly runs: number;
  readonly seed: number;
  readonly path?: string | undefined;
  /** Looks for a smaller counterexample. */
  readonly shrink?: boolean | undefined;
  /** No further batch is begun after so many milliseconds. */
  readonly withinMs?: number | undefined;
  /** Told before each batch. */
  readonly onBatch?: (seed: number, ran: number) => void;
}

export interface RunResult {
  readonly ran: number;
  readonly tookMs: number;
  /** Growth of the heap after the first batches, in bytes; absent for a run that was too short to tell. */
  readonly grownBytes?: number | undefined;
  /** What is wrong, with the line that shows it again; empty is good. */
  readonly problems: readonly string[];
}

/** Runs one suite in batches, each with a seed of its own that follows from `seed`, until the first problem. */
export async function runSuite(suite: Suite, options: RunOptions): Promise<RunResult> {
  const problems: string[] = [];
  const stray = (kind: string) => (error: unknown) => void problems.push(`${kind}: ${shown(error)}`);
  const listeners = { unhandledRejection: stray('unhandled rejection'), uncaughtException: stray('uncaught exception') };
  for (const [name, listener] of Object.entries(listeners)) process.on(name, listener);
  const sinceMs = performance.now();
  let target: Target | undefined;
  try {
    target = await suite.start();
    await stillAlive(target);
    const { ran, grownBytes } = await runBatches(suite, target, options, problems);
    return { ran, tookMs: performance.now() - sinceMs, grownBytes, problems };
  } finally {
    await target?.close();
    // What was left behind may still fail in the turns that follow.
    await new Promise((resolve) => setImmediate(resolve));
    for (const [name, listener] of Object.entries(listeners)) process.off(name, listener);
  }
}

async function runBatches(
  { name }: Suite,
  target: Target,
  { runs, seed, path, shrink, withinMs, onBatch }: RunOptions,
  problems: string[],
): Promise<{ ran: number; grownBytes?: number }> {
  const sinceMs = performance.now();
  const left = (): number => (withinMs === undefined ? Number.POSITIVE_INFINITY : withinMs - (performance.now() - sinceMs));
  let ran = 0;
  let heap: number | undefined;
  for (let batch = 0; ran < runs && left() > 0 && problems.length === 0; batch += 1) {
    const batchSeed = (seed + batch) | 0;
    onBatch?.(batchSeed, ran);
    const size = Math.min(BATCH, runs - ran);
    const within = Number.isFinite(left()) ? Math.max(1, Math.floor(left())) : undefined;
    const result = await target.check({ runs: size, seed: batchSeed, path, shrink, withinMs: within });
    ran += result.ran;
    problems.push(...(await afterBatch(target, result, `npm run fuzz -- --suite ${name} --runs ${size} --seed ${batchSeed}`)));
    if (result.ran < size) break;
    if (batch === WARM_UP) heap = heapUsed();
  }
  if (heap === undefined || problems.length > 0) return { ran };
  const grownBytes = heapUsed() - heap;
  if (grownBytes > MAX_GROWTH) problems.push(`${grown(grownBytes)} (seed ${seed}, ${ran} cases)`);
  return { ran, grownBytes };
}

/** What a batch has found, and what it has left behind. */
async function afterBatch(target: Target, { failure }: BatchResult, replay: string): Promise<string[]> {
  const problems = failure ? [`${failure.text}\nSee it again: ${replay} --path ${failure.path}`] : [];
  await stillAlive(target).catch((error: unknown) =>
    problems.push(`no good answer after a batch: ${shown(error)}\nSee it again: ${replay}`),
  );
  if ('polluted' in {}) problems.push(`Object.prototype was written to. See it again: ${replay}`);
  return problems;
}

const grown = (bytes: number): string => `the heap has grown by ${Math.round(bytes / 1024 / 1024)} MiB`;

async function stillAlive(target: Target): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ALIVE_MS} ms`)), ALIVE_MS);
  });
  try {
    await Promise.race([target.alive(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const shown = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
