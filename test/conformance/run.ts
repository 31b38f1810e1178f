/**
 * `npm run conformance`: runs the official suite on both sides of the hub, directly and on every road through it, and writes
 * docs/conformance.md. Takes about four minutes on two cores. Exits with 1 when a scenario that passes directly is lost.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLIENT_ROADS, messageScenarios, runClients } from './client/drive.ts';
import { PATIENT } from './fixture/patient.ts';
import { GAPS } from './gaps.ts';
import { page } from './report.ts';
import { clientScenarios, REVISIONS, type Revision, runSuite, suiteVersion } from './suite.ts';
import { clientTable, losses, serverTable, type Table } from './table.ts';
import { type Road, startTargets } from './targets.ts';

process.env[PATIENT] = 'yes';
const tables = [...(await serverTables()), ...(await clientTables())];
const all = tables.flatMap(losses);
await writeFile(join(import.meta.dirname, '../../docs/conformance.md'), page(tables, await facts()));

for (const { kind, revision, scenario, lane, reason, complaints } of all.filter(
  (loss) => loss.kind === 'lost' || loss.reason === undefined,
)) {
  console.log(`${kind}: ${lane.side} ${revision} ${scenario} (${lane.group}, ${lane.endpoint}): ${reason ?? complaints.join('; ')}`);
}
for (const gap of GAPS.filter(({ kind, reason }) => !all.some((loss) => loss.kind === kind && loss.reason === reason))) {
  console.log(`no longer a gap (${gap.kind}): ${gap.reason}`);
}
const lost = all.filter(({ kind }) => kind === 'lost');
console.log(`lost in the hub: ${lost.length}`);
if (lost.length > 0) process.exitCode = 1;

async function serverTables(): Promise<readonly Table[]> {
  const targets = await startTargets();
  try {
    const made: Table[] = [];
    for (const revision of REVISIONS) {
      console.log(`server side, ${revision}`);
      const direct = await runSuite(targets.direct, revision);
      // Side by side, because some scenarios do nothing but wait; never two in one hub, where they would see each other.
      const chains = (['stdio', 'http'] as const).map((transport) =>
        runRoads(
          targets.roads.filter((road) => road.transport === transport),
          revision,
        ),
      );
      made.push(serverTable(revision, direct, (await Promise.all(chains)).flat()));
    }
    return made;
  } finally {
    await targets.close();
  }
}

async function runRoads(roads: readonly Road[], revision: Revision): Promise<Parameters<typeof serverTable>[2]> {
  const done: Parameters<typeof serverTable>[2][number][] = [];
  for (const road of roads) done.push({ road, results: await runSuite(road.url, revision) });
  return done;
}

async function clientTables(): Promise<readonly Table[]> {
  console.log('client side');
  const runs = await runClients(await messageScenarios());
  return REVISIONS.map((revision) => clientTable(revision, runs, CLIENT_ROADS));
}

async function facts(): Promise<Parameters<typeof page>[1]> {
  const all = (await Promise.all(REVISIONS.map(clientScenarios))).flat();
  const authorization = [...new Set(all.map(({ name }) => name).filter((name) => name.startsWith('auth/')))];
  return { suite: await suiteVersion(), node: process.versions.node.split('.')[0] ?? '', authorization };
}
