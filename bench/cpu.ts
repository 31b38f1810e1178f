import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { nextMessage } from './messages.ts';

/** Whether the operating system accounts for processes under /proc, as Linux does. */
export const HAS_PROC = existsSync('/proc/self/stat');
/** Whether the kernel tells the time that each thread has run; the other account counts in hundredths of a second. */
const HAS_SCHEDSTAT = existsSync(`/proc/self/task/${process.pid}/schedstat`);

/** What Linux shows times in, whatever the kernel's own clock is: 100 ticks per second. */
const MS_PER_TICK = 10;
const REPORT_MS = 5_000;

/** CPU time of a process and its threads until now, user and system, in milliseconds; NaN where nobody can tell. */
export async function cpuMs(subject: ChildProcess | number | undefined): Promise<number> {
  const pid = typeof subject === 'object' ? subject.pid : subject;
  if (HAS_PROC && pid !== undefined) return HAS_SCHEDSTAT ? threadsMs(pid) : cpuFromStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (typeof subject !== 'object' || !subject.connected) return Number.NaN;
  const report = nextMessage(subject, REPORT_MS, 'the CPU time');
  subject.send('cpu');
  const { cpuMs: used } = await report;
  return typeof used === 'number' ? used : Number.NaN;
}

/** Of the threads that live, to the nanosecond. What Node and nginx have of threads is there from the first calls until the end. */
function threadsMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, id) => sum + ranMs(`/proc/${pid}/task/${id}/schedstat`), 0);
}

function ranMs(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    // Expected: a thread that ended since it was listed.
    return 0;
  }
}

/** Fields 14 and 15; counted from the end of the command name, which may hold blanks and parentheses (proc(5)). */
export function cpuFromStat(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}
