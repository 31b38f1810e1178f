import type { Disposable } from '../base/index.ts';

/** The names that readers of `/api/events` know. */
export type EventName = 'heartbeat' | 'hub_state' | 'log' | 'subscription_event';

/** One event, as every reader gets it. */
export interface FeedEvent {
  /** Says where in the history of which hub process the event stands; an event with an empty id is no part of the history. */
  readonly id: string;
  readonly name: EventName;
  /** Plain JSON without secrets. */
  readonly data: object;
}

/** What happens in the hub, told in order, with a bounded memory of the last minutes. */
export interface EventFeed {
  /** What a reader gets first that comes anew: the state of the hub. */
  snapshot(): readonly FeedEvent[];
  /** Everything after the event of that id; `undefined` when the memory does not reach back to it. */
  since(id: string): readonly FeedEvent[] | undefined;
  on(listener: (event: FeedEvent) => void): Disposable;
}
