import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Machine } from './client.ts';

/** Where a command is found, as a shell would; `undefined` when it is not. */
export async function findProgram(
  command: string,
  { env, platform, cwd }: Pick<Machine, 'env' | 'platform' | 'cwd'>,
): Promise<string | undefined> {
  const isPath = isAbsolute(command) || /[\\/]/.test(command);
  const folders = isPath ? [''] : (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const endings = platform === 'win32' ? ['', ...(env['PATHEXT'] ?? '.COM;.EXE;.BAT;.CMD').split(';')] : [''];
  for (const folder of folders) {
    for (const ending of endings) {
      const path = resolve(cwd, isPath ? command + ending : join(folder, command + ending));
      if (await isProgram(path)) return path;
    }
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    // Expected: ENOENT, EACCES.
    return false;
  }
}
