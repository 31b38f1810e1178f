import { changeKindOf, type NotificationMessage } from '../protocol/index.ts';

/** Most notifications kept for a client that is not listening; the oldest go first. */
const MAX_KEPT = 64;

/** Notifications for a client that has no stream open yet. That something changed is kept once, however often it did. */
export class Backlog {
  #kept: NotificationMessage[] = [];

  add(event: NotificationMessage): void {
    if (this.#kept.some((kept) => isSame(kept, event))) return;
    this.#kept.push(event);
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
  }

  /** Everything kept, oldest first; it is empty afterwards. */
  take(): readonly NotificationMessage[] {
    const all = this.#kept;
    this.#kept = [];
    return all;
  }
}

function isSame(kept: NotificationMessage, event: NotificationMessage): boolean {
  if (kept.method !== event.method) return false;
  if (changeKindOf(event.method)) return true;
  return event.method === 'notifications/resources/updated' && kept.params?.['uri'] === event.params?.['uri'];
}
