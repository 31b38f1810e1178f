import { jsonText } from '../../base/index.ts';
import { columns, oneLine } from '../columns.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { type JsonObject, memberOf, textOf } from '../json.ts';
import { type HubLink, linkHub } from '../mcp/connect.ts';
import { allOffered, findOffered, type Offered } from '../offered.ts';
import { allServers, serverNamed } from '../servers.ts';
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
    const hub = await linkHub(options, io);
    const server = typeof options['server'] === 'string' ? options['server'] : undefined;
    if (name !== undefined) return tellOne(findOffered(await offeredBy(hub, server), name, 'tools'), io);
    if (io.isJson) return io.printJson({ tools: (await offeredBy(hub, server)).map(asJson) });
    const tools = server === undefined ? await hub.mcp.list('tools') : (await offeredBy(hub, server)).map(({ object }) => object);
    io.print(tools.length > 0 ? table(tools, io) : 'No tools are offered. "mcp-hub servers" tells how the servers are.');
  },
};

/** @throws HubError SERVER_NOT_FOUND, or why the one server has no list */
async function offeredBy(hub: HubLink, server: string | undefined): Promise<readonly Offered[]> {
  if (server === undefined) return allOffered(hub, 'tools');
  serverNamed(await allServers(hub.api), server);
  const [all] = await Promise.all([allOffered(hub, 'tools'), hub.mcp.list('tools', server)]);
  return all.filter((tool) => tool.server === server);
}

function table(tools: readonly JsonObject[], { style }: CommandIo): string {
  return columns(
    tools.map((tool) => [
      { text: textOf(tool, 'name'), paint: style.strong },
      oneLine(textOf(tool, 'description') || textOf(tool, 'title'), 100),
    ]),
  );
}

/** The tool's own object under the name that clients see, with where it comes from. */
function asJson({ exposed, server, original, object }: Offered): object {
  return { ...object, name: exposed, ...(server !== undefined && { server, tool: original }) };
}

function tellOne(tool: Offered, io: CommandIo): void {
  if (io.isJson) return io.printJson(asJson(tool));
  const { exposed, server, original, object } = tool;
  const source = server === undefined || original === undefined ? '' : `  ${io.style.quiet(printable(`${original} of server ${server}`))}`;
  io.print(`${io.style.strong(printable(exposed))}${source}`);
  const description = textOf(object, 'description');
  if (description !== '') io.print(`\n${printable(description.trimEnd())}`);
  for (const [title, key] of [
    ['Input', 'inputSchema'],
    ['Output', 'outputSchema'],
  ] as const) {
    const schema = memberOf(object, key);
    if (schema !== undefined) io.print(`\n${io.style.strong(title)}\n${printable(jsonText(schema, 2))}`);
  }
}
