/**
 * `npm run bench:start -- --first-list`: a hub that knows its servers is started again with the same config; how long from the
 * moment its port accepts a connection until a client has the complete list of tools.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Era, firstList } from './first-request.ts';
import { freePort } from './free-port.ts';
import { startHub } from './hub-process.ts';
import type { Processes } from './processes.ts';
import { median, percentile } from './statistics.ts';
import { shown, table } from './table.ts';

const SERVERS = 20;
const TOOLS_EACH = 50;
const TOOLS = SERVERS * TOOLS_EACH;
/** Until what the hub does after its start is over, in milliseconds. */
const CALM_MS = 300;
/** Until a hub has kept what its next start is quicker with, in milliseconds. */
const LEARNING_MS = 7_000;

type Target = Era | 'bare';

interface Sample {
  readonly target: Target;
  readonly opensMs: number;
  readonly listMs: number;
  /** How much of that its main thread has run; NaN where the system does not tell. */
  readonly cpuMs: number;
}

/** The report of so many starts for each era, and as many of a bare server that has the same list in a file. */
export async function firstListReport(processes: Processes, rounds: number): Promise<string> {
  const path = join(import.meta.dirname, '../test/fixtures/servers/many-tools.mjs');
  const server = { command: process.execPath, args: [path, String(TOOLS_EACH)] };
  const servers = Object.fromEntries(Array.from({ length: SERVERS }, (_, at) => [`server-${at + 1}`, server]));
  const learning = startHub(processes, { servers });
  const { port } = await learning.ready;
  await firstList(port, learning.child, 'legacy');
  await firstList(port, learning.child, 'modern');
  await delay(LEARNING_MS);
  await processes.end(learning.child);
  const file = join(processes.folder, 'list.json');
  const samples: Sample[] = [];
  // The first round fills the caches of the operating system, and is not counted; it also tells the bare server its list.
  for (let round = 0; round <= rounds; round += 1) {
    for (const era of ['legacy', 'modern'] as const) {
      const { sample, body } = await startOfHub(processes, servers, era);
      if (round > 0) samples.push(sample);
      else writeFileSync(file, body);
    }
    const sample = await startOfBare(processes, file);
    if (round > 0) samples.push(sample);
  }
  return report(samples);
}

async function startOfHub(
  processes: Processes,
  servers: Readonly<Record<string, object>>,
  era: Era,
): Promise<{ sample: Sample; body: string }> {
  const port = await freePort();
  const { child, spawnedMs } = startHub(processes, { servers, port });
  const { openMs, tookMs, cpuMs, body } = await firstList(port, child, era);
  const tools = countTools(body);
  if (tools !== TOOLS) throw new Error(`The first list has ${tools} of ${TOOLS} tools.`);
  await delay(CALM_MS);
  await processes.end(child);
  return { sample: { target: era, opensMs: openMs - spawnedMs, listMs: tookMs, cpuMs }, body };
}

async function startOfBare(processes: Processes, file: string): Promise<Sample> {
  const port = await freePort();
  const spawnedMs = performance.now();
  const child = processes.spawn(processes.script('bare-list'), [String(port), file], {}, true);
  const { openMs, tookMs, cpuMs } = await firstList(port, child, 'modern');
  await processes.end(child);
  return { target: 'bare', opensMs: openMs - spawnedMs, listMs: tookMs, cpuMs };
}

function countTools(body: string): number {
  const { result }: { result?: { tools?: unknown } } = JSON.parse(body);
  return Array.isArray(result?.tools) ? result.tools.length : 0;
}

function report(samples: readonly Sample[]): string {
  const row = (title: string, target: Target, value: (sample: Sample) => number): string[] => {
    const values = samples.filter((sample) => sample.target === target).map(value);
    const cells = [median(values), percentile(values, 0.95), Math.min(...values), Math.max(...values)];
    return [title, ...cells.map((cell) => shown(cell, 1))];
  };
  const list = ({ listMs }: Sample): number => listMs;
  const cpu = ({ cpuMs }: Sample): number => cpuMs;
  const opens = ({ opensMs }: Sample): number => opensMs;
  return table(
    [`${SERVERS} servers, ${TOOLS} tools; ms`, 'median', 'p95', 'min', 'max'],
    [
      row('port open → list, modern client', 'modern', list),
      row('port open → list, legacy client', 'legacy', list),
      row('port open → list, bare node:http', 'bare', list),
      row('  of it on the CPU, modern client', 'modern', cpu),
      row('  of it on the CPU, legacy client', 'legacy', cpu),
      row('  of it on the CPU, bare node:http', 'bare', cpu),
      row('spawn → port open, hub', 'modern', opens),
      row('spawn → port open, bare node:http', 'bare', opens),
      row('spawn → list, modern client', 'modern', ({ opensMs, listMs }) => opensMs + listMs),
      row('spawn → list, legacy client', 'legacy', ({ opensMs, listMs }) => opensMs + listMs),
    ],
  );
}
