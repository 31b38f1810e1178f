import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Whether a process runs; one that has ended and only waits to be collected by its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    // Expected: ESRCH, there is no such process.
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // Expected: ENOENT, it went between the two looks.
    return false;
  }
}

/** Waits until `check` gives a value, and fails with `what` when it does not in time. */
export async function eventually<T>(what: string, check: () => T | undefined | false, timeoutMs = 5_000): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const value = check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > endMs) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    await delay(10);
  }
}

/** The two process ids that the stubborn server writes once it is deaf to signals. */
export function stubbornPids(file: string, timeoutMs = 10_000): Promise<readonly number[]> {
  return eventually(
    `the stubborn server writes ${file}`,
    () => {
      try {
        const { pid, grandchild } = JSON.parse(readFileSync(file, 'utf8'));
        return [Number(pid), Number(grandchild)];
      } catch {
        // Expected: ENOENT until it has written it.
        return undefined;
      }
    },
    timeoutMs,
  );
}
