import { type Command, InvalidArgumentError, Option } from 'commander';
import { HubError } from '../../base/index.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { type ConfigEdits, openConfig } from '../config-edits.ts';
import { tellEdit } from '../edit-outcome.ts';
import { type JsonObject, textOf, textsOf } from '../json.ts';
import { patiently } from '../patience.ts';
import { runHere } from '../relative-command.ts';
import { printable } from '../style.ts';

export const command: CommandSpec = {
  takesProgram: true,
  configure: (line: Command) =>
    line
      .description(
        'Adds a server to the config: a command that the hub starts, or a URL. The hub of that config starts it at once; ' +
          'where none runs, the file alone is changed. Comments in the file stay. A command that names files relative to this folder gets it as its --cwd, ' +
          'unless the hub runs here. Exit code 3 when the server is added and does not start.',
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
    const typed = entryOf(words, options);
    const config = await openConfig(options, io);
    const entry = await fromHere(typed, config, io);
    const dryRun = options['dryRun'] === true;
    const { file } = options;
    const work = config.add(name, entry, { dryRun, file: typeof file === 'string' ? file : undefined });
    const outcome = await patiently(work, `Waiting for ${printable(name)}: the first start of a server may download it.`, io);
    tellEdit(`Server "${name}" stands in`, outcome, config, dryRun, io);
  },
};

/** Files are named from where the command is typed; a hub that is not known by its folder may be on another machine. */
async function fromHere(typed: JsonObject, { hub }: ConfigEdits, io: CommandIo): Promise<JsonObject> {
  const folder = hub?.hub.entry?.cwd;
  if (hub && folder === undefined) return typed;
  const entry = await runHere(typed, io.process.cwd(), folder);
  if (entry !== typed) io.tell(printable(`note: it is to run in ${textOf(entry, 'cwd')}, because the command names files from there.`));
  return entry;
}

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
