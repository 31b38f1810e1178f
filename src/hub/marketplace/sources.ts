import { HubError } from '../../base/index.ts';
import { marketplaceDefaults, type MarketplaceSettings } from '../../config/index.ts';

/** Where servers are found; `undefined` for what is left out. */
export interface Sources {
  readonly registryUrl: string | undefined;
  readonly officialUrl: string | undefined;
  readonly officialLimit: number;
  readonly readmeUrl: string | undefined;
}

const OFF: ReadonlySet<string> = new Set(['', 'false', 'off', '0', 'no', 'none']);

/**
 * The config file's word first, then the environment's, then the default. Both can switch a source off.
 *
 * @throws HubError CONFIG_ERROR for a variable that is no address
 */
export function resolveSources(settings: MarketplaceSettings, env: NodeJS.ProcessEnv): Sources {
  const pick = (set: string | false | undefined, variable: string, fallback: string): string | undefined => {
    if (set !== undefined) return set || undefined;
    const value = env[variable]?.trim();
    if (value === undefined) return fallback;
    if (OFF.has(value.toLowerCase())) return undefined;
    if (/^https?:\/\//i.test(value) && URL.canParse(value)) return value;
    throw new HubError('CONFIG_ERROR', `${variable} must be an http or https address, or empty to leave the registry out.`, {
      details: { variable },
    });
  };
  const { registryUrl, officialUrl, officialLimit, readmeUrl } = marketplaceDefaults;
  return {
    registryUrl: pick(settings.registryUrl, 'MCP_HUB_REGISTRY_URL', registryUrl),
    officialUrl: pick(settings.officialUrl, 'MCP_HUB_OFFICIAL_REGISTRY_URL', officialUrl),
    officialLimit: settings.officialLimit ?? officialLimit,
    readmeUrl: pick(settings.readmeUrl, 'MCP_HUB_README_URL', readmeUrl),
  };
}
