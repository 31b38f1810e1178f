import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** The revisions whose requirement sets the suite has. */
export const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

export interface ScenarioResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Why it does not count towards conformance (`extension`, `pending`, …); `undefined` when it does. */
  readonly notScored: string | undefined;
}

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const suite = dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'));
/** The whole set takes about ten seconds; a server that hangs is the suite's own business, per scenario. */
const DEADLINE_MS = 300_000;

export async function suiteVersion(): Promise<string> {
  const manifest: { version: string } = JSON.parse(await readFile(join(suite, 'package.json'), 'utf8'));
  return manifest.version;
}

/** Runs every server scenario of one requirement set against `url`, with the suite's own command. */
export async function runSuite(url: string, revision: Revision): Promise<readonly ScenarioResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-hub-conformance-'));
  const args = [
    '--import',
    join(root, 'test/conformance/node20-shims.mjs'),
    join(suite, 'dist/index.js'),
    'server',
    '--url',
    url,
    '--requirements',
    revision,
    '-o',
    folder,
  ];
  try {
    // It exits with 1 when anything failed; its summary tells what.
    const { stdout } = await run(process.execPath, args, { timeout: DEADLINE_MS, maxBuffer: 64 * 1024 * 1024 }).catch(
      (error: { stdout?: string; stderr?: string }) => ({ stdout: `${error.stdout ?? ''}${error.stderr ?? ''}` }),
    );
    return parseSummary(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads the lines `✓ name: 2 passed, 0 failed` and `✗ name (extension)` of the suite's summary. */
export function parseSummary(output: string): readonly ScenarioResult[] {
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
  }));
}
