import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf } from './faults.ts';
import type { World } from './world.ts';

const MIB = 2 ** 20;
const PROBE_WITHIN_MS = 5_000;

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

interface Probed {
  readonly count: number;
  readonly heapUsed: number;
  readonly handles: number;
  readonly warnings: readonly string[];
}

/** @throws Error when the hub does not tell in time: it is gone, or its event loop stands still */
export async function takeSample(world: World, sinceMs: number): Promise<Sample> {
  const before = probed(world)?.count ?? 0;
  world.hub.kill('SIGUSR2');
  const endMs = Date.now() + PROBE_WITHIN_MS;
  let probe = probed(world);
  while (!probe || probe.count === before) {
    if (Date.now() > endMs) throw new Error('The hub did not tell what it holds within 5 s.');
    await delay(20);
    probe = probed(world);
  }
  const links = readdirSync(`/proc/${world.hubPid}/fd`).map((fd) => linkOf(`/proc/${world.hubPid}/fd/${fd}`));
  const status = readFileSync(`/proc/${world.hubPid}/status`, 'utf8');
  return {
    atMinutes: (performance.now() - sinceMs) / 60_000,
    rssMib: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024,
    heapMib: probe.heapUsed / MIB,
    handles: probe.handles,
    files: links.length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
    children: childrenOf(world.hubPid).length,
    warnings: probe.warnings,
  };
}

function probed({ probeFile }: World): Probed | undefined {
  try {
    return JSON.parse(readFileSync(probeFile, 'utf8'));
  } catch {
    // Expected: ENOENT, nothing was asked yet.
    return undefined;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Expected: ENOENT, it was closed since the folder was read.
    return '';
  }
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
