import type { CommandSpec } from '../command.ts';
import { openConfig } from '../config-edits.ts';
import { tellEdit } from '../edit-outcome.ts';
import { allServers, serverNamed } from '../servers.ts';

export const command: CommandSpec = {
  configure: (line) =>
    line
      .description('Takes a server out of its config file. The hub of that config stops it; where none runs, the file alone is changed.')
      .argument('<server>', 'the name of the server')
      .option('--dry-run', 'show the change, but write nothing'),
  examples: ['mcp-hub remove github', 'mcp-hub remove github --dry-run'],
  async run([server = ''], options, io) {
    const config = await openConfig(options, io);
    if (config.hub) serverNamed(await allServers(config.hub), server);
    const dryRun = options['dryRun'] === true;
    tellEdit(`Server "${server}" is out of`, await config.remove(server, { dryRun }), config, dryRun, io);
  },
};
