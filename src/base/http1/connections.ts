import type { Road } from '../outgoing.ts';
import type { Http1Connection } from './connection.ts';
import { Http1Road, type RoadOwner } from './road.ts';

/** The connections to all origins of `http:`, for whoever ends them. */
export class Http1Connections implements RoadOwner {
  readonly #open = new Map<Http1Connection, Http1Road>();
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The road whose connections are open there; a new one where there is none. */
  roadTo(origin: URL): Road {
    for (const road of this.#open.values()) if (road.origin === origin.origin) return road;
    return new Http1Road(origin, this);
  }

  opened(connection: Http1Connection, road: Http1Road): void {
    this.#open.set(connection, road);
  }

  closed(connection: Http1Connection): void {
    this.#open.delete(connection);
  }

  /** Ends all of them, with the requests on them; later requests fail. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#open.keys()) connection.abort(new Error('The hub stops.'));
  }
}
