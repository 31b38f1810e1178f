/** `npm run bench:memory`: what idle sessions, clients that were there, and readers of events cost the hub in memory. */
import type { ChildProcess } from 'node:child_process';
import { parseArgs } from 'node:util';
import { requireBuild, startHub } from './hub-process.ts';
import { withProcesses } from './lifetime.ts';
import { machineLine, warnUnlessQuiet } from './machine.ts';
import { type Subject, SUBJECTS } from './memory-subjects.ts';
import { nextMessage } from './messages.ts';
import { within } from './options.ts';
import type { Processes } from './processes.ts';
import { residentMb } from './resident.ts';
import { spread } from './summary.ts';
import { shown, table } from './table.ts';

const COLLECT_MS = 20_000;
const MAX_SESSIONS = 20_000;

interface Memory {
  readonly residentMb: number;
  readonly heapMb: number;
}

await withProcesses(async (processes) => {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, part: { type: 'string', default: '1' } } });
  const rounds = within('--rounds', values.rounds, 1, 100, Number.isInteger);
  const part = within('--part', values.part, 0.001, 1, Number.isFinite);
  requireBuild();
  warnUnlessQuiet();
  const rows: string[][] = [];
  for (const subject of SUBJECTS) {
    const count = Math.ceil(subject.count * part);
    console.error(`${count} ${subject.title} …`);
    const all: Memory[] = [];
    for (let round = 0; round < rounds; round += 1) all.push(await growth(processes, subject, count));
    rows.push(
      row(
        subject,
        count,
        'resident',
        subject.target,
        all.map((one) => one.residentMb),
      ),
    );
    rows.push(
      row(
        subject,
        count,
        'heap',
        '',
        all.map((one) => one.heapMb),
      ),
    );
  }
  console.log(`${machineLine()}; medians of ${rounds} rounds, each with a new hub, after garbage collection\n`);
  console.log(table(['what', 'median', 'min–max', 'unit', 'target'], rows));
});

/** By how much a new hub grows. It has had a tenth of them before, who are gone: what it allocates once is there. */
async function growth(processes: Processes, { hold }: Subject, count: number): Promise<Memory> {
  const server = { command: process.execPath, args: [processes.script('upstream-stdio')] };
  const { child, ready } = startHub(processes, {
    servers: { stdio: server },
    settings: { maxSessions: MAX_SESSIONS },
    nodeArgs: ['--expose-gc', '--import', processes.script('collect')],
    ipc: true,
  });
  const { port } = await ready;
  const endFirst = await hold(port, Math.ceil(count / 10));
  await endFirst();
  const before = await memory(child);
  const end = await hold(port, count);
  const after = await memory(child);
  await end();
  await processes.end(child);
  return { residentMb: after.residentMb - before.residentMb, heapMb: after.heapMb - before.heapMb };
}

async function memory(child: ChildProcess): Promise<Memory> {
  const collected = nextMessage(child, COLLECT_MS, 'the memory');
  child.send('collect');
  const { heapBytes } = await collected;
  return { residentMb: residentMb(child.pid), heapMb: Number(heapBytes) / 1e6 };
}

function row({ title, unit }: Subject, count: number, kind: string, target: string, valuesMb: readonly number[]): string[] {
  const [middle, min, max] = spread(valuesMb.map((value) => (unit === 'MB' ? value : (value * 1_000) / count)));
  return [`${count} ${title}, ${kind}`, shown(middle, 1), `${shown(min, 1)}–${shown(max, 1)}`, unit, target];
}
