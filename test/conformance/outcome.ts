import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What came of one scenario in one place. */
export interface ScenarioResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Why it does not count towards conformance (`extension`, `pending`, …); `undefined` when it does. */
  readonly notScored: string | undefined;
  /** What the suite says of every check that failed. */
  readonly complaints: readonly string[];
}

/** Whether a scenario had something to look at, and liked all of it. */
export const passes = (result: ScenarioResult | undefined): boolean => result !== undefined && result.failed === 0 && result.passed > 0;

interface Check {
  readonly id: string;
  readonly status: string;
  readonly name: string;
  readonly errorMessage?: string;
}

/**
 * Reads the suite's summary, with the lines `✓ name: 2 passed, 0 failed` and `✗ name (extension)`.
 *
 * @param complaints what is known of failed checks, by scenario
 */
export function parseSummary(output: string, complaints: ReadonlyMap<string, readonly string[]> = new Map()): readonly ScenarioResult[] {
  const [, summary] = output.split('=== SUMMARY ===');
  if (summary === undefined) throw new Error(`The conformance suite gave no summary:\n${output.slice(-2_000)}`);
  const notScored = new Map([...summary.matchAll(/^\s+[✓✗] (\S+) \(([^)]+)\)$/gm)].map(([, name, reason]) => [name, reason]));
  const lines = [...summary.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed$/gm)];
  if (lines.length === 0) throw new Error(`The conformance suite ran no scenario:\n${summary}`);
  return lines.map(([, name = '', passed, failed]) => ({
    name,
    passed: Number(passed),
    failed: Number(failed),
    notScored: notScored.get(name),
    complaints: complaints.get(name) ?? [],
  }));
}

/** Reads what the suite wrote into its folder: for every scenario the complaints, those of its checks that failed. */
export async function readComplaints(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const complaints = new Map<string, readonly string[]>();
  for (const entry of await readdir(folder, { recursive: true })) {
    const [, name] = /^(?:server-)?(.+)-\d{4}-\d\d-\d\dT[\d-]+Z\/checks\.json$/.exec(entry) ?? [];
    if (name !== undefined) complaints.set(name, complaintsOf(await readChecks(join(folder, entry))));
  }
  return complaints;
}

/**
 * Counts the checks in one file of the suite; a warning counts as a failure, as it does for the suite's own exit code.
 *
 * @param isOnce whether a check that is made at every request counts once, so that clients that send more or fewer requests compare
 */
export async function readOutcome(
  folder: string,
  isOnce = false,
): Promise<Pick<ScenarioResult, 'passed' | 'failed' | 'complaints'> | undefined> {
  const file = (await readdir(folder, { recursive: true })).find((entry) => entry.endsWith('checks.json'));
  if (file === undefined) return undefined;
  const checks = await readChecks(join(folder, file));
  const count = (...statuses: string[]): number => {
    const found = checks.filter(({ status }) => statuses.includes(status)).map(({ id }) => id);
    return isOnce ? new Set(found).size : found.length;
  };
  return { passed: count('SUCCESS'), failed: count('FAILURE', 'WARNING'), complaints: complaintsOf(checks) };
}

async function readChecks(file: string): Promise<readonly Check[]> {
  const checks: readonly Check[] = JSON.parse(await readFile(file, 'utf8'));
  return checks;
}

function complaintsOf(checks: readonly Check[]): readonly string[] {
  const failed = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  return [...new Set(failed.map(({ name, errorMessage }) => errorMessage ?? `${name} was not seen`))];
}
