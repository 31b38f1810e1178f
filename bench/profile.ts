/** `npm run bench:profile -- <file.cpuprofile> [--us N] [--svg flame.svg]`: where the hub's time goes, by the rooms of the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { flameGraph } from './flame-graph.ts';
import { readProfile } from './profile-tree.ts';
import { sourceRooms } from './source-rooms.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { us: { type: 'string' }, svg: { type: 'string' } },
});
const [file] = positionals;
if (file === undefined) throw new Error('Name a profile: npm run bench -- --case modern-echo-16 --profile <folder> writes one.');
const tree = readProfile(readFileSync(file, 'utf8'), sourceRooms(new URL('../src', import.meta.url)));

/** Microseconds of the processor that one call takes in all, as `npm run bench` says: CPU s/10k times 100. */
const perCall = values.us === undefined ? undefined : Number(values.us);
const rows = [...tree.byStage].toSorted(([, one], [, other]) => other - one);
for (const [stage, share] of rows) {
  const us = perCall === undefined ? '' : `${(share * perCall).toFixed(1).padStart(8)} µs`;
  console.log(`${stage.padEnd(28)}${(share * 100).toFixed(1).padStart(6)} %${us}`);
}
if (values.svg !== undefined) writeFileSync(values.svg, flameGraph(tree.root));
