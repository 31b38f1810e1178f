import type { Readable } from 'node:stream';
import type { Clock, Disposable } from '../base/index.ts';
import type { LogBuffer } from './log-buffer.ts';

/** 10 MB a second at most; a server that writes faster is slowed down to that by its own full pipe. */
const BYTES_PER_WINDOW = 1024 * 1024;
const WINDOW_MS = 100;

/**
 * Moves a stream into a log buffer at a bounded rate, so that a flooding server takes no time away from the others.
 *
 * @returns ends the limit: what is still in the pipe then is read at once (the process is gone, it can be no more than that)
 */
export function takeStderr(stream: Readable, buffer: LogBuffer, clock: Clock): Disposable {
  let windowStartMs = clock.now();
  let taken = 0;
  let limited = true;
  let pause: Disposable | undefined;
  const resume = (): void => {
    pause = undefined;
    taken = 0;
    windowStartMs = clock.now();
    stream.resume();
  };
  stream.on('data', (chunk: Buffer) => {
    buffer.append(chunk);
    if (clock.now() - windowStartMs >= WINDOW_MS) {
      taken = 0;
      windowStartMs = clock.now();
    }
    taken += chunk.length;
    if (!limited || pause || taken < BYTES_PER_WINDOW) return;
    stream.pause();
    pause = clock.after(WINDOW_MS, resume);
  });
  return {
    dispose: () => {
      limited = false;
      pause?.dispose();
      if (pause) resume();
    },
  };
}
