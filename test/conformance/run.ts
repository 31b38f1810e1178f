/**
 * `npm run conformance`: runs the official suite directly and through the hub and writes docs/conformance.md. Exits with 1 when
 * a scenario is lost in the hub.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PATIENT } from './fixture/patient.ts';
import { lost, page, type Table, tableOf } from './report.ts';
import { REVISIONS, runSuite, suiteVersion } from './suite.ts';
import { startTargets } from './targets.ts';

process.env[PATIENT] = 'yes';
const targets = await startTargets();
const tables: Table[] = [];
try {
  for (const revision of REVISIONS) {
    const results = {
      direct: await runSuite(targets.direct, revision),
      http: await runSuite(targets.http, revision),
      stdio: await runSuite(targets.stdio, revision),
    };
    tables.push(tableOf(revision, results));
  }
} finally {
  await targets.close();
}
const facts = { suite: await suiteVersion(), node: process.versions.node.split('.')[0] ?? '' };
await writeFile(join(import.meta.dirname, '../../docs/conformance.md'), page(tables, facts));

for (const { revision, rows } of tables) {
  const scored = rows.filter(({ notScored }) => notScored === undefined);
  const failing = lost({ revision, rows });
  console.log(`${revision}: ${scored.length} scored scenarios; lost in the hub: ${failing.join(', ') || 'none'}`);
}
if (tables.some((table) => lost(table).length > 0)) process.exitCode = 1;
