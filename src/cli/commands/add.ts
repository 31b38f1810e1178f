import { type Command, InvalidArgumentError, Option } from 'commander';
import { HubError } from '../../base/index.ts';
import type { CommandSpec } from '../command.ts';
import { openConfig } from '../config-edits.ts';
import { tellEdit } from '../edit-outcome.ts';
import { textsOf } from '../json.ts';
import { patiently } from '../patience.ts';
import { printable } from '../style.ts';

export const command: CommandSpec = {
  configure: (line: Command) =>
    line
      .description(
        'Adds a server to the config: a command that the hub starts, or a URL. The hub of that config starts it at once; ' +
          'where none runs, the file alone is changed. Comments in the file stay.',
      )
      .argument('<name>', 'the name of the server')
      .argument('[command...]', 'the command and its arguments, after --')
      .option('--url <url>', 'a server that runs elsewhere')
      .addOption(new Option('--env <name=value>', 'a variable for its process; may be repeated').argParser(pairs('=')))
      .addOption(new Option('--header <name: value>', 'a header for requests to its URL; may be repeated').argParser(pairs(':')))
      .option('--cwd <folder>', 'where its process runs')
      .option('--description <text>', 'what it is for')
      .option('--disabled', 'add it, but do not start it')
      .option('--file <path>', 'the config file to write to, where there are several (default: the last)')
      .option('--dry-run', 'check it and show the change, but write nothing'),
  examples: [
    'mcp-hub add files -- npx -y @modelcontextprotocol/server-filesystem ~/notes',
    "mcp-hub add github --env 'GITHUB_TOKEN=${GITHUB_TOKEN}' -- npx -y @modelcontextprotocol/server-github",
    "mcp-hub add docs --url https://example.com/mcp --header 'Authorization: Bearer ${DOCS_TOKEN}'",
    'mcp-hub add files --dry-run --config mcp-servers.json -- node server.js',
  ],
  async run([name = '', ...words], options, io) {
    const entry = entryOf(words, options);
    const config = await openConfig(options, io);
    const dryRun = options['dryRun'] === true;
    const { file } = options;
    const work = config.add(name, entry, { dryRun, file: typeof file === 'string' ? file : undefined });
    const outcome = await patiently(work, `Waiting for ${printable(name)}: the first start of a server may download it.`, io);
    tellEdit(`Server "${name}" stands in`, outcome, config, dryRun, io);
  },
};

/** The entry for a config file. @throws HubError USAGE */
export function entryOf(words: readonly string[], options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { url, cwd, header, env, description, disabled } = options;
  const [program, ...args] = words;
  const errors = wrongMix(program, options);
  if (errors.length > 0) throw new HubError('USAGE', errors.join('\n'), { details: { errors } });
  const keys = {
    command: program,
    args: args.length > 0 ? args : undefined,
    url,
    cwd,
    env: env === undefined ? undefined : Object.fromEntries(asPairs(env)),
    headers: header === undefined ? undefined : Object.fromEntries(asPairs(header)),
    description,
    disabled,
  };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}

function wrongMix(program: string | undefined, { url, cwd, header }: Readonly<Record<string, unknown>>): readonly string[] {
  const errors: string[] = [];
  if (program === undefined && url === undefined) errors.push('Say what to add: --url <url>, or the command after --.');
  if (program !== undefined && url !== undefined) errors.push('A server has a --url or a command, not both.');
  if (program === undefined && cwd !== undefined) errors.push('--cwd is for a server that the hub starts, not for one at a URL.');
  if (url === undefined && header !== undefined) errors.push('--header is for a server at a URL; a command gets --env.');
  if (typeof url === 'string' && !/^(?:https?:\/\/.|.*\$\{)/.test(url))
    errors.push(`--url ${JSON.stringify(url)} cannot be used: it is no http address.`);
  return errors;
}

/** Reads `name=value` or `name: value`, once or more often. */
function pairs(separator: '=' | ':'): (text: string, before: unknown) => readonly unknown[] {
  return (text, before) => {
    const at = text.indexOf(separator);
    if (at < 1) throw new InvalidArgumentError(`write name${separator}${separator === ':' ? ' ' : ''}value.`);
    const value = text.slice(at + 1);
    return [...(Array.isArray(before) ? before : []), [text.slice(0, at).trim(), separator === ':' ? value.trim() : value]];
  };
}

function asPairs(value: unknown): readonly (readonly [string, string])[] {
  return (Array.isArray(value) ? value : []).map((pair) => {
    const [name = '', text = ''] = textsOf(pair);
    return [name, text];
  });
}
