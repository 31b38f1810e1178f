import type { ServerResponse } from 'node:http';

/** How long a finished answer may wait for a client that does not read it, in milliseconds. */
const UNREAD_MS = 60_000;
/** Most bytes that all answers together may hold for clients to read. One alone may hold more. */
const MAX_TOTAL_BYTES = 256 * 1024 * 1024;
/** An answer that holds less is not counted, in bytes: it has its time limit all the same. */
const COUNTED_BYTES = 64 * 1024;

/** The answers that hold much, the one that has been among them for longest in front. Of the process, like the memory that they take. */
const waiting = new Set<ServerResponse>();

/** Ends the connection of a client that does not take a finished answer in time; nothing happens when it does. */
export function limitUnread(res: ServerResponse): void {
  res.setTimeout(UNREAD_MS, () => res.destroy());
  countUnread(res);
}

/** Counts what an answer holds, now that something was written to it; where all of them hold too much, ends those that began first. */
export function countUnread(res: ServerResponse): void {
  if (res.writableLength < COUNTED_BYTES) return;
  if (!waiting.has(res)) {
    waiting.add(res);
    res.once('close', () => waiting.delete(res));
  }
  let total = 0;
  for (const { writableLength } of waiting) total += writableLength;
  for (const other of waiting) {
    if (total <= MAX_TOTAL_BYTES) return;
    if (other === res || other.writableLength === 0) continue;
    total -= other.writableLength;
    waiting.delete(other);
    other.destroy();
  }
}
