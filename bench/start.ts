/** `npm run bench:start`: how long the command takes until it answers, listens and is ready, and its memory when idle. */
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { firstListReport } from './first-list.ts';
import { untilOpen } from './first-request.ts';
import { freePort } from './free-port.ts';
import { HUB, requireBuild, startHub } from './hub-process.ts';
import { withProcesses } from './lifetime.ts';
import { machineLine, warnUnlessQuiet } from './machine.ts';
import { within } from './options.ts';
import { openClients } from './parts/open-clients.ts';
import type { Processes } from './processes.ts';
import { residentMb } from './resident.ts';
import { median } from './statistics.ts';
import { shown, table } from './table.ts';

const SERVERS = 10;
/** What the handshake of the slowest of them takes: longer than all others together need, in milliseconds. */
const SLOWEST_MS = 2_000;
/** Until garbage of the start is likely to be collected and nothing is under way any more, in milliseconds. */
const IDLE_MS = 1_500;
const COMMAND_MS = 20_000;

/** What one round measures, in the order of the table. */
interface Round {
  readonly nodeMs: number;
  readonly versionMs: number;
  readonly listensMs: number;
  /** From the start of the slowest server, without a hub, until it has listed its tools. */
  readonly aloneMs: number;
  readonly readyMs: number;
  /** The same when the hub knows from before what they offer: it lets clients ask for that first, and starts servers a moment later. */
  readonly againMs: number;
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
    const measured = await measureOnce(processes, `hub-${round}`);
    if (round > 0) all.push(measured);
  }
  console.log(`${machineLine()}; medians of ${rounds} rounds\n`);
  console.log(report(all));
});

async function measureOnce(processes: Processes, name: string): Promise<Round> {
  const nodeMs = timeOf(['-e', '0']);
  const versionMs = timeOf([HUB, '--version']);
  const aloneMs = await startAlone(processes);
  const server = (...args: string[]) => ({ command: process.execPath, args: [processes.script('upstream-stdio'), ...args] });
  const fast = Array.from({ length: SERVERS - 1 }, (_, at) => [`server-${at + 1}`, server()]);
  const servers = { slowest: server(String(SLOWEST_MS)), ...Object.fromEntries(fast) };
  const { listensMs, readyMs } = await startOnce(processes, name, servers);
  const again = await startOnce(processes, name, servers);
  return { nodeMs, versionMs, listensMs, aloneMs, readyMs, againMs: again.readyMs, idleMb: again.idleMb };
}

/** @param name of the hub's folder, in which it may have been before */
async function startOnce(processes: Processes, name: string, servers: Readonly<Record<string, object>>) {
  const port = await freePort();
  const hub = startHub(processes, { name, servers, port });
  const knocking = await untilOpen(port, hub.child);
  const listensMs = performance.now() - hub.spawnedMs;
  knocking.destroy();
  const readyMs = (await hub.ready).atMs - hub.spawnedMs;
  await delay(IDLE_MS);
  const idleMb = residentMb(hub.child.pid);
  await processes.end(hub.child);
  return { listensMs, readyMs, idleMb };
}

/** From spawn until the slowest server has answered what every client asks first, in milliseconds. */
async function startAlone(processes: Processes): Promise<number> {
  const startMs = performance.now();
  const crowd = await openClients({
    target: { kind: 'stdio', script: processes.script('upstream-stdio'), args: [String(SLOWEST_MS)] },
    payload: { kind: 'list', tools: 2 },
    clients: 1,
  });
  const tookMs = performance.now() - startMs;
  await crowd.close();
  return tookMs;
}

/** From spawn to exit of a Node command, in milliseconds. */
function timeOf(args: readonly string[]): number {
  const startMs = performance.now();
  execFileSync(process.execPath, args, { stdio: 'ignore', timeout: COMMAND_MS });
  return performance.now() - startMs;
}

function report(rounds: readonly Round[]): string {
  const row = (title: string, unit: string, target: string, value: (round: Round) => number, decimals = 0): string[] => {
    const values = rounds.map(value);
    const range = `${shown(Math.min(...values), decimals)}–${shown(Math.max(...values), decimals)}`;
    return [title, shown(median(values), decimals), range, unit, target];
  };
  return table(
    ['what', 'median', 'min–max', 'unit', 'target'],
    [
      row('node -e 0', 'ms', '', ({ nodeMs }) => nodeMs),
      row('mcp-hub --version', 'ms', '', ({ versionMs }) => versionMs),
      row('  relative to node -e 0', '×', '< 1.5', ({ nodeMs, versionMs }) => versionMs / nodeMs, 2),
      row('the port listens', 'ms', '< 250', ({ listensMs }) => listensMs),
      row('the slowest server alone is ready', 'ms', '', ({ aloneMs }) => aloneMs),
      row(`${SERVERS} servers with it are ready`, 'ms', '', ({ readyMs }) => readyMs),
      row('  more than the slowest alone', 'ms', '≤ 200', ({ aloneMs, readyMs }) => readyMs - aloneMs),
      row('  after a restart, more than that', 'ms', '', ({ aloneMs, againMs }) => againMs - aloneMs),
      row('resident memory, idle', 'MB', '< 80', ({ idleMb }) => idleMb),
    ],
  );
}
