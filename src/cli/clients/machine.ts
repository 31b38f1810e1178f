import { homedir } from 'node:os';
import { systemClock } from '../../base/index.ts';
import { WorkspaceFile } from '../../hub/index.ts';
import type { Machine } from './client.ts';

/** The machine that a command runs on. */
export function machineOf({ env, platform, cwd }: Pick<NodeJS.Process, 'env' | 'platform' | 'cwd'>): Machine {
  const home = (platform === 'win32' ? env['USERPROFILE'] : env['HOME']) ?? homedir();
  return { env, home, platform, cwd: cwd() };
}

/** The ports of the hubs that run, as the list of them has it. */
export async function hubPorts(stateDir: string): Promise<readonly number[]> {
  const entries = await new WorkspaceFile({ stateDir, clock: systemClock }).read();
  return Object.values(entries).flatMap(({ port }) => (port === 0 ? [] : port));
}
