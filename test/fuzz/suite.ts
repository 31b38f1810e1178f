import * as fc from 'fast-check';

/** Longest that one case may take, in milliseconds: what takes longer hangs, as far as whoever waits for it can tell. */
const CASE_MS = 8_000;

/** Most characters of a counterexample, and of its error, that are shown. */
const MAX_SHOWN = 1_500;

interface Batch {
  readonly runs: number;
  readonly seed: number;
  /** Where to go on, for replaying one counterexample. */
  readonly path?: string | undefined;
  /** Looks for a smaller counterexample, which takes eight seconds for each one that hangs. */
  readonly shrink?: boolean | undefined;
  /** No further case is begun after so many milliseconds. */
  readonly withinMs?: number | undefined;
}

export interface BatchResult {
  /** Cases that ran. */
  readonly ran: number;
  /** What was found: how to see it again, the case, and what it did. */
  readonly failure?: { readonly path: string; readonly text: string } | undefined;
}

/** The thing under test, while its cases run. */
export interface Target {
  check(batch: Batch): Promise<BatchResult>;
  /** Rejects unless well-formed input is served as ever. */
  alive(): Promise<void>;
  close(): Promise<void>;
}

/** One kind of input. */
export interface Suite {
  readonly name: string;
  start(): Promise<Target>;
}

/** Runs cases of one arbitrary. A case fails when `run` throws, rejects, or takes longer than eight seconds. */
export function cases<T>(arbitrary: fc.Arbitrary<T>, run: (input: T) => Promise<void> | void): Target['check'] {
  return async ({ runs, seed, path, withinMs, shrink = false }) => {
    const property = fc.asyncProperty(arbitrary, async (input) => {
      const sinceMs = performance.now();
      await run(input);
      // A case that never gives the loop back cannot be interrupted, only be told of.
      const tookMs = performance.now() - sinceMs;
      if (tookMs > CASE_MS) throw new Error(`The case took ${Math.round(tookMs)} ms.`);
    });
    const details = await fc.check(property, {
      seed,
      numRuns: runs,
      timeout: CASE_MS,
      endOnFailure: !shrink,
      ...(path !== undefined && { path }),
      ...(withinMs !== undefined && { interruptAfterTimeLimit: withinMs }),
    });
    if (!details.failed || details.counterexamplePath === null) return { ran: details.numRuns };
    const error = details.errorInstance;
    const shown = error instanceof Error ? (error.stack ?? error.message) : fc.stringify(error);
    return {
      ran: details.numRuns,
      failure: {
        path: details.counterexamplePath,
        text: `${fc.stringify(details.counterexample).slice(0, MAX_SHOWN)}\n${shown.slice(0, MAX_SHOWN)}`,
      },
    };
  };
}

/** A target without anything to start or to end. */
export function pure(check: Target['check'], alive: () => void | Promise<void>): () => Promise<Target> {
  return async () => ({ check, alive: async () => alive(), close: async () => undefined });
}
