/** `npm run fuzz -- --runs N [--suite a,b] [--seed S] [--path P] [--shrink] [--minutes M]`: each suite in turn, with its seed, until a problem. */
import { parseArgs } from 'node:util';
import { runSuite } from './run-suite.ts';
import { suites } from './suites/index.ts';
import { watchdog } from './watchdog.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    suite: { type: 'string' },
    seed: { type: 'string' },
    path: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    minutes: { type: 'string' },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const chosen = values.suite?.split(',');
const unknown = (chosen ?? []).filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) throw new Error(`No such suite: ${unknown.join(', ')}. There are: ${suites.map(({ name }) => name).join(', ')}`);
const running = suites.filter(({ name }) => chosen?.includes(name) ?? true);
/** The time there is, shared out evenly. */
const withinMs = values.minutes === undefined ? undefined : (Number(values.minutes) * 60_000) / running.length;

for (const suite of running) {
  const dog = watchdog();
  const onBatch = (batchSeed: number): void => dog.feed(`${suite.name}, --seed ${batchSeed}`);
  const { ran, tookMs, grownBytes, problems } = await runSuite(suite, {
    runs: Number(values.runs),
    seed,
    path: values.path,
    shrink: values.shrink,
    withinMs,
    onBatch,
  });
  await dog.stop();
  const heap = grownBytes === undefined ? '' : `, heap ${(grownBytes / 1024 / 1024).toFixed(1)} MiB more`;
  const verdict = problems.length === 0 ? 'good' : 'bad';
  console.log(`${suite.name}: ${ran} cases in ${(tookMs / 1_000).toFixed(0)} s, seed ${seed}${heap}: ${verdict}`);
  for (const problem of problems) console.log(`- ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
