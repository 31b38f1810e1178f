import { connectHub } from '../api-client.ts';
import type { CommandSpec } from '../command.ts';
import { reloadConfig } from '../server-action.ts';

export const command: CommandSpec = {
  configure: (line) =>
    line.description('Reads the config files again; only servers whose entry changed restart, and those that are down are tried again.'),
  examples: ['mcp-hub reload'],
  run: async (_args, options, io) => reloadConfig(await connectHub(options, io), io),
};
