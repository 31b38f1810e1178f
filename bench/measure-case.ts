import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Case } from './cases.ts';
import { connectClients, hangUp, interleaved, type Measured, measure, type Ready, type Target } from './measure.ts';
import { type Summary, summarize } from './summary.ts';

/** What the first calls of a kind are: they find code that is not compiled yet. */
const WARM_CALLS = 3_000;
/** … or after so many times the length of a round. */
const WARM_UP_ROUNDS = 6;

export interface CaseOptions {
  readonly rounds: number;
  /** Of one round of one target. */
  readonly seconds: number;
  /** Whether the code that the case runs is likely to be compiled already. */
  readonly isWarm: boolean;
  /** Called for an optional target that fails; the others go on. */
  onAbsent(name: string, reason: string): void;
}

/** All rounds of one case, the targets taking turns. Rejects when a target fails that is not optional. */
export async function measureCase(
  load: ChildProcess,
  one: Case,
  targets: readonly Target[],
  options: CaseOptions,
): Promise<readonly Summary[]> {
  const { rounds, seconds } = options;
  let ready: Ready[] = [];
  const measured: Measured[] = [];

  const attempt = async <T>(target: Target, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!target.isOptional) throw error;
      options.onAbsent(`${target.name} in ${one.name}`, error instanceof Error ? error.message : String(error));
      ready = ready.filter((other) => other.target !== target);
      // Those of its clients that have not failed go on until the round is over.
      await delay(seconds * 1_000);
      return undefined;
    }
  };

  for (const target of targets) {
    const connected = await attempt(target, async () => connectClients(load, target, one));
    if (connected === undefined) continue;
    ready.push(connected);
    await attempt(target, async () => warmUp(load, connected, options));
  }
  for (const next of interleaved(rounds, [...ready])) {
    const result = ready.includes(next) ? await attempt(next.target, async () => measure(load, next, seconds)) : undefined;
    if (result) measured.push(result);
  }
  await hangUp(load);
  return summarize(
    one,
    measured.filter(({ target }) => ready.some((other) => other.target.name === target)),
    ready.map(({ target }) => target.name),
  );
}

/** Rounds that are not counted. */
async function warmUp(load: ChildProcess, ready: Ready, { isWarm, seconds }: CaseOptions): Promise<void> {
  const once = async (): Promise<number> => (await measure(load, ready, seconds / 2)).calls;
  let calls = await once();
  if (isWarm) return;
  const endMs = performance.now() + WARM_UP_ROUNDS * seconds * 1_000;
  while (calls < WARM_CALLS && performance.now() < endMs) calls += await once();
}
