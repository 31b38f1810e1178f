import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseSummary, readComplaints, readOutcome, type ScenarioResult } from './outcome.ts';

/** The revisions whose requirement sets the suite has. */
export const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

const root = join(import.meta.dirname, '../..');
const suite = dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'));
/** The whole set takes a few seconds; a server that hangs is the suite's own business, per scenario. */
const DEADLINE_MS = 300_000;

export async function suiteVersion(): Promise<string> {
  const manifest: { version: string } = JSON.parse(await readFile(join(suite, 'package.json'), 'utf8'));
  return manifest.version;
}

/** Runs every server scenario of one requirement set against `url`, with the suite's own command. */
export async function runSuite(url: string, revision: Revision): Promise<readonly ScenarioResult[]> {
  return inFolder(async (folder) => {
    const output = await runCommand('server', '--url', url, '--requirements', revision, '-o', folder);
    return parseSummary(output, await readComplaints(folder));
  });
}

/** One client scenario of a requirement set. */
export interface ClientScenario {
  readonly revision: Revision;
  readonly name: string;
  readonly notScored: string | undefined;
}

/** The client scenarios of one requirement set, those about authorization included (`auth/…`). */
export async function clientScenarios(revision: Revision): Promise<readonly ClientScenario[]> {
  const text = await readFile(join(suite, 'requirements', `${revision}.yaml`), 'utf8');
  const [, scored = ''] = /^client:\n((?: {2}- .*\n)*)/m.exec(text) ?? [];
  const unscored = [...text.matchAll(/- scenario: (\S+)\n\s+leg: client\n\s+reason: (\S+)/g)];
  return [
    ...[...scored.matchAll(/- (\S+)/g)].map(([, name = '']) => ({ revision, name, notScored: undefined })),
    ...unscored.map(([, name = '', notScored]) => ({ revision, name, notScored })),
  ];
}

/**
 * Runs one client scenario.
 *
 * @param command what the suite starts, with the URL of its server as a last argument
 */
export async function runClientScenario(command: string, { revision, name, notScored }: ClientScenario): Promise<ScenarioResult> {
  return inFolder(async (folder) => {
    // Extensions have versions of their own.
    const force = notScored === 'extension' ? ['--force'] : [];
    const output = await runCommand('client', '--command', command, '--scenario', name, '--spec-version', revision, ...force, '-o', folder);
    const outcome = await readOutcome(folder, name.startsWith('auth/'));
    if (!outcome) throw new Error(`The conformance suite did not run ${name}:\n${output.slice(-2_000)}`);
    const stumbled = /CLIENT (?:TIMED OUT|EXITED WITH ERROR).*/.exec(output)?.[0];
    const { passed, failed, complaints } = outcome;
    if (stumbled === undefined) return { name, passed, failed, notScored, complaints };
    return { name, passed, failed: failed + 1, notScored, complaints: [...complaints, stumbled] };
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-hub-conformance-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the suite's command; gives what it wrote, whatever its exit code, which is 1 when anything failed. */
function runCommand(...args: string[]): Promise<string> {
  const shims = join(root, 'test/conformance/node20-shims.mjs');
  const all = ['--import', shims, join(suite, 'dist/index.js'), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { timeout: DEADLINE_MS, maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}
