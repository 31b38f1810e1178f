import { HubError, isHubError } from '../../base/index.ts';
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
    const call = { server, method: 'resources/read', params: { uri }, who: uri, ...callOptions(options) };
    const result = await converse(hub.mcp, call, io).catch((error: unknown) => {
      throw inWordsOfCommands(error, uri);
    });
    if (io.isJson) return io.printJson(result);
    await showPieces(listOf(result, 'contents').map(resourcePiece), uri.replace(/^[^:]*:\/*/, ''), options['output'], io);
  },
};

/** What the hub itself says of a resource that nobody has is meant for clients; what a server says stays as it is. */
function inWordsOfCommands(error: unknown, uri: string): unknown {
  if (!isHubError(error, 'RESOURCE_NOT_FOUND') || error.details['rpc'] !== undefined) return error;
  const message = `There is no resource "${uri}". "mcp-hub servers <name>" lists those of a server.`;
  return new HubError('RESOURCE_NOT_FOUND', message, { details: error.details, cause: error });
}
