import { spawn } from 'node:child_process';

/** A started process together with everything it started, as far as the platform lets us address that as one. */
export interface ProcessGroup {
  /** Sends a signal to every member. A group that is gone already is no error. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Whether there is a member left. On Windows this cannot be known once the leader has exited, and is false. */
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
  return { signal: (signal) => void kill(signal), alive: () => kill(0) };
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
