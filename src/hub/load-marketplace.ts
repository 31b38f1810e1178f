import { systemClock } from '../base/index.ts';
import type { MarketplaceSettings } from '../config/index.ts';
import type { Marketplace, MarketplaceQuery } from '../http/index.ts';
import type { RegistryMarketplace } from './marketplace/marketplace.ts';

export interface OpenMarketplaceOptions {
  readonly settings: MarketplaceSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
}

/** Loads the marketplace by itself, for commands that need no hub. Whoever opens it closes it. @throws HubError CONFIG_ERROR */
export async function openMarketplace({ settings, env, dataDir }: OpenMarketplaceOptions): Promise<RegistryMarketplace> {
  const [{ RegistryMarketplace: Opened }, { resolveSources }] = await Promise.all([
    import('./marketplace/marketplace.ts'),
    import('./marketplace/sources.ts'),
  ]);
  return new Opened({ sources: resolveSources(settings, env), env, dataDir, clock: systemClock });
}

export interface HubMarketplaceOptions extends Omit<OpenMarketplaceOptions, 'settings'> {
  /** As the config has them now. */
  readonly settings: () => MarketplaceSettings;
}

/** A hub's marketplace: loaded with the first question, so that a start never pays for it, and anew when its settings change. */
export class HubMarketplace implements Marketplace {
  readonly #options: HubMarketplaceOptions;
  #current: { readonly settings: string; readonly opened: Promise<RegistryMarketplace> } | undefined;
  #isClosed = false;

  constructor(options: HubMarketplaceOptions) {
    this.#options = options;
  }

  async list(query: MarketplaceQuery): ReturnType<Marketplace['list']> {
    return (await this.#open()).list(query);
  }

  async details(id: string): ReturnType<Marketplace['details']> {
    return (await this.#open()).details(id);
  }

  /** Breaks off what is being read; resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await closeQuietly(this.#current?.opened);
  }

  #open(): Promise<RegistryMarketplace> {
    const { settings, ...rest } = this.#options;
    const wanted = settings();
    const text = JSON.stringify(wanted);
    if (this.#current && (this.#current.settings === text || this.#isClosed)) return this.#current.opened;
    void closeQuietly(this.#current?.opened);
    const opened = openMarketplace({ ...rest, settings: wanted });
    this.#current = { settings: text, opened };
    return opened;
  }
}

async function closeQuietly(opened: Promise<RegistryMarketplace> | undefined): Promise<void> {
  // Expected: CONFIG_ERROR. What could not be opened needs no closing.
  await opened?.then((marketplace) => marketplace.close()).catch(() => undefined);
}
