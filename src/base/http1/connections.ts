import type { Road } from '../outgoing.ts';
import type { Http1Connection } from './connection.ts';
import { Http1Road, type RoadOwner } from './road.ts';

/** The connections to all origins of `http:`, for whoever ends them. */
export class Http1Connections implements RoadOwner {
  readonly #open = new Set<Http1Connection>();
  /** Those of which connections are open. */
  readonly #roads = new Map<string, { readonly road: Http1Road; connections: number }>();
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  roadTo(origin: URL): Road {
    return this.#roads.get(origin.origin)?.road ?? new Http1Road(origin, this);
  }

  opened(connection: Http1Connection, road: Http1Road): void {
    this.#open.add(connection);
    const entry = this.#roads.get(road.origin);
    if (!entry) this.#roads.set(road.origin, { road, connections: 1 });
    else if (entry.road === road) entry.connections += 1;
  }

  closed(connection: Http1Connection, road: Http1Road): void {
    this.#open.delete(connection);
    const entry = this.#roads.get(road.origin);
    if (entry?.road !== road) return;
    entry.connections -= 1;
    if (entry.connections === 0) this.#roads.delete(road.origin);
  }

  /** Ends all of them, with the requests on them; later requests fail. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#open) connection.abort(new Error('The hub stops.'));
  }
}
