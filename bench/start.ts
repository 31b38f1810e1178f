/** `npm run bench:start`: how long the command takes until it answers, listens and is ready, and its memory when idle. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { HAS_PROC } from './cpu.ts';
import { firstListReport } from './first-list.ts';
import { untilOpen } from './first-request.ts';
import { freePort } from './free-port.ts';
import { HUB, requireBuild, startHub } from './hub-process.ts';
import { withProcesses } from './lifetime.ts';
import { machineLine, warnUnlessQuiet } from './machine.ts';
import { within } from './options.ts';
import type { Processes } from './processes.ts';
import { median } from './statistics.ts';
import { shown, table } from './table.ts';

const SERVERS = 3;
/** Until garbage of the start is likely to be collected and nothing is under way any more, in milliseconds. */
const IDLE_MS = 1_500;
const COMMAND_MS = 20_000;

/** What one round measures, in the order of the table. */
interface Round {
  readonly nodeMs: number;
  readonly versionMs: number;
  readonly listensMs: number;
  readonly readyMs: number;
  readonly idleMb: number;
}

await withProcesses(async (processes) => {
  const { values } = parseArgs({ options: { rounds: { type: 'string' }, 'first-list': { type: 'boolean', default: false } } });
  const isFirstList = values['first-list'];
  const rounds = within('--rounds', values.rounds ?? (isFirstList ? '15' : '7'), 1, 100, Number.isInteger);
  requireBuild();
  warnUnlessQuiet();
  if (isFirstList) {
    const report = await firstListReport(processes, rounds);
    return console.log(`${machineLine()}; ${rounds} starts each\n\n${report}`);
  }
  const all: Round[] = [];
  // The first round fills the caches of the operating system, and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const measured = await measureOnce(processes);
    if (round > 0) all.push(measured);
  }
  console.log(`${machineLine()}; medians of ${rounds} rounds\n`);
  console.log(report(all));
});

async function measureOnce(processes: Processes): Promise<Round> {
  const nodeMs = timeOf(['-e', '0']);
  const versionMs = timeOf([HUB, '--version']);
  const port = await freePort();
  const server = { command: process.execPath, args: [processes.script('upstream-stdio')] };
  const servers = Object.fromEntries(Array.from({ length: SERVERS }, (_, at) => [`server-${at + 1}`, server]));
  const hub = startHub(processes, { servers, port });
  const knocking = await untilOpen(port, hub.child);
  const listensMs = performance.now() - hub.spawnedMs;
  knocking.destroy();
  const readyMs = (await hub.ready).atMs - hub.spawnedMs;
  await delay(IDLE_MS);
  const idleMb = residentMb(hub.child.pid);
  await processes.end(hub.child);
  return { nodeMs, versionMs, listensMs, readyMs, idleMb };
}

/** From spawn to exit of a Node command, in milliseconds. */
function timeOf(args: readonly string[]): number {
  const startMs = performance.now();
  execFileSync(process.execPath, args, { stdio: 'ignore', timeout: COMMAND_MS });
  return performance.now() - startMs;
}

/** Resident memory of one process, in MB (10^6 bytes). */
function residentMb(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN;
  const kib = HAS_PROC
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return (Number(kib) * 1_024) / 1e6;
}

function report(rounds: readonly Round[]): string {
  const row = (title: string, unit: string, values: readonly number[], decimals = 0): string[] => [
    title,
    shown(median(values), decimals),
    `${shown(Math.min(...values), decimals)}–${shown(Math.max(...values), decimals)}`,
    unit,
  ];
  return table(
    ['what', 'median', 'min–max', 'unit'],
    [
      row(
        'node -e 0',
        'ms',
        rounds.map(({ nodeMs }) => nodeMs),
      ),
      row(
        'mcp-hub --version',
        'ms',
        rounds.map(({ versionMs }) => versionMs),
      ),
      row(
        '  relative to node -e 0',
        '×',
        rounds.map(({ nodeMs, versionMs }) => versionMs / nodeMs),
        2,
      ),
      row(
        'the port listens',
        'ms',
        rounds.map(({ listensMs }) => listensMs),
      ),
      row(
        `${SERVERS} servers ready`,
        'ms',
        rounds.map(({ readyMs }) => readyMs),
      ),
      row(
        'resident memory, idle',
        'MB',
        rounds.map(({ idleMb }) => idleMb),
      ),
    ],
  );
}
