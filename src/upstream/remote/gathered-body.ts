import { setTimeout } from 'node:timers/promises';

/** A body longer than this is kept in pieces of this size: thousands of small ones would keep the garbage collector busy. In bytes. */
const SLAB = 1024 * 1024;

export interface GatheredBodyOptions {
  /** How long to pause after a chunk, in milliseconds; `undefined` when the body is too long. */
  readonly spend: (chunk: Uint8Array) => number | undefined;
  /** Called when it is too long; the error that the reader gets. */
  readonly refuse: () => Error;
}

/** The same body, read to its end before any of it is handed on: for readers that need all of it anyway. */
export function gatheredBody(body: ReadableStream<Uint8Array>, { spend, refuse }: GatheredBodyOptions): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      const pieces = new Pieces();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        const pauseMs = spend(next.value);
        if (pauseMs === undefined) {
          controller.error(refuse());
          return reader.cancel();
        }
        pieces.add(next.value);
        if (pauseMs > 0) await setTimeout(pauseMs, undefined, { ref: false });
      }
      for (const piece of pieces.all()) controller.enqueue(piece);
      controller.close();
      return undefined;
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** Chunks as they come as long as they are few, and copied together when they become many. */
class Pieces {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** How much of the last piece is used; all of it while they are kept as they came. */
  #used: number | undefined;

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#used === undefined && this.#bytes <= SLAB) this.#pieces.push(chunk);
    else this.#copy(chunk);
  }

  all(): readonly Uint8Array[] {
    const last = this.#pieces.at(-1);
    if (last && this.#used !== undefined) return [...this.#pieces.slice(0, -1), last.subarray(0, this.#used)];
    return this.#pieces;
  }

  #copy(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.byteLength) {
      let last = this.#pieces.at(-1);
      if (!last || this.#used === undefined || this.#used === last.byteLength) {
        last = new Uint8Array(SLAB);
        this.#pieces.push(last);
        this.#used = 0;
      }
      const part = chunk.subarray(from, from + last.byteLength - this.#used);
      last.set(part, this.#used);
      this.#used += part.byteLength;
      from += part.byteLength;
    }
  }
}
