import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects all that nothing refers to any more, now. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}

/** Whether a thing is gone once nothing but `ref` knows it; waits for the collector, at most a second. */
export async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  for (let tries = 0; tries < 20; tries += 1) {
    // A `WeakRef` keeps its target until the end of the turn in which it was made or read.
    await new Promise((resolve) => void setTimeout(resolve, 50));
    collectGarbage();
    if (ref.deref() === undefined) return true;
  }
  return false;
}
