const LAST_EVENT_ID = 'last-event-id';

/** Shortest wait before a stream is opened again, in milliseconds: a server that asks for less would be hammered. */
const SHORTEST_MS = 100;
/** Longest wait that a timer knows. */
const LONGEST_MS = 2_147_483_647;

/**
 * How long to wait before a stream is opened again, in milliseconds, when the server asked for `delayMs`: not less than that
 * (spec 2025-11-25 basic/transports: clients respect the `retry` field).
 */
export function resumptionDelay(delayMs: number): number {
  return Math.min(Math.max(delayMs, SHORTEST_MS), LONGEST_MS);
}

/**
 * The `Last-Event-ID` of one stream. The SDK forgets it when a stream that was resumed breaks again before an event: what
 * it would open then is the standalone stream of the session, from now on and not from where it was.
 */
export class ResumptionHeader {
  #last: string | undefined;

  /** The request to send in the place of this one. */
  apply(init: RequestInit | undefined): RequestInit | undefined {
    if (init?.method !== 'GET') return init;
    const headers = new Headers(init.headers);
    const id = headers.get(LAST_EVENT_ID);
    if (id !== null) this.#last = id;
    else if (this.#last !== undefined) headers.set(LAST_EVENT_ID, this.#last);
    else return init;
    return { ...init, headers };
  }
}
