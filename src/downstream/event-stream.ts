import type { ServerResponse } from 'node:http';
import type { Clock, Disposable } from '../base/index.ts';
import { lineParts, type Message, SSE_HEADERS, SSE_KEEP_ALIVE, SSE_KEEP_ALIVE_MS, type SseEvent, sseFrame } from '../protocol/index.ts';
import type { MessageStream } from './message-stream.ts';
import { endAnswer } from './reply.ts';
import { countUnread } from './unread.ts';

/** Most bytes that wait for a client to read before its stream is dropped. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

export interface EventStreamOptions {
  readonly clock: Clock;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Told once when the stream is over, whoever ended it. */
  readonly onClose?: () => void;
}

/** One open answer of server-sent events: kept alive while it is quiet, dropped when its client does not read. */
export class EventStream implements MessageStream {
  readonly #res: ServerResponse;
  readonly #clock: Clock;
  #keepAlive: Disposable | undefined;
  #open = true;

  private constructor(res: ServerResponse, clock: Clock) {
    this.#res = res;
    this.#clock = clock;
  }

  /** Writes the headers and a first comment at once, so that nothing on the way waits for the first event. */
  static open(res: ServerResponse, { clock, headers, onClose }: EventStreamOptions): EventStream {
    const stream = new EventStream(res, clock);
    res.once('close', () => {
      stream.#stop();
      onClose?.();
    });
    res.writeHead(200, { ...headers, ...SSE_HEADERS });
    stream.#write(SSE_KEEP_ALIVE);
    stream.#tick();
    return stream;
  }

  /** False once the stream has ended, from either side. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** False when the stream is over, so that nobody gets it. */
  send(message: Message): boolean {
    const { head, body, tail } = lineParts(message);
    if (!body) return this.sendEvent({ event: 'message', data: head + tail });
    return this.#open && this.#write(`event: message\ndata: ${head}`, body, `${tail}\n\n`);
  }

  sendEvent(event: SseEvent): boolean {
    return this.sendText(sseFrame(event));
  }

  /** Sends a whole frame. False when the stream is over, so that nobody gets it. */
  sendText(frame: string): boolean {
    return this.#open && this.#write(frame);
  }

  /** Ends the answer after what was sent. Idempotent. */
  end(): void {
    if (!this.#open) return;
    this.#stop();
    endAnswer(this.#res);
  }

  #write(...pieces: readonly (string | Buffer)[]): boolean {
    if (this.#res.destroyed) return false;
    if (this.#res.writableLength > MAX_UNREAD_BYTES) {
      this.#stop();
      this.#res.destroy();
      return false;
    }
    for (const piece of pieces) this.#res.write(piece);
    countUnread(this.#res);
    return true;
  }

  #tick(): void {
    this.#keepAlive = this.#clock.after(SSE_KEEP_ALIVE_MS, () => {
      this.#write(SSE_KEEP_ALIVE);
      if (this.#open) this.#tick();
    });
  }

  #stop(): void {
    this.#open = false;
    this.#keepAlive?.dispose();
  }
}
