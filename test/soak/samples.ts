import { askProbe, openFiles } from '../support/probe.ts';
import { childrenOf } from './faults.ts';
import type { World } from './world.ts';

const MIB = 2 ** 20;

/** What the hub holds at one moment. */
export interface Sample {
  readonly atMinutes: number;
  readonly rssMib: number;
  /** After a garbage collection. */
  readonly heapMib: number;
  readonly handles: number;
  readonly files: number;
  readonly sockets: number;
  readonly children: number;
  readonly warnings: readonly string[];
}

/** @throws Error when the hub does not tell in time: it is gone, or its event loop stands still */
export async function takeSample(world: World, sinceMs: number): Promise<Sample> {
  const probe = await askProbe(world.hubPid, world.probeFile);
  const links = openFiles(world.hubPid);
  return {
    atMinutes: (performance.now() - sinceMs) / 60_000,
    rssMib: probe.rss / MIB,
    heapMib: probe.heapUsed / MIB,
    handles: probe.resources.length,
    files: links.length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
    children: childrenOf(world.hubPid).length,
    warnings: probe.warnings,
  };
}

/** How much a value grows in an hour: the least squares through its samples. */
export function slopePerHour(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const count = samples.length;
  if (count < 3) return 0;
  const mean = (of: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + of(sample), 0) / count;
  const [x, y] = [mean(({ atMinutes }) => atMinutes), mean(value)];
  const over = samples.reduce((sum, sample) => sum + (sample.atMinutes - x) * (value(sample) - y), 0);
  const under = samples.reduce((sum, sample) => sum + (sample.atMinutes - x) ** 2, 0);
  return under === 0 ? 0 : (60 * over) / under;
}
