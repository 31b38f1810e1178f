import { type Clock, sleep } from '../../base/index.ts';
import type { CacheHint, ServerIdentity } from '../../catalog/index.ts';
import { type ChangeKind, changeKindOfList, isObject, LIST_KINDS, type ListKind } from '../../protocol/index.ts';

/** How old a list may become of which nobody tells when it changes: a legacy server without `listChanged`; in milliseconds. */
export const UNTOLD_LIST_MS = 5 * 60_000;
/** How long a client waits for a modern server's list to be fetched again before it gets the old one, in milliseconds. */
const MODERN_WAIT_MS = 5_000;
/** … and for a legacy server's, which never said that it grows old. */
const LEGACY_WAIT_MS = 500;

/** The hint for what nobody knows to be fresh; always safe. */
export const NO_HINT: CacheHint = Object.freeze({ ttlMs: 0, cacheScope: 'private' });

/** What a fetch found out about how long one list is good. */
export interface Freshness {
  readonly fetchedAtMs: number;
  /** Until when all of its pages are fresh, each counted from when it came; not after `fetchedAtMs` when the server gives no time. */
  readonly freshUntilMs: number;
  readonly cacheScope: CacheHint['cacheScope'];
  /** `false` when the server does not know the list at all; that does not change from one moment to the next. */
  readonly isOffered: boolean;
}

export interface ListFreshnessOptions {
  readonly clock: Clock;
  readonly identity: ServerIdentity;
  /** Whether a subscription stands that tells of every change of these lists. */
  readonly isWatched: (change: ChangeKind) => boolean;
  /** Whether a list could not be had, so that it is asked for again anyway ({@link ListReports}). */
  readonly isOwed: (kind: ListKind) => boolean;
  /** Fetches these lists; never rejects. */
  readonly refetch: (change: ChangeKind) => Promise<void>;
}

interface Flight {
  readonly sinceMs: number;
  readonly done: Promise<void>;
}

/**
 * How fresh the lists of one connection are (spec 2026-07-28 server/utilities/caching), and their renewal when somebody
 * needs them: not in the background, one fetch at a time. A client waits for the new list; a server that fails or takes
 * too long is the error for which the specification allows to serve the old one.
 *
 * A `ttlMs` of 0 says that the list SHOULD be taken for stale at once and MAY be fetched every time. While a subscription
 * stands the hub does not: the server has promised to tell of every change, so that another fetch could only bring the
 * same. A positive `ttlMs` is kept to, subscription or not.
 */
export class ListFreshness {
  readonly #options: ListFreshnessOptions;
  readonly #known = new Map<ListKind, Freshness>();
  /** How many changes were told of, and how many of them the list as it is has seen. */
  readonly #told = new Map<ChangeKind, number>();
  readonly #seen = new Map<ListKind, number>();
  readonly #flights = new Map<ChangeKind, Flight>();

  constructor(options: ListFreshnessOptions) {
    this.#options = options;
  }

  /** The server said that these lists changed, or may have said so unheard. */
  changed(change: ChangeKind): void {
    this.#told.set(change, this.changesOf(change) + 1);
  }

  /** How often these lists are known to have changed. */
  changesOf(change: ChangeKind): number {
    return this.#told.get(change) ?? 0;
  }

  /** A fetch of the lists of `changes` begins; the function takes what it brought. A list that is missing there could not be had. */
  fetching(changes: ReadonlySet<ChangeKind>): (fetched: ReadonlyMap<ListKind, Freshness>) => void {
    const seen = new Map([...changes].map((change) => [change, this.changesOf(change)] as const));
    return (fetched) => {
      for (const kind of LIST_KINDS) {
        const told = seen.get(changeKindOfList[kind]);
        if (told !== undefined && this.#isDeclared(kind)) this.#take(kind, fetched.get(kind), told);
      }
    };
  }

  /** What a client may be told of a list now: the time that is left. `undefined` for a list that the server does not have. */
  hint(kind: ListKind): CacheHint | undefined {
    if (!this.#isDeclared(kind)) return undefined;
    const known = this.#known.get(kind);
    if (!known || this.#options.identity.era === 'legacy') return NO_HINT;
    const leftMs = this.#hasChanged(kind) ? 0 : known.freshUntilMs - this.#options.clock.now();
    return { ttlMs: Math.max(0, Math.floor(leftMs)), cacheScope: known.cacheScope };
  }

  /** Fetches a list anew if it is stale; resolves when it is there or the wait is over. `undefined` when there is nothing to wait for. */
  freshen(kind: ListKind): Promise<void> | undefined {
    if (!this.#isDeclared(kind) || !this.#isStale(kind)) return undefined;
    const { clock, identity } = this.#options;
    const nowMs = clock.now();
    const flight = this.#flights.get(changeKindOfList[kind]) ?? this.#depart(kind, nowMs);
    if (!flight) return undefined;
    const waitMs = identity.era === 'legacy' ? LEGACY_WAIT_MS : MODERN_WAIT_MS;
    const leftMs = flight.sinceMs + waitMs - nowMs;
    return leftMs > 0 ? within(clock, flight.done, leftMs) : undefined;
  }

  #take(kind: ListKind, fresh: Freshness | undefined, told: number): void {
    if (!fresh) return;
    this.#known.set(kind, fresh);
    this.#seen.set(kind, told);
  }

  #depart(kind: ListKind, nowMs: number): Flight | undefined {
    if (this.#options.isOwed(kind)) return undefined;
    const change = changeKindOfList[kind];
    const done = this.#options.refetch(change).finally(() => this.#flights.delete(change));
    const flight = { sinceMs: nowMs, done };
    this.#flights.set(change, flight);
    return flight;
  }

  #isStale(kind: ListKind): boolean {
    const known = this.#known.get(kind);
    if (!known || this.#hasChanged(kind)) return true;
    const nowMs = this.#options.clock.now();
    const isOld = nowMs - known.fetchedAtMs >= UNTOLD_LIST_MS;
    if (this.#options.identity.era === 'legacy') return isOld && !this.#tellsOfChanges(kind);
    if (!known.isOffered) return isOld;
    if (known.freshUntilMs > known.fetchedAtMs) return nowMs >= known.freshUntilMs;
    return !this.#options.isWatched(changeKindOfList[kind]);
  }

  #hasChanged(kind: ListKind): boolean {
    return (this.#seen.get(kind) ?? 0) < this.changesOf(changeKindOfList[kind]);
  }

  #isDeclared(kind: ListKind): boolean {
    return isObject(this.#options.identity.capabilities[changeKindOfList[kind]]);
  }

  #tellsOfChanges(kind: ListKind): boolean {
    const capability = this.#options.identity.capabilities[changeKindOfList[kind]];
    return isObject(capability) && capability['listChanged'] === true;
  }
}

async function within(clock: Clock, fact: Promise<void>, ms: number): Promise<void> {
  const done = new AbortController();
  await Promise.race([fact, sleep(clock, ms, done.signal)]);
  done.abort();
}
