/** `npm run bench`: calls through the hub, through yardsticks, and through other hubs, side by side (docs/performance.md). */
import { readBaseline, renderWeights, writeBaseline } from './baseline.ts';
import { type Case, selectCases } from './cases.ts';
import { requireBuild } from './hub-process.ts';
import { withProcesses } from './lifetime.ts';
import { describeMachine, machineLine, warnUnlessQuiet } from './machine.ts';
import { measureCase } from './measure-case.ts';
import { readOptions, type RunOptions } from './options.ts';
import { writePlots } from './plots.ts';
import type { Processes } from './processes.ts';
import { type Absent, type Results, writeResults } from './results.ts';
import { render, type Summary } from './summary.ts';
import { Targets } from './targets.ts';
import { weighCalls } from './weigh.ts';

await withProcesses(async (processes) => {
  const options = readOptions(process.argv.slice(2));
  const cases = selectCases(options.cases, options.isQuick);
  requireBuild();
  if (options.recordsBaseline) {
    const weights = await weighCalls(processes);
    console.log(renderWeights(weights, readBaseline()));
    return writeBaseline(weights);
  }
  const results = await run(processes, options, cases);
  const { json, svg, rounds, seconds } = options;
  console.log(`${machineLine(results.machine)}; medians of ${rounds} interleaved rounds of ${seconds} s\n`);
  console.log(render(results.cases));
  console.log('\nratio: calls/s relative to the bare proxy in the same round; stdio: to a raw client on the pipes of the same server;');
  console.log('  list: to a bare server that has the list ready');
  console.log(
    'CPU s/10k: CPU seconds of the process under test per 10,000 calls; direct: of the upstream itself; CPU ratio: relative to the same',
  );
  for (const { name, reason } of results.absent) console.log(`without ${name}: ${reason}`);
  if (json !== undefined) writeResults(json, results);
  if (svg !== undefined) writePlots(svg, results.cases);
});

async function run(processes: Processes, options: RunOptions, cases: readonly Case[]): Promise<Results> {
  const machine = describeMachine();
  warnUnlessQuiet(machine);
  const absent: Absent[] = [];
  const onAbsent = (name: string, reason: string): void => {
    absent.push({ name, reason });
    console.error(`without ${name}: ${reason}`);
  };
  const targets = new Targets(processes, { ...options, onAbsent });
  const load = processes.spawn(processes.script('load'), [], {}, true);
  const summaries: Summary[] = [];
  const warm = new Set<string>();
  for (const one of cases) {
    console.error(`${one.name} …`);
    const kind = `${one.era} ${one.upstream}`;
    const isWarm = warm.has(kind);
    warm.add(kind);
    summaries.push(...(await measureCase(load, one, await targets.of(one), { ...options, isWarm, onAbsent })));
  }
  const { rounds, seconds } = options;
  return { takenAt: new Date().toISOString(), machine, versions: targets.versions, rounds, seconds, absent, cases: summaries };
}
