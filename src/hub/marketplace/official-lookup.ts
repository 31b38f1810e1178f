import type { Clock } from '../../base/index.ts';
import type { RegistryEntry } from './entries.ts';
import { officialEntry } from './official-entry.ts';
import { officialKind, searchAddress, serverAddress } from './registries.ts';
import { parseJson, type RegistryHttp } from './registry-http.ts';

export interface LookupOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly open: () => RegistryHttp;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** What was asked is not asked again for so long, in milliseconds. */
const KEEP_MS = 5 * 60_000;
const MAX_KEPT = 50;

/** Asks the official registry itself for what the list here does not hold: it has far more servers than anybody lists. */
export class OfficialLookup {
  readonly #options: LookupOptions;
  readonly #kept = new Map<string, { readonly atMs: number; readonly entries: Promise<readonly RegistryEntry[]> }>();

  constructor(options: LookupOptions) {
    this.#options = options;
  }

  /** Its servers whose names have these words in them, one page at most. @throws HubError MARKETPLACE_ERROR */
  search(words: string): Promise<readonly RegistryEntry[]> {
    const address = searchAddress(this.#options.url, words);
    return this.#once(address, (text) => officialKind.page(address, parseJson(address, text)).entries);
  }

  /** Its server of that name. @throws HubError MARKETPLACE_ERROR */
  async server(name: string): Promise<RegistryEntry | undefined> {
    const address = serverAddress(this.#options.url, name);
    const [entry] = await this.#once(address, (text) => [officialEntry(parseJson(address, text))].filter((item) => item !== undefined));
    return entry;
  }

  #once(address: string, read: (text: string) => readonly RegistryEntry[]): Promise<readonly RegistryEntry[]> {
    const nowMs = this.#options.clock.now();
    const known = this.#kept.get(address);
    if (known && nowMs - known.atMs < KEEP_MS) return known.entries;
    const entries = this.#get(address).then((text) => (text === undefined ? [] : read(text)));
    this.#kept.delete(address);
    this.#kept.set(address, { atMs: nowMs, entries });
    // A failure is not kept.
    entries.catch(() => this.#kept.delete(address));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return entries;
  }

  async #get(address: string): Promise<string | undefined> {
    const http = this.#options.open();
    try {
      const reply = await http.get(address, { maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS, signal: this.#options.signal });
      return reply.status === 200 ? reply.text : undefined;
    } finally {
      await http.close();
    }
  }
}
