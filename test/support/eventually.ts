import { vi } from 'vitest';

/** Waits until `check` passes: long enough for a busy machine, at once on a quick one. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 5_000, interval: 10 });
}
