import type { Disposable } from '../base/index.ts';

/** The names that readers of `/api/events` know. */
export type EventName = 'heartbeat' | 'hub_state' | 'log' | 'subscription_event';

/** One event, as every reader gets it. */
export interface FeedEvent {
  /** Says where in the history of which hub process the event stands; an event with an empty id is no part of the history. */
  readonly id: string;
  readonly name: EventName;
  /** A JSON object in one line, without secrets: made once, however many read it. */
  readonly json: string;
}

/** What happens in the hub, told in order, with a bounded memory of the last minutes. */
export interface EventFeed {
  /** What a reader gets first that comes anew: the state of the hub, under the id of where the history stands. */
  snapshot(): readonly FeedEvent[];
  /**
   * What a reader gets first that comes back with the id that it read last: the state of the hub without an id, marked as
   * `resumed`, and everything after that id. `undefined` when the memory does not reach back to it.
   */
  since(id: string): readonly FeedEvent[] | undefined;
  on(listener: (event: FeedEvent) => void): Disposable;
}
