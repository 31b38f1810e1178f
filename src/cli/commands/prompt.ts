import { connectHub } from '../api-client.ts';
import { argumentSources } from '../argument-sources.ts';
import { addCallOptions, timeouts } from '../call-options.ts';
import type { CommandSpec } from '../command.ts';
import { pieceOf, showPieces } from '../content.ts';
import { listOf, memberOf, textOf } from '../json.ts';
import { findOffered, offeredBy } from '../offered.ts';
import { allServers } from '../servers.ts';
import { printable } from '../style.ts';
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
    const client = await connectHub(options, io);
    const prompt = findOffered(offeredBy(await allServers(client), 'prompts'), name, 'prompts');
    const { request_options, timeoutMs } = timeouts(options);
    const body = {
      server_name: prompt.server,
      prompt: prompt.original,
      arguments: await toolArguments(words, schemaOf(prompt.object), argumentSources(io)),
      request_options,
    };
    const result = memberOf(await client.post('/api/servers/prompts', body, timeoutMs), 'result');
    if (io.isJson) return io.printJson(result);
    for (const message of listOf(result, 'messages')) {
      io.print(io.style.quiet(`${printable(textOf(message, 'role'))}:`));
      await showPieces([pieceOf(memberOf(message, 'content'))], prompt.original, options['output'], io);
    }
  },
};

/** A prompt's arguments are texts, each declared by its name. */
function schemaOf(prompt: unknown): object {
  const names = listOf(prompt, 'arguments').map((argument) => textOf(argument, 'name'));
  return { properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])), additionalProperties: false };
}
