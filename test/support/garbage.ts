import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Whether a thing is gone once nothing but `ref` knows it; waits for the collector, at most a second. */
export async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let tries = 0; tries < 20; tries += 1) {
    // A `WeakRef` keeps its target until the end of the turn in which it was made or read.
    await new Promise((resolve) => void setTimeout(resolve, 50));
    collect();
    if (ref.deref() === undefined) return true;
  }
  return false;
}
