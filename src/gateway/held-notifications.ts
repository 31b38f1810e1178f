import { type NotificationMessage, progressTokenOf } from '../protocol/index.ts';
import type { Call } from './call.ts';

/** Most notifications that are kept for a client that is between two requests; of more, the newest count. */
const MAX_HELD = 16;

/** What a server says about a call while no request of its client is open. */
export class HeldNotifications {
  #held: NotificationMessage[] = [];

  add(notification: NotificationMessage): void {
    this.#held.push(notification);
    if (this.#held.length > MAX_HELD) this.#held.shift();
  }

  /** Hands over what was kept, once. */
  flushTo(call: Call): void {
    for (const notification of this.#held.splice(0)) notifyOf(call, notification);
  }
}

/**
 * Tells one request of a call what a server said about the call. Progress carries the token of this very request, which
 * need not be that of the first one; without a token there is none. `elicitation/complete` is not of the modern revision.
 */
export function notifyOf(call: Call, notification: NotificationMessage): void {
  const { method, params } = notification;
  if (method === 'notifications/elicitation/complete') return;
  if (method !== 'notifications/progress') return call.notify(notification);
  const progressToken = progressTokenOf(call.params);
  if (progressToken !== undefined) call.notify({ ...notification, params: { ...params, progressToken } });
}
