import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where the hub keeps its files, as the XDG Base Directory specification says. */
export interface HubPaths {
  /** The config file used when no `--config` is given. */
  readonly defaultConfigFile: string;
  /** Folder of the log files. */
  readonly logDir: string;
  /** State that outlives a run: the list of running hubs. */
  readonly stateDir: string;
  /** What is kept for longer, as caches and logins. */
  readonly dataDir: string;
}

/**
 * What stands in `~/.mcp-hub` stays there (installations older than the XDG layout): that folder itself for state and data, and
 * `logs` in it for the log. For everything else `$XDG_STATE_HOME`, `$XDG_DATA_HOME` and `$XDG_CONFIG_HOME` with their defaults;
 * a relative value of those variables is ignored, as XDG demands. Editors look in the same places for the running hubs.
 */
export function hubPaths(env: NodeJS.ProcessEnv): HubPaths {
  const home = env['HOME'] ?? homedir();
  const xdg = (name: string, fallback: string): string => {
    const value = env[name];
    return join(value !== undefined && isAbsolute(value) ? value : join(home, fallback), 'mcp-hub');
  };
  const legacy = join(home, '.mcp-hub');
  const state = xdg('XDG_STATE_HOME', '.local/state');
  return {
    defaultConfigFile: join(xdg('XDG_CONFIG_HOME', '.config'), 'mcp-servers.json'),
    logDir: ifFolder(join(legacy, 'logs')) ?? join(state, 'logs'),
    stateDir: ifFolder(legacy) ?? state,
    dataDir: ifFolder(legacy) ?? xdg('XDG_DATA_HOME', '.local/share'),
  };
}

function ifFolder(path: string): string | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : undefined;
  } catch {
    // Expected: ENOTDIR, what should hold it is a file.
    return undefined;
  }
}
