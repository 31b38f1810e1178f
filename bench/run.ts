/** `npm run bench`: calls through the hub, through a bare reverse proxy, and direct, side by side (docs/performance.md). */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Case, selectCases } from './cases.ts';
import { requireBuild, startHub } from './hub-process.ts';
import { withProcesses } from './lifetime.ts';
import { machine } from './machine.ts';
import { interleaved, type Measured, measure, type Target } from './measure.ts';
import { readOptions, type RunOptions } from './options.ts';
import type { Processes } from './processes.ts';
import { render, type Summary, summarize } from './summary.ts';

/** Not counted: the first calls find code that is not compiled yet, most of all the first ones of a kind of upstream. */
const WARM_UP_ROUNDS = 0.4;
const FIRST_WARM_UP_ROUNDS = 4;

await withProcesses(async (processes) => {
  const options = readOptions(process.argv.slice(2));
  const cases = selectCases(options.cases);
  requireBuild();
  const targetsOf = await startTargets(processes, options);
  const load = processes.spawn(processes.script('load'), [], {}, true);
  const summaries: Summary[] = [];
  const warm = new Set<Case['upstream']>();
  for (const one of cases) {
    console.error(`${one.name} …`);
    const targets = targetsOf(one);
    const warmUp = options.seconds * (warm.has(one.upstream) ? WARM_UP_ROUNDS : FIRST_WARM_UP_ROUNDS);
    warm.add(one.upstream);
    for (const target of targets) await measure(load, target, one, warmUp);
    const measured: Measured[] = [];
    for (const target of interleaved(options.rounds, targets)) measured.push(await measure(load, target, one, options.seconds));
    const names = targets.map(({ name }) => name);
    summaries.push(...summarize(one, measured, names));
  }
  console.log(`${machine()}; medians of ${options.rounds} interleaved rounds of ${options.seconds} s\n`);
  console.log(render(summaries));
  console.log('\nratio: calls/s relative to the bare proxy (stdio: to a raw client on the pipes of the same server) in the same round');
  console.log('CPU s/10k: CPU seconds of the process under test per 10,000 calls; direct: of the upstream itself');
});

/** Starts upstream, proxy and hub; gives the targets of a case. */
async function startTargets(processes: Processes, { profile }: RunOptions): Promise<(one: Case) => readonly Target[]> {
  const stdioScript = processes.script('upstream-stdio');
  const upstream = await processes.serve('upstream-http');
  const proxy = await processes.serve('proxy', String(upstream.port));
  const url = (port: number, path: string): string => `http://127.0.0.1:${port}/${path}`;
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const hub = startHub(processes, {
    servers: {
      legacy: { url: url(upstream.port, 'legacy') },
      modern: { url: url(upstream.port, 'modern') },
      stdio: { command: process.execPath, args: [stdioScript] },
    },
    nodeArgs: profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profile)],
  });
  const { port: hubPort } = await hub.ready;

  return ({ upstream: kind }) => {
    const era = kind === 'stdio' ? 'legacy' : kind;
    const throughHub: Target = {
      name: 'hub',
      address: { kind: 'http', era, url: url(hubPort, 'mcp'), prefix: `${kind}__` },
      subject: hub.child,
    };
    if (kind === 'stdio') return [{ name: 'direct', address: { kind: 'stdio', script: stdioScript } }, throughHub];
    const plain = (name: 'direct' | 'proxy', { child, port }: typeof upstream): Target => ({
      name,
      address: { kind: 'http', era, url: url(port, kind), prefix: '' },
      subject: child,
    });
    return [plain('direct', upstream), plain('proxy', proxy), throughHub];
  };
}
