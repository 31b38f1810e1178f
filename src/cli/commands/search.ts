import { Option } from 'commander';
import { HubError } from '../../base/index.ts';
import type { RegistryEntry } from '../../hub/index.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { withMarketplace } from '../marketplace.ts';
import { wholeNumber } from '../option-values.ts';
import { gather } from '../parse-command.ts';
import { printable } from '../style.ts';

const SORTS = ['newest', 'stars', 'name'] as const;
const DEFAULT_LIMIT = 30;

/** `mcp-hub search`: the servers of the marketplace. */
export const command: CommandSpec = {
  needsNoHub: true,
  configure(command) {
    command
      .argument('[words...]', 'each has to be in the id, name, description, author or tags')
      .addOption(new Option('--category <name>', 'only of this category'))
      .addOption(new Option('--sort <order>', 'newest, stars or name').choices(SORTS))
      .addOption(new Option('--config <file>', 'the config file that names the registries; may be repeated').argParser(gather))
      .addOption(new Option('--limit <number>', `most servers to show (default: ${DEFAULT_LIMIT})`));
  },
  examples: ['mcp-hub search github', 'mcp-hub search file system --sort stars', 'mcp-hub search --category development --json'],
  async run(args, options, io) {
    const errors: string[] = [];
    const limit = wholeNumber('--limit', options['limit'], 100_000, 'the number of servers is', errors) ?? DEFAULT_LIMIT;
    if (errors.length > 0) throw new HubError('USAGE', errors.join('\n'));
    const query = {
      search: args.join(' '),
      category: typeof options['category'] === 'string' ? options['category'] : undefined,
      sort: SORTS.find((sort) => sort === options['sort']),
    };
    const { servers, warning } = await withMarketplace(options, io, (marketplace) => marketplace.list(query));
    const shown = servers.slice(0, limit);
    if (io.isJson) return io.printJson({ servers: shown, total: servers.length, ...(warning !== undefined && { warning }) });
    if (warning !== undefined) io.tell(`warning: ${printable(warning)}`);
    for (const server of shown) io.print(lineOf(server, io));
    const hidden = servers.length - shown.length;
    if (servers.length === 0) io.tell('No server was found. Try fewer words.');
    else io.tell(`${hidden > 0 ? `${hidden} more: give more words, or --limit. ` : ''}Install one with "mcp-hub install <id>".`);
  },
};

function lineOf({ id, name, description, stars }: RegistryEntry, { style }: CommandIo): string {
  const facts = [name === id ? '' : name, stars === undefined ? '' : `★ ${stars}`].filter((text) => text !== '');
  const text = printable(description).replace(/\s+/g, ' ');
  return `${style.strong(printable(id))}${facts.length > 0 ? `  ${style.quiet(printable(facts.join('  ')))}` : ''}\n    ${text}`;
}
