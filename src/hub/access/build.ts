import { type Logger, systemClock } from '../../base/index.ts';
import { apiKeyFile } from '../../config/index.ts';
import type { HubOptions } from '../types.ts';
import { HubKeys } from './hub-keys.ts';

/** The keys of a hub with these options. @param isConfigured whether the config wants one for every request; asked anew for each */
export function hubKeys({ access, host, paths, port }: HubOptions, isConfigured: () => boolean, logger: Logger): HubKeys {
  return new HubKeys({
    file: apiKeyFile(paths.dataDir),
    clock: systemClock,
    logger,
    stateDir: paths.stateDir,
    host: port === undefined ? undefined : host,
    requireKey: access?.requireKey === true,
    isConfigured,
    given: access?.given,
    mayShowKey: access?.mayShowKey === true,
  });
}
