import { type ApiClient, connectHub } from '../api-client.ts';
import { columns, oneLine } from '../columns.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { memberOf, textOf, textsOf } from '../json.ts';
import { findOffered, type Offered, offeredBy } from '../offered.ts';
import { allServers } from '../servers.ts';
import { printable } from '../style.ts';

export const command: CommandSpec = {
  configure: (line) =>
    line.argument('[tool]', 'show this tool with its input schema').option('--server <name>', 'the tools of this server alone'),
  examples: [
    'mcp-hub tools',
    'mcp-hub tools --server github',
    'mcp-hub tools github__search_issues',
    'mcp-hub tools --json | jq -r ".tools[].name"',
  ],
  async run([name], options, io) {
    const client = await connectHub(options, io);
    const { server } = options;
    const all = offeredBy(await allServers(client), 'tools', typeof server === 'string' ? server : undefined);
    if (name !== undefined) return tellOne(findOffered(all, name, 'tools'), io);
    const tools = await withoutDisabled(client, all);
    if (io.isJson) return io.printJson({ tools: tools.map(asJson) });
    const rows = tools.map(({ exposed, object }) => [
      { text: exposed, paint: io.style.strong },
      oneLine(textOf(object, 'description') || textOf(object, 'title'), 100),
    ]);
    io.print(rows.length > 0 ? columns(rows) : 'No tools are offered. "mcp-hub servers" tells how the servers are.');
  },
};

/** The management API lists what a server has; clients do not see what its entry switches off (`disabled_tools`). */
async function withoutDisabled(client: ApiClient, tools: readonly Offered[]): Promise<readonly Offered[]> {
  const servers = [...new Set(tools.map(({ server }) => server))];
  const disabled = await Promise.all(
    servers.map(async (server) => {
      // Expected: a hub that does not tell, and an entry that somebody has just removed. Nothing is left out then.
      const answer = await client.get(`/api/servers/${encodeURIComponent(server)}/config`).catch(() => undefined);
      return textsOf(memberOf(memberOf(answer, 'config'), 'disabled_tools'));
    }),
  );
  return tools.filter(({ server, original }) => !disabled[servers.indexOf(server)]?.includes(original));
}

/** The tool's own object under the name that clients see, with where it comes from. */
function asJson({ exposed, server, original, object }: Offered): object {
  return { ...object, name: exposed, server, tool: original };
}

function tellOne(tool: Offered, io: CommandIo): void {
  if (io.isJson) return io.printJson(asJson(tool));
  const { exposed, server, original, object } = tool;
  io.print(`${io.style.strong(printable(exposed))}  ${io.style.quiet(`${printable(original)} of server ${printable(server)}`)}`);
  const description = textOf(object, 'description');
  if (description !== '') io.print(`\n${printable(description.trimEnd())}`);
  for (const [title, key] of [
    ['Input', 'inputSchema'],
    ['Output', 'outputSchema'],
  ] as const) {
    const schema = memberOf(object, key);
    if (schema !== undefined) io.print(`\n${io.style.strong(title)}\n${printable(JSON.stringify(schema, null, 2))}`);
  }
}
