import { type Clock, type Disposable, type HubError, type Logger, messageOf, toHubError } from '../../base/index.ts';
import type { CacheHint, Listing, ServerIdentity } from '../../catalog/index.ts';
import type { ChangeKind, JsonObject, ListKind, Outcome } from '../../protocol/index.ts';
import { emptyListing, fetchListing, type ListingSource, sameListing } from './fetch-listing.ts';
import type { Link } from '../connection/link.ts';
import { ListFreshness } from './list-freshness.ts';
import { type ListHealth, ListReports } from './list-health.ts';
import { ListingRefresher } from './listing-refresher.ts';

const ALL_KINDS: ReadonlySet<ChangeKind> = new Set(['tools', 'prompts', 'resources']);

export interface LiveListingOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly link: Link;
  readonly identity: ServerIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The listing, when another connection to the same server fetches and watches it: it stays as it is then. */
  readonly listing?: Listing | undefined;
  /** What this very server offered before: a list that cannot be had is taken from it. */
  readonly former?: (() => Listing | undefined) | undefined;
  readonly redact: ListingSource['redact'];
  readonly ask: (method: string, params: JsonObject, signal: AbortSignal | undefined) => Promise<Outcome>;
  /** Whether a subscription stands that tells of every change of these lists. */
  readonly isWatched: (change: ChangeKind) => boolean;
  /** Told of every listing that says something else than the one before. */
  readonly onChange: (listing: Listing) => void;
  /** As `listFailed` of the connection's events. */
  readonly onFailure: (error: HubError) => void;
}

/**
 * The listing of one connection, fetched again when the server tells of a change or somebody needs what is stale, and by itself
 * as long as a list cannot be had.
 */
export class LiveListing implements Disposable {
  readonly #options: LiveListingOptions;
  readonly #refresher: ListingRefresher;
  readonly #freshness: ListFreshness;
  readonly #reports: ListReports;
  readonly #told = new Set<string>();
  #listing: Listing;

  constructor(options: LiveListingOptions) {
    const { clock, identity, isWatched } = options;
    this.#options = options;
    this.#listing = options.listing ?? emptyListing(identity);
    this.#refresher = new ListingRefresher({ clock, refetch: (kinds) => this.#refetch(kinds) });
    this.#reports = new ListReports({ clock, again: (kinds) => this.#refresher.changed(...kinds) });
    this.#freshness = new ListFreshness({
      clock,
      identity,
      isWatched,
      isOwed: (kind) => this.#reports.isOwed(kind),
      refetch: (kind) => this.#refresher.now(kind),
    });
  }

  get current(): Listing {
    return this.#listing;
  }

  get health(): ListHealth {
    return this.#reports.health;
  }

  /** @throws HubError as {@link fetchListing}. */
  async fetchFirst(signal: AbortSignal): Promise<void> {
    if (this.#options.listing) return;
    const taken = this.#freshness.fetching(ALL_KINDS);
    let former: Listing | undefined;
    const previous = (): Listing => (former ??= this.#options.former?.() ?? this.#listing);
    const { listing, freshness, reports } = await fetchListing(this.#source(signal), previous, ALL_KINDS);
    this.#listing = listing;
    taken(freshness);
    this.#reports.take(reports);
  }

  /** The server said that these lists changed, or may have said so unheard: they are fetched in a moment. */
  changed(...kinds: readonly ChangeKind[]): void {
    if (this.#options.listing) return;
    for (const kind of kinds) this.#freshness.changed(kind);
    this.#refresher.changed(...kinds);
  }

  /** How often these lists are known to have changed. */
  changesOf(kind: ChangeKind): number {
    return this.#freshness.changesOf(kind);
  }

  /** Fetches these lists at once; resolves when that is done. */
  now(kind: ChangeKind): Promise<void> {
    return this.#refresher.now(kind);
  }

  /** Fetches all of them at once; resolves when that is done. */
  refresh(): Promise<void> {
    return this.#refresher.now(...ALL_KINDS);
  }

  hint(kind: ListKind): CacheHint | undefined {
    return this.#freshness.hint(kind);
  }

  freshen(kind: ListKind): Promise<void> | undefined {
    return this.#freshness.freshen(kind);
  }

  dispose(): void {
    this.#reports.dispose();
    this.#refresher.dispose();
  }

  #source(signal?: AbortSignal): ListingSource {
    const { id, logger, link, clock, identity, redact, ask } = this.#options;
    return {
      id,
      logger,
      clock,
      identity,
      redact,
      told: this.#told,
      checksHeaders: identity.era === 'modern' && link.isHttp,
      ask: (method, params) => ask(method, params, signal),
    };
  }

  async #refetch(kinds: ReadonlySet<ChangeKind>): Promise<void> {
    const { id, logger, link, onChange, onFailure } = this.#options;
    const taken = this.#freshness.fetching(kinds);
    try {
      const { listing, freshness, reports } = await fetchListing(this.#source(), () => this.#listing, kinds);
      taken(freshness);
      if (link.closedBy) return;
      const failure = this.#reports.take(reports);
      if (failure) onFailure(failure);
      if (sameListing(listing, this.#listing)) return;
      this.#listing = listing;
      onChange(listing);
    } catch (error) {
      taken(new Map());
      if (link.closedBy) return;
      this.#reports.miss(kinds);
      // Expected: UNAUTHORIZED, a login that ran out. The next call says so to whoever makes it.
      const message = `The lists of server "${id}" could not be fetched again: ${messageOf(error)}`;
      if (!this.#told.has(message)) logger.warn(message, { code: toHubError(error).code });
      this.#told.add(message);
    }
  }
}
