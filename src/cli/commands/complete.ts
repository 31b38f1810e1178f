import type { CommandSpec } from '../command.ts';
import { completions } from '../completions.ts';

export const command: CommandSpec = {
  needsNoHub: true,
  configure: (line) => line.argument('[words...]', 'the words after mcp-hub, the last one unfinished'),
  examples: [],
  async run(words, _options, io) {
    const found = await completions(words, io).catch(() => {
      // Expected: no hub runs, or it is slow. A shell wants silence then.
      return [];
    });
    if (found.length > 0) io.print(found.join('\n'));
  },
};
