import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientRoad, loginScenarios, messageScenarios, runClients } from '../conformance/client/drive.ts';
import { PATIENT } from '../conformance/fixture/patient.ts';
import { parseSummary, passes } from '../conformance/outcome.ts';
import { runRoads } from '../conformance/run-roads.ts';
import { type Revision, REVISIONS, runSuite } from '../conformance/suite.ts';
import { clientTable, losses, serverTable, type Table } from '../conformance/table.ts';
import { type Road, startTargets, type Targets } from '../conformance/targets.ts';

/** How many scenarios each requirement set scores: for servers, and for clients about messages and about logins. */
const SCORED = {
  server: { '2025-11-25': 30, '2026-07-28': 37 },
  client: { '2025-11-25': 4, '2026-07-28': 7 },
  logins: { '2025-11-25': 14, '2026-07-28': 25 },
} as const;

/** Of the twelve roads those that differ most; `npm run conformance` runs them all. */
const ROADS: readonly Road[] = [
  { transport: 'stdio', era: 'both', endpoint: '/mcp/<server>' },
  { transport: 'stdio', era: 'both', endpoint: '/mcp' },
  { transport: 'stdio', era: 'legacy', endpoint: '/mcp' },
  { transport: 'http', era: 'modern', endpoint: '/mcp/<server>' },
];

/** Each era once, and each endpoint once. */
const CLIENTS: readonly ClientRoad[] = [
  { era: 'legacy', endpoint: '/mcp/<server>' },
  { era: 'modern', endpoint: '/mcp' },
];

/** What the suite says of every scenario that was lost, or lost checks, and is no known gap. */
function surprises(table: Table): readonly string[] {
  return losses(table)
    .filter(({ reason }) => reason === undefined)
    .map(({ kind, scenario, lane, complaints }) => `${kind}: ${scenario} (${lane.group}, ${lane.endpoint}): ${complaints.join('; ')}`);
}

/** The scored scenarios that pass without a hub. */
const passDirectly = ({ rows }: Table) => rows.filter(({ notScored, direct }) => notScored === undefined && passes(direct));

describe('the official conformance suite, against the hub as a server', () => {
  let targets: Targets;

  beforeAll(async () => {
    process.env[PATIENT] = 'yes';
    targets = await startTargets(ROADS);
  });

  afterAll(() => targets.close());

  it.each(REVISIONS)('loses nothing of %s', async (revision) => {
    const [direct, through] = await Promise.all([runSuite(targets.direct, revision), runRoads(targets.roads, revision)]);
    const table = serverTable(revision, direct, through);
    expect(passDirectly(table)).toHaveLength(SCORED.server[revision]);
    expect(surprises(table)).toEqual([]);
  });
});

const scenarios = await messageScenarios();

describe('the official conformance suite, as a server behind the hub', () => {
  it.each(REVISIONS)('has the client scenarios of %s that are about messages', (revision) => {
    const scored = scenarios.filter((scenario) => scenario.revision === revision && scenario.notScored === undefined);
    expect(scored).toHaveLength(SCORED.client[revision]);
  });

  it.each(scenarios)('loses nothing of $name ($revision)', async (scenario) => {
    const table = clientTable(scenario.revision, await runClients([scenario], CLIENTS), CLIENTS);
    expect(table.rows.filter(({ direct }) => passes(direct))).toHaveLength(1);
    expect(surprises(table)).toEqual([]);
  });
});

const logins = (await loginScenarios()).filter(({ notScored }) => notScored === undefined);
/** A login looks the same on every road; `npm run conformance` takes them all. */
const LOGIN_ROADS: Readonly<Record<Revision, ClientRoad>> = {
  '2025-11-25': { era: 'legacy', endpoint: '/mcp' },
  '2026-07-28': { era: 'modern', endpoint: '/mcp' },
};
/** For all scenarios of one revision, in milliseconds. */
const LOGINS_WITHIN_MS = 600_000;

describe.each(REVISIONS)('the official conformance suite of %s, as a server behind the hub that wants a login', (revision) => {
  const scenarios = logins.filter((scenario) => scenario.revision === revision);
  let table: Table;

  beforeAll(async () => {
    const roads = [LOGIN_ROADS[revision]];
    table = clientTable(revision, await runClients(scenarios, roads), roads);
  }, LOGINS_WITHIN_MS);

  it('has all scored client scenarios that are about logins', () => {
    expect(scenarios).toHaveLength(SCORED.logins[revision]);
  });

  it.each(scenarios)('is passed in $name', ({ name }) => {
    const row = table.rows.find((one) => one.name === name);
    expect(row?.through.map((result) => passes(result) || result)).toEqual([true]);
  });

  it('loses nothing', () => {
    expect(surprises(table)).toEqual([]);
  });
});

describe('parseSummary', () => {
  it('tells scored scenarios from others, and refuses an output without a summary', () => {
    const output = '…\n=== SUMMARY ===\n✓ a: 2 passed, 0 failed\n✗ b: 1 passed, 3 failed\n\nNot scored:\n  ✗ b (extension)\n';
    expect(parseSummary(output, new Map([['b', ['no']]]))).toEqual([
      { name: 'a', passed: 2, failed: 0, notScored: undefined, complaints: [] },
      { name: 'b', passed: 1, failed: 3, notScored: 'extension', complaints: ['no'] },
    ]);
    expect(() => parseSummary('Error: fetch failed')).toThrow('no summary');
  });
});

describe('losses', () => {
  const result = (passed: number, failed: number) => ({ name: 'a', passed, failed, notScored: undefined, complaints: ['no'] });
  const lane = { side: 'server', group: 'stdio', endpoint: '/mcp', era: 'both' } as const;

  it.each([
    ['passes alike', result(2, 0), []],
    ['passes with more checks', result(3, 0), []],
    ['passes with fewer checks', result(1, 0), ['thinner']],
    ['fails', result(1, 1), ['lost']],
    ['has nothing to check', result(0, 0), ['lost']],
    ['did not run', undefined, ['lost']],
  ])('of a scenario that passes directly and %s', (_title, through, kinds) => {
    const rows = [{ name: 'a', notScored: undefined, direct: result(2, 0), through: [through] }];
    const found = losses({ side: 'server', revision: '2025-11-25', lanes: [lane], rows });
    expect(found.map(({ kind, reason }) => [kind, reason])).toEqual(kinds.map((kind) => [kind, undefined]));
  });

  it('are none of a scenario that fails directly', () => {
    const rows = [{ name: 'a', notScored: undefined, direct: result(1, 1), through: [result(0, 2)] }];
    expect(losses({ side: 'server', revision: '2025-11-25', lanes: [lane], rows })).toEqual([]);
  });
});
