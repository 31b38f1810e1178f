import { connectHub } from '../api-client.ts';
import type { CommandSpec } from '../command.ts';
import { actOnServer, restartHub } from '../server-action.ts';

export const command: CommandSpec = {
  configure: (line) =>
    line
      .description('Restarts a server; without a name, the hub reads its config files again and restarts what changed.')
      .argument('[server]', 'the name of the server'),
  examples: ['mcp-hub restart github', 'mcp-hub restart'],
  async run([server], options, io) {
    if (server !== undefined) return actOnServer('/api/servers/restart', server, options, io);
    await restartHub(await connectHub(options, io), io);
  },
};
