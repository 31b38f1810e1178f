import { readFileSync } from 'node:fs';

/** Whether a process of that id runs on this machine; one that has ended and only waits to be collected by its parent does not. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Expected: ESRCH, there is none. With EPERM there is one, of another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return !isZombie(pid);
}

/** In a container process 1 may be a program that collects nobody: what has ended has its number for ever then. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    // `pid (name) state …`, and the name may hold blanks and parentheses (proc_pid_stat(5)).
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    // Expected: a system without a readable /proc, or the process ended between the two looks, which the next one finds.
    return false;
  }
}
