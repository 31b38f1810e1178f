import type { Era, JsonObject, ListKind } from '../protocol/index.ts';

/** How long and for whom a list may be cached, as the server said (spec 2026-07-28 server/utilities/caching). */
export interface CacheHint {
  readonly ttlMs: number;
  readonly cacheScope: 'public' | 'private';
}

/** What one upstream says of itself once connected. */
export interface ServerIdentity {
  readonly era: Era;
  readonly protocolVersion: string;
  readonly serverInfo: JsonObject;
  readonly capabilities: JsonObject;
  readonly instructions?: string;
}

/**
 * What one upstream offers: every page of every list, items as they came. Frozen; replaced as a whole when the
 * upstream says that something changed.
 */
export interface Listing {
  readonly identity: ServerIdentity;
  readonly items: Readonly<Record<ListKind, readonly JsonObject[]>>;
  /** The items were looked through before, and there is nothing to say of any: a remembered listing is offered without doing that again. */
  readonly isFit?: true;
}
