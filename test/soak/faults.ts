import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Freezer } from './freezer.ts';
import { wakeSleeper } from './sleeper.ts';
import type { Tally } from './traffic.ts';
import type { World } from './world.ts';

const SERVERS = ['echo', 'gauge', 'late', 'big', 'remote'];

/** The processes whose parent is `pid`, with their command lines. */
export function childrenOf(pid: number): { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(parent) !== pid) return [];
      return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
    } catch {
      // Expected: ENOENT or ESRCH, it ended since the folder was read.
      return [];
    }
  });
}

/** Does something bad every few seconds until the signal comes; tells how often each. */
export async function makeFaults(
  world: World,
  random: () => number,
  tally: Tally,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const freezer = new Freezer();
  const faults: Readonly<Record<string, () => Promise<unknown> | void>> = {
    'kill -9 of a server': () => withOne(world, random, (pid) => void process.kill(pid, 'SIGKILL')),
    'SIGSTOP of a server': () => withOne(world, random, (pid) => freezer.freeze(pid, random)),
    'wake of a server with calls that hang': () => wakeSleeper(world, random, tally, signal),
    'restart of a server': () => world.post('/api/servers/restart', { server_name: SERVERS[Math.floor(random() * SERVERS.length)] }),
    'edit of the config': () => world.editConfig(),
    'replacement of the remote server': () => world.replaceRemote(),
    'reload of the config': () => void world.hub.kill('SIGHUP'),
  };
  const names = Object.keys(faults);
  while (!signal.aborted) {
    await delay(1_000 + random() * 3_000, undefined, { signal }).catch(() => undefined);
    const name = names[Math.floor(random() * names.length)] ?? '';
    if (signal.aborted) break;
    await faults[name]?.();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  await freezer.end();
  await world.restoreConfig();
  return counts;
}

/** Does something to the process of one of the servers. */
function withOne(world: World, random: () => number, act: (pid: number) => void): void {
  const servers = childrenOf(world.hubPid).filter(({ command }) => command.includes('fixtures/servers'));
  const victim = servers[Math.floor(random() * servers.length)];
  if (victim) act(victim.pid);
}
