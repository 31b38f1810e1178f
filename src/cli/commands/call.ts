import { jsonText } from '../../base/index.ts';
import { argumentSources } from '../argument-sources.ts';
import { addCallOptions, callOptions } from '../call-options.ts';
import type { CommandSpec } from '../command.ts';
import { pieceOf, shown, showPieces } from '../content.ts';
import { TOOL_ERROR } from '../exit-codes.ts';
import { listOf, memberOf } from '../json.ts';
import { linkHub } from '../mcp/connect.ts';
import { converse } from '../mcp/conversation.ts';
import { locate } from '../offered.ts';
import { printable } from '../style.ts';
import { toolArguments } from '../tool-arguments.ts';

export const command: CommandSpec = {
  configure: (line) =>
    addCallOptions(
      line
        .description(
          'Calls a tool and prints what it answers. Arguments are key=value (typed by the tool’s schema), key:=json, key=@file, ' +
            'or one JSON object: as it stands, @file, or - for standard input. Ends with 4 when the tool answers that it failed. ' +
            'What the server asks on the way is asked on the terminal.',
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
    const hub = await linkHub(options, io);
    const { object, ...target } = await locate(hub, 'tools', name);
    const inputSchema = memberOf(object, 'inputSchema');
    const params = { name: target.name, arguments: await toolArguments(words, inputSchema, argumentSources(io)) };
    const { server } = target;
    const call = { server, method: 'tools/call', params, inputSchema, who: name, ...callOptions(options) };
    const result = await converse(hub.mcp, call, io);
    const isError = memberOf(result, 'isError') === true;
    if (isError) io.endWith(TOOL_ERROR);
    if (io.isJson) return io.printJson(result);
    const pieces = listOf(result, 'content').map(pieceOf);
    if (isError) {
      io.tell(`error: ${pieces.map((piece) => ('text' in piece ? printable(piece.text) : piece.what)).join('\n')}`);
      return;
    }
    const structured = memberOf(result, 'structuredContent');
    if (pieces.length === 0 && structured !== undefined) io.print(shown(jsonText(structured, 2), io));
    await showPieces(pieces, target.name, options['output'], io);
  },
};
