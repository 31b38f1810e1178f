import { passes, type ScenarioResult } from './outcome.ts';
import { type Lane, type Loss, losses, type Row, type Table } from './table.ts';

/** What the page tells beside the tables. */
export interface Facts {
  /** The version of the suite. */
  readonly suite: string;
  /** The major version of Node. */
  readonly node: string;
}

/** The page docs/conformance.md. */
export function page(tables: readonly Table[], facts: Facts): string {
  const of = (side: Lane['side']): string =>
    tables
      .filter((table) => table.side === side)
      .map(section)
      .join('\n');
  return `# Conformance

The official suite, \`@modelcontextprotocol/conformance\` ${facts.suite}, on both sides of the hub: every scenario of the requirement sets
2025-11-25 and 2026-07-28, directly and on every road through the hub. This page is written by

\`\`\`sh
npm run conformance    # ten minutes on two cores
\`\`\`

which ends with an error when a scenario does worse on a road than directly and \`test/conformance/gaps.ts\` has no reason for it. The
end-to-end tests run the roads that differ most in the same way. The suite asks for Node 22; \`test/conformance/node20-shims.mjs\` lends
it what Node 20 lacks. Last run on Node ${facts.node}.

How to read a cell: ✓ passes with as many checks as directly, ✓ (5) passes with another number of checks, ✗ 1/3 passes one check of three,
– had nothing to check. Through the hub a cell holds two marks: the first for \`/mcp/<server>\`, the second for \`/mcp\`.

## In a nutshell

${nutshell(tables)}

"Others" are scenarios that the suite runs and does not score: those of extensions, and those that are pending or were added later.${idle(tables)}

${lossSections(tables)}
## As a server

The suite is the client (subcommand \`server\`). Behind the hub stands a fixture, over stdio and over Streamable HTTP, that speaks both
eras, only the older revisions (legacy), or only 2026-07-28 (modern); the suite speaks the revision of the set, so that the hub has to
translate wherever the two differ. Every road has a hub and a fixture of its own. "Direct" is the same fixture, of both eras, without
a hub, in the suite's own era. At \`/mcp\`, where names have the server's prefix, a small proxy takes it off for the suite; and for servers
of older revisions, whose questions have no keys, it gives one of them the key that a scenario looks for
(\`test/conformance/naming-proxy.ts\`).

${of('server')}
## As a client

The suite is the server (subcommand \`client\`), of the revision of the set, and the hub's only upstream. In front of the hub a client made
with the official SDK, of the older revisions (legacy) or of 2026-07-28 (modern), does what the scenario asks for. "Direct" is the same
client without a hub, in the suite's own era. The hub asks the suite's server for its lists for itself, whatever its client declares or
asks for; so it may send more methods than a client alone, or declare less.

${of('client')}
### Logins

Scenarios that begin with \`auth/\` have an authorization server of the suite's beside its server. The hub's entry for the server is what a
person would write: its URL, a client metadata document, and where the suite has registered an app its id, secret or key. Whenever the hub tells of
a login page (\`authorizationUrl\` in \`GET /api/servers/…\`), a user goes there, and the browser ends up at the hub's callback; then the client asks again.
"Direct" is the SDK's own client, which logs in itself. A check that the suite makes at every request counts once here, since a hub makes
other requests than a client.

Not supported: DPoP (the SDK's client could, with a proof for every request), tokens of an identity provider of a company (enterprise-managed authorization) and
workload identity (\`wif-jwt-bearer\`). They are extensions.
`;
}

function nutshell(tables: readonly Table[]): string {
  const lines = tables.map((table) => {
    const scored = table.rows.filter(({ notScored }) => notScored === undefined);
    const others = table.rows.filter(({ notScored }) => notScored !== undefined);
    const side = table.side === 'server' ? 'As a server' : 'As a client';
    return `| ${side} | ${table.revision} | ${sums(scored, table)} | ${sums(others, table)} |`;
  });
  const head = '| | set | scored, direct | scored, through the hub | others, direct | others, through the hub |\n|---|---|---|---|---|---|';
  return `${head}\n${lines.join('\n')}`;
}

/** Says which scenarios have nothing to check, even without a hub. */
function idle(tables: readonly Table[]): string {
  const rows = tables.flatMap((table) => table.rows).filter(({ direct }) => direct.passed + direct.failed === 0);
  return rows.length === 0 ? '' : `\nThe suite has nothing to check in ${rows.map(({ name }) => name).join(', ')}, with or without a hub.`;
}

/** Two cells: how many of the rows pass directly, and on how many roads as many do. */
function sums(rows: readonly Row[], { lanes }: Table): string {
  if (rows.length === 0) return '– | –';
  const direct = rows.filter((row) => passes(row.direct)).length;
  const counts = lanes.map((_lane, at) => rows.filter(({ through }) => passes(through[at])).length);
  const less = counts.filter((count) => count < direct);
  const whole = `${direct} of ${rows.length}`;
  if (less.length === 0) return `${whole} | the same on all ${lanes.length} roads`;
  return `${whole} | the same on ${lanes.length - less.length} of ${lanes.length} roads, ${Math.min(...less)} or more on the others`;
}

function lossSections(tables: readonly Table[]): string {
  const all = tables.flatMap((table) => losses(table).map((loss) => ({ loss, table })));
  const lost = all.filter(({ loss }) => loss.kind === 'lost');
  const thinner = all.filter(({ loss }) => loss.kind === 'thinner');
  const nothing = 'Nothing that passes directly is lost in the hub.\n';
  return `${lost.length > 0 ? lossSection('Passes directly, and not on every road', lost) : nothing}${thinner.length > 0 ? `\n${lossSection('Passes, with fewer checks on some roads', thinner)}` : ''}`;
}

type Losses = readonly { readonly loss: Loss; readonly table: Table }[];

function lossSection(title: string, all: Losses): string {
  const parts = grouped(
    all,
    ({ loss }) => loss.reason ?? `Not known yet. The suite says: ${loss.complaints.join('; ') || 'nothing was checked'}`,
  );
  return `### ${title}\n\n${parts.map(([reason, ofIt]) => `- ${reason}\n${places(ofIt)}`).join('\n')}\n`;
}

/** One line for all scenarios that are lost in the same places. */
function places(all: Losses): string {
  const perScenario = grouped(all, ({ loss, table }) => `${table.side} ${loss.revision} ${loss.scenario}`).map(([, ofOne]) => ofOne);
  const perPlace = grouped(perScenario, whereOf);
  return perPlace.map(([where, ofIt]) => `  - ${where}: ${ofIt.map((ofOne) => ofOne[0]?.loss.scenario ?? '').join(', ')}`).join('\n');
}

/** On which roads one scenario is lost. */
function whereOf(ofOne: Losses): string {
  const [first] = ofOne;
  if (!first) return '';
  const { side, revision, lanes } = first.table;
  const groups = grouped(ofOne, ({ loss }) => loss.lane.group).map(([group, ofGroup]) => {
    const isWhole = ofGroup.length === lanes.filter((lane) => lane.group === group).length;
    return isWhole ? group : `${group} at ${ofGroup.map(({ loss }) => `\`${loss.lane.endpoint}\``).join(' and ')}`;
  });
  return `as a ${side}, ${revision}, ${ofOne.length === lanes.length ? 'every road' : groups.join('; ')}`;
}

/** The items by a key, both in the order in which they come. */
function grouped<T>(items: readonly T[], key: (item: T) => string): readonly (readonly [string, readonly T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups];
}

function section(table: Table): string {
  const groups = [...new Set(table.lanes.map(({ group }) => group))];
  const kinds = [
    ['scored', table.rows.filter(({ notScored }) => notScored === undefined)],
    ['not scored', table.rows.filter(({ notScored }) => notScored !== undefined && notScored !== 'extension')],
    ['extensions', table.rows.filter(({ notScored }) => notScored === 'extension')],
  ] as const;
  const lines = kinds
    .filter(([, rows]) => rows.length > 0)
    .flatMap(([title, rows]) => [totals(title, rows, table), ...rows.map((row) => line(row, table))]);
  return `### ${table.revision}

| scenario | direct | ${groups.join(' | ')} |
|---|---|${groups.map(() => '---|').join('')}
${lines.join('\n')}
`;
}

/** The cells of one line: for each group of lanes what `mark` makes of them. */
function cells({ lanes }: Table, mark: (at: number) => string): string {
  const groups = new Map<string, string[]>();
  for (const [at, { group }] of lanes.entries()) groups.set(group, [...(groups.get(group) ?? []), mark(at)]);
  return [...groups.values()].map((marks) => marks.join(' ')).join(' | ');
}

function totals(title: string, rows: readonly Row[], table: Table): string {
  const count = (pick: (row: Row) => ScenarioResult | undefined): string =>
    `**${rows.filter((row) => passes(pick(row))).length}/${rows.length}**`;
  return `| **${title}** | ${count(({ direct }) => direct)} | ${cells(table, (at) => count(({ through }) => through[at]))} |`;
}

function line({ name, notScored, direct, through }: Row, table: Table): string {
  const label = notScored === undefined || notScored === 'extension' ? name : `${name} (${notScored})`;
  return `| ${label} | ${directMark(direct)} | ${cells(table, (at) => mark(through[at], direct))} |`;
}

function directMark(result: ScenarioResult): string {
  const count = `${result.passed}/${result.passed + result.failed}`;
  return result.passed + result.failed === 0 ? '–' : `${passes(result) ? '✓' : '✗'} ${count}`;
}

function mark(result: ScenarioResult | undefined, direct: ScenarioResult): string {
  if (!result) return 'did not run';
  if (result.failed > 0) return `✗ ${result.passed}/${result.passed + result.failed}`;
  if (result.passed === 0) return '–';
  return result.passed === direct.passed ? '✓' : `✓ (${result.passed})`;
}
