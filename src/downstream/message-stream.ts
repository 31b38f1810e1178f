import type { Message } from '../protocol/index.ts';

/** A way out for messages to one client. */
export interface MessageStream {
  /** False when the stream is over, so that nobody gets it. */
  send(message: Message): boolean;
  /** Ends it after what was sent. Idempotent. */
  end(): void;
}
