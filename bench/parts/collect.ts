/** Loaded into a process whose memory is measured, with `--expose-gc`: collects garbage when the parent asks, and tells what is left. */
import { setTimeout as delay } from 'node:timers/promises';

const ROUNDS = 3;
/** Between two collections, for what the first one has freed to be given back, in milliseconds. */
const PAUSE_MS = 100;

async function collect(): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    globalThis.gc?.();
    await delay(PAUSE_MS);
  }
  process.send?.({ heapBytes: process.memoryUsage().heapUsed });
}

process.on('message', (message) => {
  if (message === 'collect') void collect();
});
// To be asked is no reason to stay.
process.channel?.unref();
