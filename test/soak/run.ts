/** `npm run soak -- --minutes N`: mixed traffic and random faults against the built hub (docs/reliability.md). Linux. */
import { setTimeout as delay } from 'node:timers/promises';
import { makeFaults } from './faults.ts';
import { growthOf } from './growth.ts';
import { randomFrom, readOptions, type SoakOptions } from './options.ts';
import { type Sample, slopePerHour, takeSample } from './samples.ts';
import { newTally, runClients, type Tally } from './traffic.ts';
import { World } from './world.ts';

/** So much of the run is not looked at for growth, because caches fill and code is compiled: its first six minutes (events are kept for five), … */
const WARM_UP_MINUTES = 6;
/** … but of a short run not more than this part. */
const MAX_WARM_UP = 0.6;
const SAMPLES = 60;
/** Heap growth that counts as flat, in MiB: of the whole run, measured after a garbage collection. */
const FLAT_MIB = 4;
/** Until sessions that were left have expired, in milliseconds. */
const SETTLE_MS = 16_000;

const options = readOptions(process.argv.slice(2));
const world = await World.start();
const tally = newTally();
let exitCode: number | null = null;
try {
  const problems = await soak(options, world, tally);
  exitCode = await world.close();
  if (exitCode !== 0) problems.push(`the hub ended with exit code ${exitCode}`);
  console.log(problems.length === 0 ? '\nverdict: good' : `\nverdict: bad\n- ${problems.join('\n- ')}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  if (exitCode === null) await world.close();
}

async function soak({ minutes, clients, seed }: SoakOptions, world: World, tally: Tally): Promise<string[]> {
  const random = randomFrom(seed);
  const before = await takeSample(world, performance.now());
  const stop = new AbortController();
  const sinceMs = performance.now();
  const running = Array.from({ length: clients }, (_, index) =>
    runClients({
      url: world.url,
      era: index % 2 === 0 ? 'legacy' : 'modern',
      name: `client ${index}`,
      random: randomFrom(seed * 1_000 + index),
      tally,
      signal: stop.signal,
    }),
  );
  const faults = makeFaults(world, random, tally, stop.signal);
  const samples: Sample[] = [];
  for (let n = 0; n < SAMPLES; n += 1) {
    await delay((minutes * 60_000) / SAMPLES);
    samples.push(await takeSample(world, sinceMs));
    process.stderr.write(
      `\r${samples.at(-1)?.atMinutes.toFixed(1)} min, ${tally.right} right, ${tally.wrong.length} wrong, ${tally.lost} lost `,
    );
  }
  process.stderr.write('\n');
  stop.abort();
  await Promise.all(running);
  const counts = await faults;
  await delay(SETTLE_MS);
  const after = await takeSample(world, sinceMs);
  tell(tally, counts);
  return judge(before, samples, after, tally);
}

function tell({ right, failed, wrong, lost, left, sessions }: Tally, faults: ReadonlyMap<string, number>): void {
  const list = (counts: ReadonlyMap<string, number>): string => [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
  console.log(`faults: ${list(faults)}`);
  console.log(`clients: ${sessions}; calls left by their client: ${left}`);
  console.log(`answers: ${right} right, ${wrong.length} wrong, ${lost} lost; failed with a reason: ${list(failed)}`);
  for (const text of wrong.slice(0, 10)) console.log(`  wrong: ${text}`);
}

function afterWarmUp(samples: readonly Sample[]): readonly Sample[] {
  const minutes = samples.at(-1)?.atMinutes ?? 0;
  return samples.filter(({ atMinutes }) => atMinutes >= Math.min(WARM_UP_MINUTES, minutes * MAX_WARM_UP));
}

function judge(before: Sample, samples: readonly Sample[], after: Sample, { wrong, lost }: Tally): string[] {
  const looked = afterWarmUp(samples);
  const heap = slopePerHour(looked, ({ heapMib }) => heapMib);
  const rss = slopePerHour(looked, ({ rssMib }) => rssMib);
  const spanHours = ((looked.at(-1)?.atMinutes ?? 0) - (looked[0]?.atMinutes ?? 0)) / 60;
  const shown = ({ rssMib, heapMib, handles, files, sockets, children }: Sample): string =>
    `RSS ${rssMib.toFixed(0)} MiB, heap ${heapMib.toFixed(1)} MiB, handles ${handles}, files ${files} (sockets ${sockets}), children ${children}`;
  console.log(`before: ${shown(before)}\nafter:  ${shown(after)}`);
  const tenths = samples.filter((_, index) => index % 6 === 5).map(({ heapMib }) => heapMib.toFixed(1));
  const rssTenths = samples.filter((_, index) => index % 6 === 5).map(({ rssMib }) => rssMib.toFixed(0));
  console.log(
    `heap after each tenth of the run, in MiB: ${tenths.join(' ')}\nRSS after each tenth of the run, in MiB: ${rssTenths.join(' ')}`,
  );
  console.log(
    `slope after warm-up: heap ${heap.toFixed(1)} MiB/h (${(heap * spanHours).toFixed(2)} MiB in the time), RSS ${rss.toFixed(1)} MiB/h`,
  );
  const growth = growthOf(samples.map(({ rssMib }) => rssMib));
  console.log(
    `RSS, median of the second fifth: ${growth.early.toFixed(1)} MiB, of the last: ${growth.late.toFixed(1)} MiB (at most ${growth.limit.toFixed(1)})`,
  );
  const problems: string[] = [];
  if (!growth.isFlat) problems.push(`resident memory grows: from ${growth.early.toFixed(1)} to ${growth.late.toFixed(1)} MiB`);
  if (wrong.length > 0) problems.push(`${wrong.length} wrong answers`);
  if (lost > 0) problems.push(`${lost} lost answers`);
  if (heap * spanHours > FLAT_MIB) problems.push(`the heap grows: ${(heap * spanHours).toFixed(1)} MiB in the time`);
  // One more server than at first, with three pipes, may run: edits of the config bring it and take it away.
  if (after.files > before.files + 8) problems.push(`${after.files - before.files} more open files than at first`);
  if (after.children > before.children + 1) problems.push(`${after.children - before.children} more processes than at first`);
  if (after.warnings.length > 0) problems.push(`warnings of Node: ${after.warnings.join('; ')}`);
  return problems;
}
