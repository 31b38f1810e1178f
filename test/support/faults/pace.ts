import { setTimeout as delay } from 'node:timers/promises';

/** Makes calls at a steady rate, whatever becomes of those before, until the time is over; resolves when each has ended. */
export async function paced<T>(perSecond: number, forMs: number, call: (n: number) => Promise<T>): Promise<T[]> {
  const everyMs = 1_000 / perSecond;
  const beganMs = performance.now();
  const calls: Promise<T>[] = [];
  for (let n = 0; n * everyMs < forMs; n += 1) {
    const waitMs = beganMs + n * everyMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    calls.push(call(n));
  }
  return Promise.all(calls);
}
