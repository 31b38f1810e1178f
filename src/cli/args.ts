import { isIP } from 'node:net';
import { Command, Option } from 'commander';
import { closest } from '../base/index.ts';

const DEFAULT_PORT = 37_373;
/** The longest delay that a timer can hold, in milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1;
const COMMANDS = ['serve'];

/** What `mcp-hub serve` was asked to do. */
export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  /** In order, verbatim; empty means the default file. */
  readonly configFiles: readonly string[];
  readonly verbose: boolean;
  /** The options given that this version takes but does not act on. */
  readonly idleOptions: readonly string[];
}

export type Invocation =
  | { readonly kind: 'serve'; readonly options: ServeOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly errors: readonly string[] };

/**
 * Reads the command line (without node and script). Nothing is started and nothing is written; of a wrong line every
 * error is told, not only the first.
 */
export function parseArgs(args: readonly string[]): Invocation {
  const command = buildCommand();
  const { operands, unknown } = command.parseOptions([...args]);
  if (unknown.includes('--help') || unknown.includes('-h')) return { kind: 'help', text: command.helpInformation() };

  const errors = [...unknownOptions(command, unknown), ...wrongOperands(operands)];
  const options = readOptions(command.opts(), errors);
  return errors.length > 0 ? { kind: 'wrong', errors } : { kind: 'serve', options };
}

/** Values are optional for the parser, which would stop at the first one that is missing; {@link readOptions} asks for them. */
function buildCommand(): Command {
  return new Command('mcp-hub')
    .usage('[serve] [options]')
    .description('Starts the MCP servers of your config and offers them all behind one endpoint.')
    .addOption(new Option('--port [number]', `port to listen on; 0 takes any free one (default: ${DEFAULT_PORT})`))
    .addOption(new Option('--config [file...]', 'config file; several are merged in order (default: the XDG config file)'))
    .addOption(new Option('--host [name]', 'address to listen on (default: localhost, that is both loopback addresses)'))
    .addOption(new Option('--verbose', 'show debug messages in the terminal'))
    .addOption(new Option('--watch', 'accepted for compatibility; not acted on yet'))
    .addOption(new Option('--auto-shutdown', 'accepted for compatibility; not acted on yet'))
    .addOption(new Option('--shutdown-delay [ms]', 'accepted for compatibility; not acted on yet'))
    .addOption(new Option('-V, --version', 'print the version'))
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ optionTerm: (option) => option.flags.replace('[', '<').replace(']', '>') });
}

function unknownOptions(command: Command, unknown: readonly string[]): string[] {
  const known = [...command.options.flatMap((option) => option.long ?? []), '--help'];
  const errors: string[] = [];
  // What follows an unknown option may be its value, so only what looks like an option is an error of its own.
  for (const argument of unknown.filter((text) => text.startsWith('-') && text !== '--' && text !== '-')) {
    const name = argument.split('=', 1)[0] ?? argument;
    if (known.includes(name)) {
      errors.push(`${name} takes no value.`);
      continue;
    }
    const guess = closest(name, known);
    errors.push(`Unknown option ${name}.${guess ? ` Did you mean ${guess}?` : ''}`);
  }
  return errors;
}

function wrongOperands(operands: readonly string[]): string[] {
  const [command, ...rest] = operands;
  const errors: string[] = [];
  if (command !== undefined && !COMMANDS.includes(command)) {
    const guess = closest(command, COMMANDS);
    const advice = guess ? `Did you mean ${guess}?` : 'Config files are named with --config.';
    errors.push(`Unknown command ${JSON.stringify(command)}. ${advice}`);
  }
  if (rest.length > 0) errors.push(`Unexpected ${rest.map((text) => JSON.stringify(text)).join(', ')} after the command.`);
  return errors;
}

function readOptions(values: Readonly<Record<string, unknown>>, errors: string[]): ServeOptions {
  const port = wholeNumber('--port', values['port'], 65_535, 'a port is', errors);
  wholeNumber('--shutdown-delay', values['shutdownDelay'], MAX_DELAY_MS, 'the delay in milliseconds is', errors);
  const idle: [name: string, value: unknown][] = [
    ['--watch', values['watch']],
    ['--auto-shutdown', values['autoShutdown']],
    ['--shutdown-delay', values['shutdownDelay']],
  ];
  return {
    port: port ?? DEFAULT_PORT,
    host: host(values['host'], errors),
    configFiles: files(values['config'], errors),
    verbose: values['verbose'] === true,
    idleOptions: idle.filter(([, value]) => value !== undefined).map(([name]) => name),
  };
}

function wholeNumber(name: string, value: unknown, max: number, meaning: string, errors: string[]): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') {
    errors.push(`${name} needs a value: ${meaning} a whole number from 0 to ${max}.`);
    return undefined;
  }
  if (/^\d{1,10}$/.test(value) && Number(value) <= max) return Number(value);
  errors.push(`${name} ${JSON.stringify(value)} cannot be used: ${meaning} a whole number from 0 to ${max}.`);
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

function files(value: unknown, errors: string[]): readonly string[] {
  if (value === undefined) return [];
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  const given = names.filter((name): name is string => typeof name === 'string' && name !== '');
  if (given.length < names.length) errors.push('--config needs a value: the path of a config file.');
  return given;
}
