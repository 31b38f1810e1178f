import type { Duplex } from 'node:stream';
import type { Message } from '../protocol/index.ts';
import type { MessageStream } from './message-stream.ts';

/** Most bytes that wait for a client to read before its stream is dropped. One message may be larger when nothing waits. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

/**
 * The way out of a stream of lines, one JSON-RPC message each (spec 2026-07-28 basic/transports/stdio). While the client
 * does not read, nothing more is read of it; one that goes on like that is dropped at {@link MAX_UNREAD_BYTES}.
 */
export class LineStream implements MessageStream {
  readonly #stream: Duplex;
  #open = true;
  #stuck = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  /** Sends one message; a batch of answers is an array, on one line. */
  send(message: Message | readonly Message[]): boolean {
    const stream = this.#stream;
    if (!this.#open || stream.destroyed) return false;
    if (stream.writableLength > MAX_UNREAD_BYTES) {
      this.#open = false;
      stream.destroy();
      return false;
    }
    if (!stream.write(`${JSON.stringify(message)}\n`)) this.#holdInput();
    return true;
  }

  end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stream.end();
  }

  /** What is asked while answers pile up waits at the client. */
  #holdInput(): void {
    if (this.#stuck) return;
    this.#stuck = true;
    this.#stream.pause();
    this.#stream.once('drain', () => {
      this.#stuck = false;
      this.#stream.resume();
    });
  }
}
