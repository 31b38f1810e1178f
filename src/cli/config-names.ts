import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';

/** The files that these names mean, the same for every way to write them. */
export function canonicalFiles(files: readonly string[], cwd: string): Promise<readonly string[]> {
  return Promise.all(files.map((name) => canonicalPath(resolve(cwd, name))));
}

/** The path without symbolic links; one that is not there yet is known by its name. */
export function canonicalPath(path: string): Promise<string> {
  // Expected: ENOENT.
  return realpath(path).catch(() => path);
}
