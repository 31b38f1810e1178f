import { resolve } from 'node:path';
import { HubError, hubPaths, isHubError, messageOf } from '../../base/index.ts';
import { ApiClient, START_WITHIN_MS, surroundings } from '../api-client.ts';
import type { CommandIo } from '../command.ts';
import { chooseHub, type RunningHub } from '../running-hubs.ts';

/** The config file that servers are written to. */
export interface ImportTarget {
  readonly file: string;
  /** The hub that runs with it. */
  readonly hub: ApiClient | undefined;
}

/**
 * The file that was named, else the last one of the hub that runs here, else the default one.
 *
 * @throws HubError HUB_NOT_FOUND when several hubs run and nothing says which is meant
 */
export async function importTarget(config: string | undefined, io: CommandIo): Promise<ImportTarget> {
  const cwd = io.process.cwd();
  const hub = await runningHub(config, io);
  const client = hub && new ApiClient(hub, io.signal);
  if (config !== undefined) return { file: resolve(cwd, config), hub: client };
  const last = hub?.entry?.config_files.at(-1);
  if (last !== undefined) return { file: resolve(hub?.entry?.cwd ?? cwd, last), hub: client };
  return { file: hubPaths(io.process.env).defaultConfigFile, hub: client };
}

async function runningHub(config: string | undefined, io: CommandIo): Promise<RunningHub | undefined> {
  try {
    return await chooseHub({ configFiles: config === undefined ? [] : [config] }, surroundings(io));
  } catch (error) {
    if (!isHubError(error, 'HUB_NOT_FOUND')) throw error;
    if (config === undefined && error.details['hubs'] !== undefined) {
      throw new HubError('HUB_NOT_FOUND', 'Several hubs run; say with --config which config file is meant.', { details: error.details });
    }
    return undefined;
  }
}

/** Lets the running hub read its config files again. What goes wrong with that is told: the servers are in the file by now. */
export async function reload(hub: ApiClient, io: CommandIo): Promise<boolean> {
  try {
    await hub.post('/api/restart', {}, START_WITHIN_MS);
    return true;
  } catch (error) {
    io.tell(`warning: the running hub has not read its config files again: ${messageOf(error)} Try "mcp-hub reload".`);
    return false;
  }
}
