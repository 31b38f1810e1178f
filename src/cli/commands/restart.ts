import type { CommandSpec } from '../command.ts';
import { actOnServer } from '../server-action.ts';

export const command: CommandSpec = {
  configure: (line) =>
    line
      .description('Restarts a server and waits for it.')
      .argument('<server>', 'the name of the server; "mcp-hub reload" restarts what has changed in the config files'),
  examples: ['mcp-hub restart github'],
  run: ([server = ''], options, io) => actOnServer('/api/servers/restart', server, options, io),
};
