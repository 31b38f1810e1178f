import { type Clock, deferred, type Deferred, type HubError, toHubError, withDeadline } from '../../base/index.ts';
import type { Listing, Page } from './cache-file.ts';
import type { RegistryEntry } from './entries.ts';
import type { RegistryKind } from './registries.ts';
import { parseJson, type RegistryHttp } from './registry-http.ts';
import { unreadable } from './reasons.ts';

export interface SourceOptions {
  readonly kind: RegistryKind;
  readonly url: string;
  /** Most entries that are read. */
  readonly maxEntries: number;
  readonly clock: Clock;
  readonly open: () => RegistryHttp;
  /** What the cache file has of it. */
  readonly recall: () => Promise<Listing | undefined>;
  readonly keep: (listing: Listing) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What is read is taken for right so long, in milliseconds. */
export const FRESH_MS = 60 * 60 * 1000;
/** After a failure, data that is there is served so long without another attempt, in milliseconds. */
const RETRY_AFTER_MS = 60_000;
const PAGE_TIMEOUT_MS = 20_000;
/** A page of the official registry has some 200 KB. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const MAX_ALL_BYTES = 32 * 1024 * 1024;
const MAX_PAGES = 200;

/** One registry: what is known of it, and its being read anew, by one request at a time for however many callers. */
export class Source {
  readonly #options: SourceOptions;
  #listing: Listing | undefined;
  /** Pages of the reading under way, shown when there is nothing older. */
  #arriving: readonly Page[] = [];
  #problem: HubError | undefined;
  #failedAtMs = -Infinity;
  #reading: { readonly done: Promise<void>; readonly first: Deferred<void> } | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  get entries(): readonly RegistryEntry[] {
    const pages = this.#listing?.pages ?? this.#arriving;
    return pages.flatMap((page) => page.entries).slice(0, this.#options.maxEntries);
  }

  /** Nothing is known, not even in part. */
  get isEmpty(): boolean {
    return !this.#listing && this.#arriving.length === 0;
  }

  /** The registry has, or may have, more than is read of it. */
  get isCut(): boolean {
    return !this.#listing || this.#listing.pages.at(-1)?.next !== undefined;
  }

  /** Why the last attempt to read it failed. */
  get problem(): HubError | undefined {
    return this.#problem;
  }

  /** When what is served was read, in milliseconds since the epoch; `undefined` while it is fresh. */
  get staleSinceMs(): number | undefined {
    return this.#listing && !this.#isFresh() ? this.#listing.fetchedAt : undefined;
  }

  /**
   * Sees to it that there is something to serve: fresh, else old with a reading under way, which is waited for `graceMs` at
   * most, else the first page of one, for `firstPageMs` at most. Never rejects; what went wrong is the {@link problem}.
   */
  async ensure(graceMs: number, firstPageMs: number): Promise<void> {
    if (this.#isFresh()) return;
    await this.#recall();
    if (this.#isFresh()) return;
    const hasData = !this.isEmpty;
    if (hasData && this.#options.clock.now() - this.#failedAtMs < RETRY_AFTER_MS) return;
    const { done, first } = this.#read();
    const { clock } = this.#options;
    const isOver = (): undefined => undefined;
    const wait = hasData ? done : Promise.race([first.promise, done]);
    const timeoutMs = hasData ? graceMs : firstPageMs;
    await withDeadline(wait, {
      clock,
      timeoutMs,
      onTimeout: () => unreadable(this.url, 'timeout', `nothing of it within ${timeoutMs / 1000} s`),
    }).catch(isOver);
  }

  /** Resolves when no reading is under way. */
  async idle(): Promise<void> {
    await this.#reading?.done;
  }

  #isFresh(): boolean {
    return this.#listing !== undefined && this.#options.clock.now() - this.#listing.fetchedAt < FRESH_MS;
  }

  /** Another hub may have read it meanwhile. */
  async #recall(): Promise<void> {
    const found = await this.#options.recall();
    if (found && found.fetchedAt > (this.#listing?.fetchedAt ?? -Infinity)) this.#listing = found;
  }

  #read(): { readonly done: Promise<void>; readonly first: Deferred<void> } {
    if (this.#reading) return this.#reading;
    const first = deferred<void>();
    const reading = { first, done: this.#readAll(first).finally(() => (this.#reading = undefined)) };
    this.#reading = reading;
    return reading;
  }

  async #readAll(first: Deferred<void>): Promise<void> {
    const { clock, keep } = this.#options;
    try {
      const pages = await this.#pages(first);
      const listing = { fetchedAt: clock.now(), pages };
      this.#listing = listing;
      this.#arriving = [];
      this.#problem = undefined;
      // A disk that takes nothing costs another request later, no more.
      await keep(listing).catch(() => undefined);
    } catch (error) {
      this.#problem = toHubError(error, 'MARKETPLACE_ERROR');
      this.#failedAtMs = clock.now();
    }
  }

  async #pages(first: Deferred<void>): Promise<readonly Page[]> {
    const { kind, url, open, maxEntries } = this.#options;
    const known = new Map(this.#listing?.pages.map((page) => [page.url, page]));
    const http = open();
    try {
      const pages: Page[] = [];
      let bytes = 0;
      let count = 0;
      for (let next: string | undefined = kind.first(url); next !== undefined && pages.length < MAX_PAGES; ) {
        const { page, size }: { page: Page; size: number } = await this.#page(http, next, known.get(next));
        pages.push(page);
        bytes += size;
        count += page.entries.length;
        this.#arriving = [...pages];
        first.resolve();
        const isLoop = pages.some((other) => other.url === page.next);
        next = isLoop || count >= maxEntries || bytes > MAX_ALL_BYTES ? undefined : page.next;
      }
      return pages;
    } finally {
      await http.close();
    }
  }

  async #page(http: RegistryHttp, url: string, known: Page | undefined): Promise<{ page: Page; size: number }> {
    const { kind, signal } = this.#options;
    const { etag, lastModified } = known ?? {};
    const reply = await http.get(url, { etag, lastModified, maxBytes: MAX_PAGE_BYTES, timeoutMs: PAGE_TIMEOUT_MS, signal });
    if (reply.status === 304 && known) return { page: known, size: 0 };
    if (reply.status !== 200) throw unreadable(url, 'status', `it answered with HTTP ${reply.status}`);
    const { entries, next } = kind.page(url, parseJson(url, reply.text));
    return { page: { url, etag: reply.etag, lastModified: reply.lastModified, next, entries }, size: reply.text.length };
  }
}
