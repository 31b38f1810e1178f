import { setTimeout as delay } from 'node:timers/promises';
import { open, type Sent } from '../downstream/harness.ts';

/** Makes a request whose client goes away after so many milliseconds, whether it was answered by then or not. */
export async function leave(url: string, sent: Sent, afterMs: number): Promise<void> {
  const gone = new AbortController();
  const call = open(url, { ...sent, signal: gone.signal }).then(
    (reading) => reading.close(),
    () => {
      // Expected: AbortError, it left before the answer began.
    },
  );
  await delay(afterMs);
  gone.abort();
  await call;
}
