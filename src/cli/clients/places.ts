import { isAbsolute, join } from 'node:path';
import type { Machine, Place, Scope } from './client.ts';

const places =
  (scope: Scope) =>
  (...paths: readonly string[]): Place[] =>
    paths.map((path) => ({ scope, path }));

/** Files of a person. */
export const ofUser = places('user');

/** Files of the project, by their path in it. */
export function ofProject({ cwd }: Machine, ...paths: readonly string[]): Place[] {
  return places('project')(...paths.map((path) => join(cwd, path)));
}

/** `$XDG_CONFIG_HOME`, by default `~/.config`, on every system. */
export function xdgConfig({ env, home }: Machine): string {
  const value = env['XDG_CONFIG_HOME'];
  return value !== undefined && isAbsolute(value) ? value : join(home, '.config');
}

/** The folder in which desktop programs keep their settings. */
export function applicationData(machine: Machine): string {
  const { env, home, platform } = machine;
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  if (platform === 'win32') return env['APPDATA'] ?? join(home, 'AppData', 'Roaming');
  return xdgConfig(machine);
}

/** The folder that a variable names, or another one. */
export function folderOf({ env }: Machine, variable: string, otherwise: string): string {
  const value = env[variable];
  return value === undefined || value === '' ? otherwise : value;
}
