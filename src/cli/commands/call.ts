import { connectHub } from '../api-client.ts';
import { argumentSources } from '../argument-sources.ts';
import { addCallOptions, timeouts } from '../call-options.ts';
import type { CommandSpec } from '../command.ts';
import { pieceOf, shown, showPieces } from '../content.ts';
import { TOOL_ERROR } from '../exit-codes.ts';
import { listOf, memberOf } from '../json.ts';
import { findOffered, offeredBy } from '../offered.ts';
import { allServers } from '../servers.ts';
import { printable } from '../style.ts';
import { toolArguments } from '../tool-arguments.ts';

export const command: CommandSpec = {
  configure: (line) =>
    addCallOptions(
      line
        .description(
          'Calls a tool and prints what it answers. Arguments are key=value (typed by the tool’s schema), key:=json, key=@file, ' +
            'or one JSON object: as it stands, @file, or - for standard input. Ends with 4 when the tool answers that it failed.',
        )
        .argument('<tool>', 'the name of the tool: server__tool, or server/tool')
        .argument('[arguments...]', 'key=value pairs, or one JSON object'),
    ),
  examples: [
    'mcp-hub call github__search_issues query=hub limit=5',
    `mcp-hub call github/search_issues '{"query": "hub"}'`,
    'mcp-hub call files__write path=notes.md content=@notes.md',
    'echo \'{"query": "hub"}\' | mcp-hub call github/search_issues - --json',
  ],
  async run([name = '', ...words], options, io) {
    const client = await connectHub(options, io);
    const tool = findOffered(offeredBy(await allServers(client), 'tools'), name, 'tools');
    const { request_options, timeoutMs } = timeouts(options);
    const body = {
      server_name: tool.server,
      tool: tool.original,
      arguments: await toolArguments(words, memberOf(tool.object, 'inputSchema'), argumentSources(io)),
      request_options,
    };
    const result = memberOf(await client.post('/api/servers/tools', body, timeoutMs), 'result');
    const isError = memberOf(result, 'isError') === true;
    if (isError) io.endWith(TOOL_ERROR);
    if (io.isJson) return io.printJson(result);
    const pieces = listOf(result, 'content').map(pieceOf);
    if (isError) {
      io.tell(`error: ${pieces.map((piece) => ('text' in piece ? printable(piece.text) : piece.what)).join('\n')}`);
      return;
    }
    const structured = memberOf(result, 'structuredContent');
    if (pieces.length === 0 && structured !== undefined) io.print(shown(JSON.stringify(structured, null, 2), io));
    await showPieces(pieces, tool.original, options['output'], io);
  },
};
