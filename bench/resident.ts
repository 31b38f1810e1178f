import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { HAS_PROC } from './cpu.ts';

/** Resident memory of one process, in MB (10^6 bytes). */
export function residentMb(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN;
  const kib = HAS_PROC
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return (Number(kib) * 1_024) / 1e6;
}
