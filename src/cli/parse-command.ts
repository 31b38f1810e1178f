import { Command, InvalidArgumentError, Option } from 'commander';
import type { CommandSpec } from './command.ts';
import { exampleLines, unknownOptions } from './option-values.ts';

export type ParsedCommand =
  | { readonly kind: 'run'; readonly args: readonly string[]; readonly options: Readonly<Record<string, unknown>> }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly errors: readonly string[] };

/** A command with the name that it is called by. */
export interface NamedCommand {
  readonly name: string;
  readonly summary: string;
  readonly spec: CommandSpec;
}

/** Reads the arguments of one command, its name not included; of a wrong line every error is told, not only the first. */
export function parseCommand(named: NamedCommand, args: readonly string[]): ParsedCommand {
  const command = buildCommand(named);
  const errors: string[] = [];
  const valued = command.options.filter(({ required }) => required);
  const wrong = new Set<Option>();
  for (const option of command.options) {
    collectErrors(option, (error) => {
      wrong.add(option);
      errors.push(error);
    });
  }
  const { operands, unknown } = command.parseOptions([...args]);
  if (unknown.some((text, at) => (text === '--help' || text === '-h') && !unknown.slice(0, at).includes('--'))) return { kind: 'help' };

  errors.push(...unknownOptions(command, unknown));
  if (errors.length > 0 && named.spec.takesProgram) errors.push(...misplaced(named.name, operands, args));
  const options: Readonly<Record<string, unknown>> = command.opts();
  for (const option of valued) {
    if (options[option.attributeName()] === true && !wrong.has(option))
      errors.push(`${option.long ?? option.flags} needs a value: ${valueOf(option)}.`);
  }
  // What follows an unknown option may be its value, so arguments are counted only where every option is known.
  if (unknown.length === 0) errors.push(...wrongArguments(command, operands));
  return errors.length > 0 ? { kind: 'wrong', errors } : { kind: 'run', args: operands, options };
}

/** The help of one command. `width` in columns; left out, that of the terminal. */
export function commandHelp(named: NamedCommand, width?: number): string {
  const command = buildCommand(named);
  if (width !== undefined) command.configureHelp({ helpWidth: width });
  return `${command.helpInformation()}${exampleLines(named.spec.examples)}`;
}

/** The commander command with everything that a command has without asking for it. */
export function buildCommand({ name, summary, spec }: NamedCommand): Command {
  const command = new Command(`mcp-hub ${name}`).description(sentence(summary)).helpOption('-h, --help', 'print this help');
  spec.configure(command);
  command.addOption(new Option('--json', 'print one JSON document and nothing else'));
  if (spec.needsNoHub !== true) {
    const hub = (option: Option): Option => option.helpGroup('Which hub (default: the one of this folder, or the only one that runs):');
    command.addOption(hub(new Option('--port <number>', 'the one on this port')));
    command.addOption(hub(new Option('--hub <url>', 'the one at this address: http://host:port, or unix:/path/of/its/socket')));
    command.addOption(hub(new Option('--socket <path>', 'the one behind this Unix socket')));
    command.addOption(hub(new Option('--config <file>', 'the one of this config file; may be repeated')).argParser(gather));
    command.addOption(hub(new Option('--api-key-file <file>', 'send the API key in this file (default: MCP_HUB_API_KEY)')));
  }
  return command;
}

/** For options that may be repeated: their values in order. */
export function gather(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** Commander stops at the first value that is missing or wrong; here the parsing goes on, and the error is kept. */
function collectErrors(option: Option, onError: (error: string) => void): void {
  if (option.required) {
    option.required = false;
    option.optional = true;
  }
  const parse = option.parseArg;
  if (!parse) return;
  option.parseArg = <T>(value: string, before: T): T => {
    try {
      return parse(value, before);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      onError(
        `${option.long ?? option.flags} ${JSON.stringify(value)} cannot be used: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`,
      );
      return before;
    }
  };
}

function wrongArguments(command: Command, operands: readonly string[]): string[] {
  const expected = command.registeredArguments;
  const errors = expected
    .filter(({ required }, at) => required && operands.length <= at)
    .map((argument) => `${argument.name()} is missing: ${argument.description || 'the command needs it'}.`);
  for (const [at, { argChoices }] of expected.entries()) {
    const text = operands[at];
    if (argChoices && text !== undefined && !argChoices.includes(text)) {
      errors.push(`${JSON.stringify(text)} cannot be used: it is one of ${argChoices.join(', ')}.`);
    }
  }
  const rest = expected.at(-1)?.variadic ? [] : operands.slice(expected.length);
  if (rest.length > 0) errors.push(`Unexpected ${rest.map((text) => JSON.stringify(text)).join(', ')}.`);
  return errors;
}

/** What is unknown may be meant for the program; its other words are not repeated, because keys may be among them. */
function misplaced(name: string, [first, program]: readonly string[], args: readonly string[]): string[] {
  if (program === undefined || args.includes('--')) return [];
  return [`If that is for ${program}, write -- before the command: mcp-hub ${name} ${first} -- ${program} …`];
}

function valueOf({ argChoices, description }: Option): string {
  return argChoices ? `one of ${argChoices.join(', ')}` : description;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
