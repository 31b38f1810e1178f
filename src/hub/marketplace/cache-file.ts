import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { marketplaceDefaults, writeFileAtomically } from '../../config/index.ts';
import { isObject } from '../../protocol/index.ts';
import { numberOf, readEntry, type RegistryEntry, textOf } from './entries.ts';

/** One page of a registry as it was last read. */
export interface Page {
  readonly url: string;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** Where the list goes on. */
  readonly next?: string | undefined;
  readonly entries: readonly RegistryEntry[];
}

/** A registry as it was last read to the end, or to the hub's limit. */
export interface Listing {
  /** Milliseconds since the epoch: when it was last known to be right. */
  readonly fetchedAt: number;
  readonly pages: readonly Page[];
}

export interface Readme {
  readonly content: string | null;
  /** Milliseconds since the epoch. */
  readonly lastFetchedAt: number;
}

export interface CacheContent {
  /** By the address of the registry, so that another one is never mistaken for it. */
  readonly sources: Readonly<Record<string, Listing>>;
  /** By id of the server. */
  readonly serverDocumentation: Readonly<Record<string, Readme>>;
}

const EMPTY: CacheContent = { sources: {}, serverDocumentation: {} };
/** A larger file is not the hub's, and none is written. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_SOURCES = 4;
const MAX_READMES = 50;

/**
 * The file in which all hubs of a person keep what they read of the registries. It is replaced as a whole; a lost update of
 * two hubs at the same moment costs one request. A file that is missing, too large or broken holds nothing.
 */
export class CacheFile {
  readonly #path: string;
  /** The last change; the next one waits for it. */
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<CacheContent> {
    try {
      if ((await stat(this.#path)).size > MAX_BYTES) return EMPTY;
      return readContent(JSON.parse(await readFile(this.#path, 'utf8')));
    } catch {
      // Expected: ENOENT before the first time, EACCES, SyntaxError after a disk ran full. It is read from the registry anew.
      return EMPTY;
    }
  }

  /**
   * Adds `news` to what is in the file; of two readings of one registry the later one stays.
   *
   * @throws what the file system says
   */
  add(news: Partial<CacheContent>): Promise<void> {
    const change = this.#last.then(() => this.#add(news));
    // Whoever asked for it is told what went wrong; the next one has nothing to do with it.
    this.#last = change.catch(() => undefined);
    return change;
  }

  async #add(news: Partial<CacheContent>): Promise<void> {
    const old = await this.read();
    const sources = latest({ ...old.sources }, news.sources ?? {}, (item) => item.fetchedAt, MAX_SOURCES);
    const readmes = latest({ ...old.serverDocumentation }, news.serverDocumentation ?? {}, (item) => item.lastFetchedAt, MAX_READMES);
    const text = JSON.stringify({ version: 2, sources, serverDocumentation: readmes } satisfies CacheContent & { version: number });
    if (text.length > MAX_BYTES) return;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await writeFileAtomically(this.#path, text);
  }
}

/** Both together, of each key the later one, and of all the `max` latest. */
function latest<T>(
  old: Readonly<Record<string, T>>,
  news: Readonly<Record<string, T>>,
  at: (item: T) => number,
  max: number,
): Record<string, T> {
  const all = new Map(Object.entries(old));
  for (const [key, item] of Object.entries(news)) {
    const known = all.get(key);
    if (known === undefined || at(known) <= at(item)) all.set(key, item);
  }
  return Object.fromEntries([...all].sort(([, a], [, b]) => at(b) - at(a)).slice(0, max));
}

function readContent(value: unknown): CacheContent {
  if (!isObject(value)) return EMPTY;
  return {
    sources: { ...formerSource(value), ...mapOf(value['sources'], readListing) },
    serverDocumentation: mapOf(value['serverDocumentation'], readReadme),
  };
}

/** What 4.x has read: it knew one registry, at one address. */
function formerSource({ registry, lastFetchedAt }: Readonly<Record<string, unknown>>): CacheContent['sources'] {
  const fetchedAt = numberOf(lastFetchedAt);
  if (fetchedAt === undefined || !isObject(registry) || !Array.isArray(registry['servers'])) return {};
  const url = marketplaceDefaults.registryUrl;
  const entries = registry['servers'].flatMap((item: unknown) => readEntry(item) ?? []);
  return { [url]: { fetchedAt, pages: [{ url, entries }] } };
}

function mapOf<T>(value: unknown, read: (item: Readonly<Record<string, unknown>>) => T | undefined): Readonly<Record<string, T>> {
  if (!isObject(value)) return {};
  const pairs = Object.entries(value).flatMap(([key, item]): [string, T][] => {
    const found = isObject(item) ? read(item) : undefined;
    return found === undefined ? [] : [[key, found]];
  });
  return Object.fromEntries(pairs);
}

function readListing(value: Readonly<Record<string, unknown>>): Listing | undefined {
  const fetchedAt = numberOf(value['fetchedAt']);
  const { pages } = value;
  if (fetchedAt === undefined || !Array.isArray(pages)) return undefined;
  const read = pages.flatMap((item: unknown) => readPage(item) ?? []);
  return read.length > 0 && read.length === pages.length ? { fetchedAt, pages: read } : undefined;
}

function readPage(value: unknown): Page | undefined {
  if (!isObject(value) || !Array.isArray(value['entries'])) return undefined;
  const url = textOf(value['url']);
  if (url === undefined) return undefined;
  const entries = value['entries'].flatMap((item: unknown) => readEntry(item) ?? []);
  return { url, etag: textOf(value['etag']), lastModified: textOf(value['lastModified']), next: textOf(value['next']), entries };
}

function readReadme(value: Readonly<Record<string, unknown>>): Readme | undefined {
  const lastFetchedAt = numberOf(value['lastFetchedAt']);
  const { content } = value;
  if (lastFetchedAt === undefined) return undefined;
  return typeof content === 'string' || content === null ? { content, lastFetchedAt } : undefined;
}
