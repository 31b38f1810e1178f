import type { Readable } from 'node:stream';
import type { Clock, Disposable } from '../../base/index.ts';
import type { LogBuffer } from './log-buffer.ts';
import { ReadRate } from './read-rate.ts';

/** 10 MB a second at most. */
const BYTES_PER_WINDOW = 1024 * 1024;
const WINDOW_MS = 100;

/**
 * Moves a stream into a log buffer at a bounded rate.
 *
 * @returns ends the limit
 */
export function takeStderr(stream: Readable, buffer: LogBuffer, clock: Clock): Disposable {
  const rate = new ReadRate({ stream, clock, perWindow: BYTES_PER_WINDOW, windowMs: WINDOW_MS });
  stream.on('data', (chunk: Buffer) => {
    buffer.append(chunk);
    rate.spend(chunk.length);
  });
  return rate;
}
