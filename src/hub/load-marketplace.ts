import { systemClock } from '../base/index.ts';
import type { MarketplaceSettings } from '../config/index.ts';
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
