import { systemClock } from '../base/index.ts';
import type { CommandIo } from './command.ts';

/** After this a person wonders, unless said otherwise, in milliseconds. */
const WONDER_AFTER_MS = 3_000;

/** Waits for what a hub has begun to do and does not stop doing, and says what that is when it takes longer than `afterMs`. */
export async function patiently<T>(work: Promise<T>, what: string, io: CommandIo, afterMs = WONDER_AFTER_MS): Promise<T> {
  const timer = systemClock.after(afterMs, () => {
    if (!io.isJson) io.tell(`${what} Ctrl-C ends the waiting alone.`);
  });
  try {
    return await work;
  } finally {
    timer.dispose();
  }
}
