import type { Command, Option } from 'commander';
import { closest, HubError, isHubError } from '../base/index.ts';
import { commandNames } from './command-table.ts';

/** The port of a hub that was told no other. */
export const DEFAULT_PORT = 37_373;

/** How examples stand at the end of a command's help. */
export function exampleLines(examples: readonly string[]): string {
  return examples.length === 0 ? '' : `\nExamples:\n${examples.map((example) => `  ${example}\n`).join('')}`;
}

/** What is wrong with the options that a command does not know. */
export function unknownOptions(command: Command, unknown: readonly string[]): string[] {
  const known = [...command.options.flatMap(({ long, hidden }) => (hidden ? [] : (long ?? []))), '--help'];
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

/** A whole number from 0 to `max`; `undefined` when it is not given, or wrong and told in `errors`. */
export function wholeNumber(name: string, value: unknown, max: number, meaning: string, errors: string[]): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') {
    errors.push(`${name} needs a value: ${meaning} a whole number from 0 to ${max}.`);
    return undefined;
  }
  if (/^\d{1,10}$/.test(value) && Number(value) <= max) return Number(value);
  errors.push(`${name} ${JSON.stringify(value)} cannot be used: ${meaning} a whole number from 0 to ${max}.`);
  return undefined;
}

/** A failure whose cause was typed on the command line, as one of that; any other stays as it is. */
export function asUsage(error: unknown): unknown {
  if (!isHubError(error, 'VALIDATION_ERROR')) return error;
  return new HubError('USAGE', error.message, { details: error.details, cause: error });
}

/** The delay in milliseconds, however long: the hub looks at the clock, and no timer has to hold it. */
export function shutdownDelay(value: unknown, errors: string[]): number | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value : '';
  if (/^\d+(\.\d+)?(e\+?\d+)?$/i.test(text)) return Math.min(Math.round(Number(text)), Number.MAX_SAFE_INTEGER);
  const wrong = text === '' ? 'needs a value' : `${JSON.stringify(text)} cannot be used`;
  errors.push(`--shutdown-delay ${wrong}: the delay in milliseconds is a number from 0 on.`);
  return undefined;
}

/** The config files in order, verbatim. */
export function files(value: unknown, errors: string[]): readonly string[] {
  if (value === undefined) return [];
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  const given = names.filter((name): name is string => typeof name === 'string' && name !== '');
  if (given.length < names.length) errors.push('--config needs a value: the path of a config file.');
  // Everything up to the next option belongs to --config, and a hub in the place of a client would be a surprise.
  const command = given.find((name) => commandNames().includes(name));
  if (command) errors.push(`--config takes ${command} for a file: write the command first, or ./${command} if it is one.`);
  return given;
}

/** Options whose values are optional for the parser alone are shown as what they are. */
export const helpStyle = { optionTerm: (option: Option): string => option.flags.replace('[', '<').replace(']', '>') };
