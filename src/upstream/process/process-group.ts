import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A started process together with everything it started, as far as the platform lets us address that as one. */
export interface ProcessGroup {
  /** Sends a signal to every member. A group that is gone already is no error. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
  /**
   * Whether there is a member left that runs. To be asked after the leader has exited; on Windows it cannot be known then,
   * and is false.
   */
  alive(): boolean;
}

/**
 * The group that the process `leader` leads. The kernel does not give the number of a group to a new process as long as
 * the group has a member, so it may be used until `alive()` was false once, and never after.
 */
export function processGroup(leader: number): ProcessGroup {
  return process.platform === 'win32' ? windowsTree(leader) : posixGroup(leader);
}

function posixGroup(leader: number): ProcessGroup {
  const kill = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(-leader, signal);
    } catch (error) {
      // EPERM: a member that runs as somebody else (or, on macOS, is a zombie) is there but not ours. ESRCH: nobody is there.
      return error instanceof Error && 'code' in error && error.code === 'EPERM';
    }
  };
  return { signal: (signal) => void kill(signal), alive: () => kill(0) && !hasOnlyZombies(leader) };
}

/**
 * Whether every member of the group has ended and only waits to be collected. Orphans are collected by process 1, and in a
 * container that may be a program that never does (the hub itself, for one): the kernel then counts them as members for ever.
 */
function hasOnlyZombies(group: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return !ids.some((id) => isRunningMember(id, group));
  } catch {
    // Expected: ENOENT or EACCES, a system without a readable /proc. Then what the kernel said has to do.
    return false;
  }
}

function isRunningMember(id: string, group: number): boolean {
  try {
    // `pid (name) state ppid pgrp …`, and the name may hold blanks and parentheses (proc_pid_stat(5)).
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(pgrp) === group && state !== 'Z' && state !== 'X';
  } catch {
    // Expected: ENOENT or ESRCH, it ended since the folder was listed.
    return false;
  }
}

/** Windows has neither groups nor SIGTERM: the tree is ended at once, as long as its root is there to be found. */
function windowsTree(root: number): ProcessGroup {
  return {
    signal: () => {
      const killer = spawn('taskkill', ['/pid', String(root), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
      // Expected: no taskkill on a stripped-down Windows. The root itself can be ended without it.
      killer.once('error', () => killRoot(root));
    },
    alive: () => false,
  };
}

function killRoot(root: number): void {
  try {
    process.kill(root);
  } catch {
    // Expected: ESRCH, the process is gone already.
  }
}
