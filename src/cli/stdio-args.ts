import { Command, Option } from 'commander';
import { exampleLines, files, helpStyle, shutdownDelay, unknownOptions } from './option-values.ts';

/** How long a hub that was started for a client outlives the last one, in milliseconds: one that restarts finds its servers running. */
const DEFAULT_SHUTDOWN_DELAY_MS = 60_000;

/** What `mcp-hub stdio` was asked to do. */
export interface StdioOptions {
  /** In order, verbatim; empty means the default file. */
  readonly configFiles: readonly string[];
  /** Only this server, with its own names; `undefined`: all. */
  readonly server: string | undefined;
  readonly shutdownDelayMs: number;
  readonly verbose: boolean;
}

export type StdioLine =
  | { readonly kind: 'stdio'; readonly options: StdioOptions }
  | { readonly kind: 'help'; readonly text: string }
  | {
      readonly kind: 'wrong';
      readonly errors: readonly string[] /** The command that tells what would be right. */;
      readonly help: string;
    };

/** Reads the command line of `mcp-hub stdio`, the word itself included. */
export function parseStdioArgs(args: readonly string[]): StdioLine {
  const command = buildCommand();
  const { operands, unknown } = command.parseOptions([...args]);
  if (unknown.includes('--help') || unknown.includes('-h')) return { kind: 'help', text: stdioHelp() };

  const errors = unknownOptions(command, unknown);
  const rest = operands.slice(1);
  if (rest.length > 0) errors.push(`Unexpected ${rest.map((text) => JSON.stringify(text)).join(', ')} after the command.`);
  const values: Readonly<Record<string, unknown>> = command.opts();
  const options: StdioOptions = {
    configFiles: files(values['config'], errors),
    server: server(values['server'], errors),
    shutdownDelayMs: shutdownDelay(values['shutdownDelay'], errors) ?? DEFAULT_SHUTDOWN_DELAY_MS,
    verbose: values['verbose'] === true,
  };
  return errors.length > 0 ? { kind: 'wrong', errors, help: 'mcp-hub stdio --help' } : { kind: 'stdio', options };
}

const EXAMPLES = ['mcp-hub stdio', 'mcp-hub stdio --config ~/.config/mcp-hub/mcp-servers.json --server github'];

/** The help of `mcp-hub stdio`. `width` in columns; left out, that of the terminal. */
export function stdioHelp(width?: number): string {
  const command = buildCommand();
  if (width !== undefined) command.configureHelp({ ...helpStyle, helpWidth: width });
  return `${command.helpInformation()}${exampleLines(EXAMPLES)}`;
}

function buildCommand(): Command {
  return new Command('mcp-hub')
    .usage('stdio [options]')
    .description(
      'Is an MCP server on standard input and output, for clients that can only spawn a command. It connects to the running hub ' +
        'of the same config files, and starts one where there is none.',
    )
    .addOption(new Option('--config [file...]', 'config file; several are merged in order (default: the XDG config file)'))
    .addOption(new Option('--server [name]', 'offer this server alone, with its own names (default: all servers)'))
    .addOption(
      new Option(
        '--shutdown-delay [ms]',
        `how long a hub started here stays after its last client (default: ${DEFAULT_SHUTDOWN_DELAY_MS})`,
      ),
    )
    .addOption(new Option('--verbose', 'tell on standard error which hub is used'))
    .addOption(new Option('-V, --version', 'print the version'))
    .helpOption('-h, --help', 'print this help')
    .configureHelp(helpStyle);
}

function server(value: unknown, errors: string[]): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  errors.push('--server needs a value: the name of a server in the config.');
  return undefined;
}
