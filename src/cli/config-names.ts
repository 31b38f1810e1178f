import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Workspace } from '../hub/index.ts';

/** The files that these names mean, the same for every way to write them. */
export function canonicalFiles(files: readonly string[], cwd: string): Promise<readonly string[]> {
  return Promise.all(files.map((name) => canonicalPath(resolve(cwd, name))));
}

/** Whether a hub has these very files, in this order. @param wanted canonical */
export async function hasFiles({ config_files: files, cwd }: Workspace, wanted: readonly string[]): Promise<boolean> {
  const own = await canonicalFiles(files, cwd);
  return own.length === wanted.length && own.every((file, at) => file === wanted[at]);
}

/** The path without symbolic links; one that is not there yet is known by its name. */
export function canonicalPath(path: string): Promise<string> {
  // Expected: ENOENT.
  return realpath(path).catch(() => path);
}
