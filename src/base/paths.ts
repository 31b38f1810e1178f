import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the hub keeps its files, as the XDG Base Directory specification says. */
export interface HubPaths {
  /** The config file used when no `--config` is given. */
  readonly defaultConfigFile: string;
  /** Folder of the log files. */
  readonly logDir: string;
  /** State that outlives a run. */
  readonly stateDir: string;
  /** What is kept for longer, as caches and logins. */
  readonly dataDir: string;
}

/**
 * `~/.mcp-hub` is used for state and data where it exists (installations older than the XDG layout), else `$XDG_STATE_HOME`,
 * `$XDG_DATA_HOME` and `$XDG_CONFIG_HOME` with their defaults. A relative value of those variables is ignored, as XDG demands.
 */
export function hubPaths(env: NodeJS.ProcessEnv): HubPaths {
  const home = env['HOME'] ?? homedir();
  const xdg = (name: string, fallback: string): string => {
    const value = env[name];
    return value?.startsWith('/') ? value : join(home, fallback);
  };
  const legacy = join(home, '.mcp-hub');
  const isLegacy = existsSync(legacy);
  const stateDir = isLegacy ? legacy : join(xdg('XDG_STATE_HOME', '.local/state'), 'mcp-hub');
  return {
    defaultConfigFile: join(xdg('XDG_CONFIG_HOME', '.config'), 'mcp-hub', 'mcp-servers.json'),
    logDir: join(stateDir, 'logs'),
    stateDir,
    dataDir: isLegacy ? legacy : join(xdg('XDG_DATA_HOME', '.local/share'), 'mcp-hub'),
  };
}
