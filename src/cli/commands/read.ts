import { addCallOptions, callOptions } from '../call-options.ts';
import type { CommandSpec } from '../command.ts';
import { resourcePiece, showPieces } from '../content.ts';
import { listOf } from '../json.ts';
import { linkHub } from '../mcp/connect.ts';
import { converse } from '../mcp/conversation.ts';
import { allServers, serverNamed } from '../servers.ts';

export const command: CommandSpec = {
  configure: (line) =>
    addCallOptions(
      line
        .description('Reads a resource and prints its text.')
        .argument('<uri>', 'the address of the resource')
        .option('--server <name>', 'the server that has it (default: the one that lists it, or has a template for it)'),
    ),
  examples: ['mcp-hub read file:///notes.md', 'mcp-hub read github://repo/README.md --server github', 'mcp-hub read img://logo --output .'],
  async run([uri = ''], options, io) {
    const hub = await linkHub(options, io);
    const server = typeof options['server'] === 'string' ? serverNamed(await allServers(hub.api), options['server']).name : undefined;
    const result = await converse(hub.mcp, { server, method: 'resources/read', params: { uri }, who: uri, ...callOptions(options) }, io);
    if (io.isJson) return io.printJson(result);
    await showPieces(listOf(result, 'contents').map(resourcePiece), uri.replace(/^[^:]*:\/*/, ''), options['output'], io);
  },
};
