import { execFileSync } from 'node:child_process';

/**
 * What a bare Node process takes from its start to its end on the machine that limits of time are meant for, in milliseconds: where it takes
 * 50, a hub has its first list in 41 to 45 of its own; where it takes 60, in 48 to 52.
 */
const BARE_NODE_MS = 50;

/** How many times as slow as that the machine is just now, by the quickest of `times` bare Node processes; 1 where it is no slower. */
export function slowness(times = 1): number {
  const tookMs = Array.from({ length: times }, () => {
    const startMs = performance.now();
    execFileSync(process.execPath, ['-e', '0'], { stdio: 'ignore' });
    return performance.now() - startMs;
  });
  return Math.max(1, Math.min(...tookMs) / BARE_NODE_MS);
}
