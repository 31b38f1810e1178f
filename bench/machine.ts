import { arch, cpus, loadavg, platform, release } from 'node:os';

/** From this load on, other programs are likely to take part in what is measured. */
const QUIET = 0.5;

export interface Machine {
  readonly node: string;
  readonly system: string;
  readonly processors: string;
  /** Of the last minute, before the run; 0 where the system does not tell. */
  readonly load: number;
}

/** What the figures are measured on. */
export function describeMachine(): Machine {
  const all = cpus();
  return {
    node: process.versions.node,
    system: `${platform()} ${arch()} ${release()}`,
    processors: `${all.length} × ${all[0]?.model.trim() ?? 'unknown'}`,
    load: loadavg()[0] ?? 0,
  };
}

/** The same in one line. */
export function machineLine({ node, system, processors } = describeMachine()): string {
  return `Node ${node}, ${system}, ${processors}`;
}

/** Says so when the machine has other things to do: the figures of such a run are worth little. */
export function warnUnlessQuiet({ load } = describeMachine()): void {
  if (load <= QUIET) return;
  console.error(`The machine is not quiet: its load average is ${load.toFixed(2)}. Figures taken now are worth little.`);
}
