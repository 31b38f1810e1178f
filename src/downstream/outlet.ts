import type { Message } from '../protocol/index.ts';

/** Where messages to one client go out. */
export interface Outlet {
  /** Whether somebody reads it now. */
  readonly isOpen: boolean;
  /** False when the message reaches nobody, now or later. */
  send(message: Message): boolean;
  /** Ends it after what was sent. Idempotent. */
  end(): void;
}
