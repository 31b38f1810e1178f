import type { Revision, ScenarioResult } from './suite.ts';

/** The results of one scenario in the three places where it ran. */
interface Row {
  readonly name: string;
  readonly notScored: string | undefined;
  readonly direct: ScenarioResult | undefined;
  readonly http: ScenarioResult | undefined;
  readonly stdio: ScenarioResult | undefined;
}

export interface Table {
  readonly revision: Revision;
  readonly rows: readonly Row[];
}

/** Puts the results of the three places side by side, in the suite's order. */
export function tableOf(
  revision: Revision,
  results: {
    readonly direct: readonly ScenarioResult[];
    readonly http: readonly ScenarioResult[];
    readonly stdio: readonly ScenarioResult[];
  },
): Table {
  const find = (list: readonly ScenarioResult[], name: string): ScenarioResult | undefined => list.find((result) => result.name === name);
  const rows = results.direct.map(({ name, notScored }) => ({
    name,
    notScored,
    direct: find(results.direct, name),
    http: find(results.http, name),
    stdio: find(results.stdio, name),
  }));
  return { revision, rows };
}

const passes = (result: ScenarioResult | undefined): boolean => result !== undefined && result.failed === 0;

/** Scenarios that pass directly and fail through the hub. */
export function lost({ rows }: Table): readonly string[] {
  return rows.filter(({ direct, http, stdio }) => passes(direct) && !(passes(http) && passes(stdio))).map(({ name }) => name);
}

/** The page docs/conformance.md. */
export function page(tables: readonly Table[], facts: { readonly suite: string; readonly node: string }): string {
  const parts = tables.map(section);
  return `# Conformance

The official suite, \`@modelcontextprotocol/conformance\` ${facts.suite}, subcommand \`server\`: every scenario of a requirement set against a
fixture that speaks both eras, directly and through the hub at \`/mcp/<server>\`, with the fixture as a Streamable HTTP and as a stdio
upstream. This page is written by

\`\`\`sh
npm run conformance
\`\`\`

which ends with an error when a scenario that passes directly fails through the hub.
The suite asks for Node 22; \`test/conformance/node20-shims.mjs\` lends it what Node 20 lacks. Last run on Node ${facts.node}.

${parts.join('\n')}`;
}

function section({ revision, rows }: Table): string {
  const scored = rows.filter((row) => row.notScored === undefined);
  const others = rows.filter((row) => row.notScored !== undefined);
  const total = (list: readonly Row[], where: 'direct' | 'http' | 'stdio'): string =>
    `${list.filter((row) => passes(row[where])).length}/${list.length}`;
  const heading = '| scenario | direct | hub, HTTP upstream | hub, stdio upstream | |\n|---|---|---|---|---|';
  const lines = (list: readonly Row[]): string =>
    list.map((row) => `| ${row.name} | ${cell(row.direct)} | ${cell(row.http)} | ${cell(row.stdio)} | ${row.notScored ?? ''} |`).join('\n');
  return `## ${revision}

${heading}
| **scored** | **${total(scored, 'direct')}** | **${total(scored, 'http')}** | **${total(scored, 'stdio')}** | |
${lines(scored)}
| **not scored** | **${total(others, 'direct')}** | **${total(others, 'http')}** | **${total(others, 'stdio')}** | |
${lines(others)}
`;
}

function cell(result: ScenarioResult | undefined): string {
  if (!result) return 'did not run';
  const checks = `${result.passed}/${result.passed + result.failed}`;
  return result.failed === 0 ? `✓ ${checks}` : `✗ ${checks}`;
}
