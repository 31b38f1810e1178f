import { argumentSources } from '../argument-sources.ts';
import { addCallOptions, callOptions } from '../call-options.ts';
import type { CommandSpec } from '../command.ts';
import { pieceOf, showPieces } from '../content.ts';
import { listOf, memberOf, textOf } from '../json.ts';
import { linkHub } from '../mcp/connect.ts';
import { converse } from '../mcp/conversation.ts';
import { locate } from '../offered.ts';
import { printableLine } from '../style.ts';
import { toolArguments } from '../tool-arguments.ts';

export const command: CommandSpec = {
  configure: (line) =>
    addCallOptions(
      line
        .description('Prints the messages of a prompt.')
        .argument('<prompt>', 'the name of the prompt: server__prompt, or server/prompt')
        .argument('[arguments...]', 'key=value pairs, or one JSON object'),
    ),
  examples: ['mcp-hub prompt github__review pr=12', 'mcp-hub prompt github/review pr=12 --json'],
  async run([name = '', ...words], options, io) {
    const hub = await linkHub(options, io);
    const { object, server, name: own } = await locate(hub, 'prompts', name);
    const params = { name: own, arguments: await toolArguments(words, schemaOf(object), argumentSources(io)) };
    const result = await converse(hub.mcp, { server, method: 'prompts/get', params, who: name, ...callOptions(options) }, io);
    if (io.isJson) return io.printJson(result);
    for (const message of listOf(result, 'messages')) {
      io.print(io.style.quiet(`${printableLine(textOf(message, 'role'))}:`));
      await showPieces([pieceOf(memberOf(message, 'content'))], own, options['output'], io);
    }
  },
};

/** A prompt's arguments are texts, each declared by its name. */
function schemaOf(prompt: unknown): object {
  const names = listOf(prompt, 'arguments').map((argument) => textOf(argument, 'name'));
  return { properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])), additionalProperties: false };
}
