/**
 * `npm run conformance`: runs the official suite on both sides of the hub, directly and on every road through it, and writes
 * docs/conformance.md. Exits with 1 when something is lost on a road for a reason that gaps.ts does not know.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLIENT_ROADS, loginScenarios, messageScenarios, runClients } from './client/drive.ts';
import { PATIENT } from './fixture/patient.ts';
import { GAPS } from './gaps.ts';
import { page } from './report.ts';
import { runRoads } from './run-roads.ts';
import { REVISIONS, runSuite, suiteVersion } from './suite.ts';
import { clientTable, losses, serverTable, type Table } from './table.ts';
import { startTargets } from './targets.ts';

process.env[PATIENT] = 'yes';
const tables = [...(await serverTables()), ...(await clientTables())];
const all = tables.flatMap(losses);
await writeFile(join(import.meta.dirname, '../../docs/conformance.md'), page(tables, await facts()));

const surprises = all.filter(({ reason }) => reason === undefined);
for (const { kind, revision, scenario, lane, complaints } of surprises) {
  console.log(`${kind}: ${lane.side} ${revision} ${scenario} (${lane.group}, ${lane.endpoint}): ${complaints.join('; ')}`);
}
for (const gap of GAPS.filter(({ kind, reason }) => !all.some((loss) => loss.kind === kind && loss.reason === reason))) {
  console.log(`no longer a gap (${gap.kind}): ${gap.reason}`);
}
console.log(`lost or thinner for reasons that are known: ${all.length - surprises.length}, unknown: ${surprises.length}`);
if (surprises.length > 0) process.exitCode = 1;

async function serverTables(): Promise<readonly Table[]> {
  const targets = await startTargets();
  try {
    const made: Table[] = [];
    for (const revision of REVISIONS) {
      console.log(`server side, ${revision}`);
      const direct = await runSuite(targets.direct, revision);
      made.push(serverTable(revision, direct, await runRoads(targets.roads, revision)));
    }
    return made;
  } finally {
    await targets.close();
  }
}

async function clientTables(): Promise<readonly Table[]> {
  console.log('client side');
  const runs = [...(await runClients(await messageScenarios())), ...(await runClients(await loginScenarios()))];
  return REVISIONS.map((revision) => clientTable(revision, runs, CLIENT_ROADS));
}

async function facts(): Promise<Parameters<typeof page>[1]> {
  return { suite: await suiteVersion(), node: process.versions.node.split('.')[0] ?? '' };
}
