import { copyFile, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../../../src/cli/clients/client.ts';

const folder = fileURLToPath(new URL('../../fixtures/clients/', import.meta.url));

/** A sample config of a client, by its path in test/fixtures/clients. */
export function sample(path: string): string {
  return join(folder, path);
}

/** A machine with a home and a project of its own. */
export interface Home {
  readonly machine: Machine;
  readonly home: string;
  readonly project: string;
  readonly stateDir: string;
  /** Puts a sample where a client looks for it. */
  put(path: string, to: string): Promise<void>;
  remove(): Promise<void>;
}

export async function makeHome(platform: NodeJS.Platform = 'linux'): Promise<Home> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'mcp-hub-clients-')));
  const [home, project] = [join(root, 'home'), join(root, 'project')];
  for (const path of [home, project]) await mkdir(path);
  return {
    machine: { env: { HOME: home, PATH: '' }, home, platform, cwd: project },
    home,
    project,
    stateDir: join(root, 'state'),
    async put(path, to) {
      await mkdir(dirname(to), { recursive: true });
      await copyFile(sample(path), to);
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
