import { isIP } from 'node:net';
import { Command, Option } from 'commander';
import { closest } from '../base/index.ts';
import { commandNames } from './command-table.ts';
import { plainLine } from './former-line.ts';
import { DEFAULT_PORT, exampleLines, files, helpStyle, shutdownDelay, unknownOptions, wholeNumber } from './option-values.ts';
import { parseStdioArgs, type StdioLine } from './stdio-args.ts';

/** More would be no help. */
const MAX_GUESSES = 3;

/** What `mcp-hub serve` was asked to do. */
export interface ServeOptions {
  /** `undefined`: none, the hub has a socket. */
  readonly port: number | undefined;
  /** The path of a Unix socket. */
  readonly socket: string | undefined;
  /** Every request needs an API key. */
  readonly requireKey: boolean;
  /** A file that holds a key. */
  readonly apiKeyFile: string | undefined;
  readonly host: string;
  /** In order, verbatim; empty means the default file. */
  readonly configFiles: readonly string[];
  readonly verbose: boolean;
  /** How long nobody may be connected before the hub ends, in milliseconds; `undefined`: for ever. */
  readonly shutdownDelayMs: number | undefined;
  /** Load config files again when they are saved. */
  readonly watch: boolean;
}

export type Invocation = { readonly kind: 'serve'; readonly options: ServeOptions } | StdioLine;

/**
 * Reads the command line (without node and script). Nothing is started and nothing is written; of a wrong line every
 * error is told, not only the first.
 */
export function parseArgs(args: readonly string[]): Invocation {
  const command = buildCommand();
  const { operands, unknown } = command.parseOptions(plainLine(args));
  if (operands[0] === 'stdio') return parseStdioArgs(args);
  if (unknown.includes('--help') || unknown.includes('-h')) return { kind: 'help', text: serveHelp() };

  // Every command takes --json; only running the hub does not.
  const isNoCommand = operands[0] !== undefined && !commandNames().includes(operands[0]);
  const strange = isNoCommand ? unknown.filter((text) => text !== '--json') : unknown;
  const errors = [...unknownOptions(command, strange), ...wrongOperands(operands)];
  const options = readOptions(command.opts(), errors);
  return errors.length > 0 ? { kind: 'wrong', errors, help: 'mcp-hub --help' } : { kind: 'serve', options };
}

const EXAMPLES = [
  'mcp-hub',
  'mcp-hub --port 4000 --config ./mcp-servers.json --watch',
  'mcp-hub serve --config team.json --config own.json --auto-shutdown --shutdown-delay 60000',
];

/** The help of `mcp-hub serve`. `width` in columns; left out, that of the terminal. */
export function serveHelp(width?: number): string {
  return `${serveUsage(width)}${exampleLines(EXAMPLES)}`;
}

/** The same without the examples. */
export function serveUsage(width?: number): string {
  const command = buildCommand();
  if (width !== undefined) command.configureHelp({ ...helpStyle, helpWidth: width });
  return command.helpInformation();
}

/** The long names of the options of `mcp-hub serve`. */
export function serveOptions(): readonly string[] {
  return [...buildCommand().options.flatMap(({ long, hidden }) => (hidden ? [] : (long ?? []))), '--help'];
}

/** Values are optional for the parser, which would stop at the first one that is missing; {@link readOptions} asks for them. */
function buildCommand(): Command {
  return new Command('mcp-hub')
    .usage('[serve] [options]')
    .description('Starts the MCP servers of your config and offers them all behind one endpoint.')
    .addOption(new Option('-p, --port [number]', `port to listen on; 0 takes any free one (default: ${DEFAULT_PORT})`))
    .addOption(new Option('--no-port', 'listen on no port; with --socket'))
    .addOption(new Option('--socket [path]', 'Unix socket to listen on besides, for this user alone'))
    .addOption(new Option('-c, --config [file...]', 'config file; several are merged in order (default: the XDG config file)'))
    .addOption(new Option('--host [name]', 'address to listen on (default: localhost, that is both loopback addresses)'))
    .addOption(new Option('--require-key', 'ask for an API key with every request; other addresses than loopback ones always do'))
    .addOption(new Option('--api-key-file [file]', 'ask for an API key, and take the one in this file too (default: MCP_HUB_API_KEY)'))
    .addOption(new Option('--verbose', 'show debug messages in the terminal'))
    .addOption(new Option('-w, --watch', 'load the config files again whenever they are saved'))
    .addOption(new Option('--no-watch').hideHelp())
    .addOption(new Option('--auto-shutdown', 'end when no client is connected any more'))
    .addOption(new Option('--no-auto-shutdown').hideHelp())
    .addOption(new Option('--shutdown-delay [ms]', 'with --auto-shutdown: for how long nobody may be connected (default: 0)'))
    .addOption(new Option('-V, --version', 'print the version'))
    .helpOption('-h, --help', 'print this help')
    .configureHelp(helpStyle);
}

/** What is told of a word that is no command: the closest ones, or those that it begins. */
export function unknownCommand(word: string): string {
  const begun = commandNames().filter((name) => word !== '' && name.startsWith(word));
  const guess = closest(word, commandNames());
  const guesses = [...new Set(begun.length > 0 ? begun : guess === undefined ? [] : [guess])].slice(0, MAX_GUESSES);
  const isFile = /[./\\]/.test(word);
  const advice =
    guesses.length > 0
      ? `Did you mean ${guesses.join(' or ')}?`
      : isFile
        ? 'Config files are named with --config.'
        : '"mcp-hub --help" lists all commands.';
  return `Unknown command ${JSON.stringify(word)}. ${advice}`;
}

function wrongOperands(operands: readonly string[]): string[] {
  const [command, ...rest] = operands;
  const errors: string[] = [];
  if (command !== undefined && command !== 'serve') {
    if (commandNames().includes(command)) errors.push(`Write the command first: mcp-hub ${command} …`);
    else errors.push(unknownCommand(command));
  }
  if (rest.length > 0) errors.push(`Unexpected ${rest.map((text) => JSON.stringify(text)).join(', ')} after the command.`);
  return errors;
}

function readOptions(values: Readonly<Record<string, unknown>>, errors: string[]): ServeOptions {
  const hasPort = values['port'] !== false;
  const port = hasPort ? wholeNumber('--port', values['port'], 65_535, 'a port is', errors) : undefined;
  const socket = path('--socket', values['socket'], errors);
  const apiKeyFile = path('--api-key-file', values['apiKeyFile'], errors);
  if (!hasPort && socket === undefined) errors.push('--no-port leaves nobody a way in: give the hub a --socket.');
  const delayMs = shutdownDelay(values['shutdownDelay'], errors) ?? 0;
  return {
    port: hasPort ? (port ?? DEFAULT_PORT) : undefined,
    socket,
    requireKey: values['requireKey'] === true || apiKeyFile !== undefined,
    apiKeyFile,
    host: host(values['host'], errors),
    configFiles: files(values['config'], errors),
    verbose: values['verbose'] === true,
    shutdownDelayMs: values['autoShutdown'] === true ? delayMs : undefined,
    watch: values['watch'] === true,
  };
}

function path(name: string, value: unknown, errors: string[]): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  errors.push(`${name} needs a value: a path.`);
  return undefined;
}

function host(value: unknown, errors: string[]): string {
  if (value === undefined) return 'localhost';
  if (typeof value !== 'string' || value === '') {
    errors.push('--host needs a value: a host name or an IP address.');
    return 'localhost';
  }
  const name = value.replace(/^\[(.*)\]$/, '$1');
  if (isIP(name) !== 0 || /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(name)) return name;
  errors.push(`--host ${JSON.stringify(value)} cannot be used: give a host name or an IP address alone; the port goes to --port.`);
  return 'localhost';
}
