/** Whether a process of that id runs on this machine. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Expected: ESRCH, there is none. With EPERM there is one, of another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
