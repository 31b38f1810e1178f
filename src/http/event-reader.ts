import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../base/index.ts';

/**
 * Most bytes that wait for one reader, beside the largest piece among them: a list may be larger than this and must not
 * cost a reader that reads its stream. What waits is shared by all readers that it waits for.
 */
export const MAX_UNREAD_BYTES = 1024 * 1024;

const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};
/** A peer that has vanished without a word is noticed after a few of these, in milliseconds. */
const PROBE_AFTER_MS = 30_000;

/** One open answer to `GET /api/events`. */
export class EventReader {
  readonly #id = randomUUID();
  readonly #res: ServerResponse;
  readonly #clock: Clock;
  readonly #connectedMs: number;
  #lastEventMs: number;
  /** The largest piece that was written since nothing waited. */
  #largest = 0;

  constructor(res: ServerResponse, clock: Clock) {
    this.#res = res;
    this.#clock = clock;
    this.#connectedMs = clock.now();
    this.#lastEventMs = this.#connectedMs;
  }

  /** Begins the answer with these blocks. @param onClose told once when it is over, whoever ended it. */
  open(blocks: readonly Buffer[], onClose: () => void): void {
    const res = this.#res;
    res.once('close', onClose);
    res.on('error', () => {
      // Expected: EPIPE, ECONNRESET. The close that follows is what counts.
    });
    res.socket?.setNoDelay(true);
    res.socket?.setKeepAlive(true, PROBE_AFTER_MS);
    res.writeHead(200, HEADERS);
    this.#largest = blocks.reduce((sum, block) => sum + block.length, 0);
    for (const block of blocks) res.write(block);
  }

  /** Sends one whole block and waits for nothing; a reader that does not read is cut off instead. False once it is gone. */
  send(block: Buffer): boolean {
    const res = this.#res;
    if (res.destroyed || res.writableEnded) return false;
    const unread = res.writableLength;
    this.#largest = Math.max(unread === 0 ? 0 : this.#largest, block.length);
    if (unread + block.length - this.#largest > MAX_UNREAD_BYTES) {
      res.destroy();
      return false;
    }
    res.write(block);
    this.#lastEventMs = this.#clock.now();
    return true;
  }

  /** Ends the answer in an orderly way. */
  end(): void {
    this.#res.end();
  }

  /** As `GET /api/health` lists it. */
  summary(): object {
    return {
      id: this.#id,
      state: 'connected',
      connectedAt: new Date(this.#connectedMs).toISOString(),
      lastEventAt: new Date(this.#lastEventMs).toISOString(),
    };
  }
}
