import { hubPaths } from '../base/index.ts';
import { loadConfig } from '../config/index.ts';
import { openMarketplace, type RegistryMarketplace } from '../hub/index.ts';
import type { CommandIo } from './command.ts';
import { textsOf } from './json.ts';

/** Does something with the marketplace that the config files name; it is closed after that. @throws HubError CONFIG_ERROR */
export async function withMarketplace<T>(
  options: Readonly<Record<string, unknown>>,
  { process, signal }: CommandIo,
  use: (marketplace: RegistryMarketplace) => Promise<T>,
): Promise<T> {
  const { env } = process;
  const { dataDir, defaultConfigFile } = hubPaths(env);
  const { settings } = await loadConfig({ files: textsOf(options['config']), env, cwd: process.cwd(), defaultFile: defaultConfigFile });
  const marketplace = await openMarketplace({ settings: settings.marketplace, env, dataDir });
  const stop = (): void => marketplace.dispose();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await use(marketplace);
  } finally {
    signal.removeEventListener('abort', stop);
    await marketplace.close();
  }
}
