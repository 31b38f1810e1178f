import { join } from 'node:path';
import { type Clock, closest, type Disposable, HubError, isHubError, messageOf } from '../../base/index.ts';
import type { Marketplace, MarketplaceQuery } from '../../http/index.ts';
import { CacheFile, type Readme } from './cache-file.ts';
import type { RegistryEntry } from './entries.ts';
import { mergeEntries } from './merge.ts';
import { OfficialLookup } from './official-lookup.ts';
import { select } from './query.ts';
import { fetchReadme } from './readme.ts';
import { communityKind, officialKind, type RegistryKind } from './registries.ts';
import { openRegistryHttp } from './registry-http.ts';
import { FRESH_MS, Source } from './source.ts';
import type { Sources } from './sources.ts';

export interface MarketplaceOptions {
  readonly sources: Sources;
  /** Folder in which `cache/registry.json` is kept. */
  readonly dataDir: string;
  /** For the proxies. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
}

/** What old data is worth: so long its being read anew is waited for, in milliseconds. */
const GRACE_MS = 2_000;
/** Without data: so long the first page is waited for, in milliseconds. */
const FIRST_PAGE_MS = 20_000;
/** Ids that a message about an unknown one names at most. */
const MAX_NEAR = 5;

/**
 * The servers of the registries, read when somebody asks and kept on disk for an hour. Nothing happens before the first
 * question, and nobody but its askers ever waits for a registry.
 */
export class RegistryMarketplace implements Marketplace, Disposable {
  readonly #options: MarketplaceOptions;
  readonly #cache: CacheFile;
  readonly #stop = new AbortController();
  readonly #community: Source | undefined;
  readonly #official: Source | undefined;
  readonly #lookup: OfficialLookup | undefined;
  readonly #readmes = new Map<string, Promise<string | null>>();

  constructor(options: MarketplaceOptions) {
    this.#options = options;
    this.#cache = new CacheFile(join(options.dataDir, 'cache', 'registry.json'));
    const { registryUrl, officialUrl, officialLimit } = options.sources;
    const { clock } = options;
    this.#community = registryUrl === undefined ? undefined : this.#source(communityKind, registryUrl, Infinity);
    this.#official = officialUrl === undefined ? undefined : this.#source(officialKind, officialUrl, officialLimit);
    const { signal } = this.#stop;
    this.#lookup = officialUrl === undefined ? undefined : new OfficialLookup({ url: officialUrl, clock, signal, open: this.#open });
  }

  async list(query: MarketplaceQuery): Promise<{ readonly servers: readonly RegistryEntry[]; readonly warning?: string | undefined }> {
    const [listed, searched] = await Promise.all([this.#listed(), this.#searched(query.search)]);
    const known = new Set(listed.flatMap(({ id, registryName }) => [id, registryName]));
    const more = searched.entries.filter(({ id }) => !known.has(id));
    if (this.#isEmpty && more.length === 0) throw this.#nothing();
    const warnings = [...this.#warnings(), ...searched.warnings];
    return {
      servers: select([...listed, ...more], query),
      ...(warnings.length > 0 && { warning: warnings.join(' ') }),
    };
  }

  async details(id: string): Promise<{ readonly server: RegistryEntry; readonly readmeContent: string | null }> {
    const server = await this.find(id);
    return { server, readmeContent: await this.#readme(server) };
  }

  /**
   * The server of that id, or of that name in the official registry.
   *
   * @throws HubError MARKETPLACE_ERROR, RESOURCE_NOT_FOUND with the nearest ids in `details.near`
   */
  async find(id: string): Promise<RegistryEntry> {
    const listed = await this.#listed();
    const server = listed.find((entry) => entry.id === id) ?? listed.find((entry) => entry.registryName === id) ?? (await this.#ask(id));
    if (server) return server;
    if (this.#isEmpty) throw this.#nothing();
    throw unknownId(id, listed);
  }

  /** Breaks off what is being read. */
  dispose(): void {
    this.#stop.abort();
  }

  /** {@link dispose}; resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.dispose();
    await Promise.all([this.#community?.idle(), this.#official?.idle(), ...this.#readmes.values()]);
  }

  readonly #open = () => openRegistryHttp(this.#options.env, this.#options.clock);

  #source(kind: RegistryKind, url: string, maxEntries: number): Source {
    return new Source({
      kind,
      url,
      maxEntries,
      clock: this.#options.clock,
      open: this.#open,
      recall: async () => (await this.#cache.read()).sources[url],
      keep: (listing) => this.#cache.add({ sources: { [url]: listing } }),
      signal: this.#stop.signal,
    });
  }

  get #sources(): readonly Source[] {
    return [this.#community, this.#official].filter((source) => source !== undefined);
  }

  get #isEmpty(): boolean {
    return this.#sources.every((source) => source.isEmpty);
  }

  async #listed(): Promise<readonly RegistryEntry[]> {
    if (this.#sources.length === 0) {
      const message = 'No registry is configured: both "marketplace.registryUrl" and "marketplace.officialUrl" are switched off.';
      throw new HubError('MARKETPLACE_ERROR', message);
    }
    await Promise.all(this.#sources.map((source) => source.ensure(GRACE_MS, FIRST_PAGE_MS)));
    return mergeEntries(this.#community?.entries ?? [], this.#official?.entries ?? []);
  }

  /** What the official registry finds beyond what is listed; only names are searched there. */
  async #searched(search = ''): Promise<{ readonly entries: readonly RegistryEntry[]; readonly warnings: readonly string[] }> {
    const words = search.trim();
    if (words === '' || !this.#lookup) return { entries: [], warnings: [] };
    await this.#official?.ensure(0, FIRST_PAGE_MS);
    if (this.#official?.isCut !== true || this.#official.isEmpty) return { entries: [], warnings: [] };
    try {
      return { entries: await this.#lookup.search(words), warnings: [] };
    } catch (error) {
      return { entries: [], warnings: [`Only listed servers were searched: ${messageOf(error)}`] };
    }
  }

  /** A server that the list is too short for. */
  async #ask(id: string): Promise<RegistryEntry | undefined> {
    if (!this.#lookup || !id.includes('/')) return undefined;
    try {
      return await this.#lookup.server(id);
    } catch (error) {
      if (isHubError(error, 'MARKETPLACE_ERROR') && this.#official?.isCut === false) return undefined;
      throw error;
    }
  }

  #warnings(): readonly string[] {
    return this.#sources.flatMap((source): string[] => {
      const since = source.staleSinceMs;
      if (since !== undefined) {
        const why = source.problem?.message ?? `${source.url} has not answered yet.`;
        return [`This list is from ${new Date(since).toISOString()}: ${why}`];
      }
      return source.problem ? [source.problem.message] : source.isEmpty ? [`${source.url} has not answered yet.`] : [];
    });
  }

  #nothing(): HubError {
    const problems = this.#sources.map(({ url, problem }) => problem?.message ?? `${url} has not answered yet.`);
    return new HubError(
      'MARKETPLACE_ERROR',
      `No registry of servers could be read, and nothing of one is cached.\n${problems.join('\n')}`,
      {
        details: { sources: this.#sources.map(({ problem }) => problem?.details ?? {}) },
        cause: this.#sources.find(({ problem }) => problem)?.problem,
      },
    );
  }

  /** One request at a time for each server; `null` also when it cannot be had now. */
  #readme(server: RegistryEntry): Promise<string | null> {
    const running = this.#readmes.get(server.id);
    if (running) return running;
    const readme = this.#fetchReadme(server).finally(() => this.#readmes.delete(server.id));
    this.#readmes.set(server.id, readme);
    return readme;
  }

  async #fetchReadme({ id, url }: RegistryEntry): Promise<string | null> {
    const { sources, clock } = this.#options;
    if (sources.readmeUrl === undefined) return null;
    const kept: Readme | undefined = (await this.#cache.read()).serverDocumentation[id];
    if (kept && clock.now() - kept.lastFetchedAt < FRESH_MS) return kept.content;
    const http = this.#open();
    try {
      const content = await fetchReadme(http, url, sources.readmeUrl, this.#stop.signal);
      await this.#cache.add({ serverDocumentation: { [id]: { content, lastFetchedAt: clock.now() } } }).catch(() => undefined);
      return content;
    } catch {
      // Expected: MARKETPLACE_ERROR, no network. A README is not worth a failure, and an old one is better than none.
      return kept?.content ?? null;
    } finally {
      await http.close();
    }
  }
}

function unknownId(id: string, entries: readonly RegistryEntry[]): HubError {
  const word = id.toLowerCase();
  const ids = entries.map((entry) => entry.id);
  const guess = closest(id, ids);
  const near = [...new Set([...(guess === undefined ? [] : [guess]), ...ids.filter((other) => other.toLowerCase().includes(word))])].slice(
    0,
    MAX_NEAR,
  );
  const advice = near.length > 0 ? `Did you mean ${near.join(', ')}?` : 'Search for it with "mcp-hub search".';
  return new HubError('RESOURCE_NOT_FOUND', `The marketplace has no server "${id}". ${advice}`, { details: { id, near } });
}
