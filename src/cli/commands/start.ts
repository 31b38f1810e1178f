import type { CommandSpec } from '../command.ts';
import { actOnServer } from '../server-action.ts';

export const command: CommandSpec = {
  configure: (line) =>
    line.description('Starts a server and waits for it; one that is disabled is enabled.').argument('<server>', 'the name of the server'),
  examples: ['mcp-hub start github'],
  run: ([server = ''], options, io) => actOnServer('/api/servers/start', server, options, io),
};
