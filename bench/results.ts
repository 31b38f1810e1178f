import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Machine } from './machine.ts';
import type { Summary } from './summary.ts';

/** A yardstick or another hub that did not take part. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

/** What a run has found, as `--json` writes it. A figure that there is not, as the CPU ratio of stdio, is `null`. */
export interface Results {
  readonly takenAt: string;
  readonly machine: Machine;
  /** Of the hub and of every other program that took part. */
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly absent: readonly Absent[];
  readonly cases: readonly Summary[];
}

/** Writes the results as a JSON file; its folder is made where there is none. */
export function writeResults(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}
