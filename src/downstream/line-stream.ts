import type { Duplex } from 'node:stream';
import { lineParts, type Message, type MessageParts } from '../protocol/index.ts';
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
    if (!this.#write(lineParts(message))) this.#holdInput();
    return true;
  }

  /** In one go, with nothing copied. False when the client should read first. */
  #write({ head, body, tail }: MessageParts): boolean {
    const stream = this.#stream;
    if (!body) return stream.write(`${head}${tail}\n`);
    stream.cork();
    stream.write(head);
    stream.write(body);
    const isRoom = stream.write(`${tail}\n`);
    stream.uncork();
    return isRoom;
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
