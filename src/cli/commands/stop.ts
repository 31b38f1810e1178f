import type { CommandSpec } from '../command.ts';
import { actOnServer } from '../server-action.ts';

export const command: CommandSpec = {
  configure: (line) =>
    line
      .description('Stops a server until it is started again or the hub is.')
      .argument('<server>', 'the name of the server')
      .option('--disable', 'for good: it is disabled in its config file too'),
  examples: ['mcp-hub stop github', 'mcp-hub stop github --disable'],
  run: ([server = ''], options, io) =>
    actOnServer(options['disable'] === true ? '/api/servers/stop?disable=true' : '/api/servers/stop', server, options, io),
};
