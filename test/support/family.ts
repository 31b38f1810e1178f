import { readdirSync, readFileSync } from 'node:fs';

/** One process of a hub's family. */
export interface Relative {
  readonly pid: number;
  readonly parent: number;
  /** `Z` has ended and waits to be collected by its parent. */
  readonly state: string;
  readonly command: string;
}

/**
 * Every process that has come from the hub of that home, the hub with it: also grandchildren, those whose parent has ended, and
 * zombies. All of them inherit the hub's HOME, which no other process has. Linux.
 */
export function familyOf(home: string): readonly Relative[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? relative(Number(name)) : []));
  const own = new Set(all.filter(({ pid }) => fileOf(pid, 'environ').split('\0').includes(`HOME=${home}`)).map(({ pid }) => pid));
  return all.filter(({ pid, parent, state }) => own.has(pid) || (state === 'Z' && own.has(parent)));
}

function relative(pid: number): Relative[] {
  const stat = fileOf(pid, 'stat');
  // The name of the program is in parentheses and may hold anything.
  const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const command = fileOf(pid, 'cmdline').replaceAll('\0', ' ').trim();
  return stat === '' ? [] : [{ pid, parent: Number(parent), state, command }];
}

function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    // Expected: ENOENT or ESRCH, it ended since the folder was read; EACCES, it is somebody else's.
    return '';
  }
}
