import type { CommandSpec } from './command.ts';
import { openConfig } from './config-edits.ts';
import { actThrough } from './server-action.ts';

/** `mcp-hub enable` and `mcp-hub disable`: through the hub that runs, or in the config file where none does. */
export function disabling(disabled: boolean, examples: readonly string[]): CommandSpec {
  const does = disabled ? 'Stops a server and disables it' : 'Enables a server';
  return {
    configure: (line) =>
      line
        .description(`${does} in its config file. Without a hub that runs, the file alone is changed.`)
        .argument('<server>', 'the name of the server'),
    examples,
    async run([server = ''], options, io) {
      const config = await openConfig(options, io);
      if (config.hub) {
        const path = disabled ? '/api/servers/stop?disable=true' : '/api/servers/start';
        return actThrough(config.hub, path, server, io);
      }
      const { file } = await config.change(server, { disabled: disabled ? true : null });
      if (io.isJson) return io.printJson({ server: { name: server, status: disabled ? 'disabled' : 'disconnected' }, file });
      io.print(`${server} is ${disabled ? 'disabled' : 'enabled'} in ${file}. No hub of this config runs.`);
    },
  };
}
