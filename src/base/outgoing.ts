import type { IncomingHttpHeaders } from 'node:http';

/** One HTTP request to the origin of a {@link Road}. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  /** Name, value, name, value. Length and host are added. */
  readonly headers: string[];
  readonly body?: string | Buffer | undefined;
  /** The longest silence before the answer, and the longest within it, in milliseconds; 0 for any. */
  readonly silenceMs: number;
}

/** Who gets the answer, all of it from one call of {@link Road.send}; none of these may throw. */
export interface Receiver {
  /** @param headers by their names in lower case */
  head(status: number, headers: IncomingHttpHeaders): void;
  /** A piece of the body, decoded. It is overwritten once this has returned: whoever keeps it makes a copy. */
  data(chunk: Buffer): void;
  end(): void;
  /** It failed below HTTP, before its end. Nothing comes after this, which may be before `send` has returned. */
  failed(error: Error): void;
}

/** A request on its way. */
export interface Flow {
  /** No data comes until {@link resume}; the other side has to wait as well. */
  pause(): void;
  resume(): void;
  /** Ends it: nothing comes any more. Idempotent. */
  cancel(): void;
}

/** The way to one origin. */
export interface Road {
  /** Sends a request. Redirects are answers like any other. */
  send(request: OutgoingRequest, receiver: Receiver): Flow;
}

/** The way out to servers, on connections that are kept for the next request. */
export interface Outgoing {
  /** @param origin as in `URL.origin`; where the hub may not go, each request fails with the reason. */
  roadTo(origin: string): Road;
}
