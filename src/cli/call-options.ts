import { type Command, InvalidArgumentError } from 'commander';

/** The longest time that a timer can hold, in seconds. */
const MAX_SECONDS = 2_147_000;

export function addCallOptions(command: Command): Command {
  return command
    .option('--timeout <seconds>', 'take the request back after this time (default: the limits that the config sets)', secondsOf)
    .option('--verbose', 'show the log messages of the server for this request on standard error')
    .option('--output <folder>', 'save images, audio and other binary content there');
}

/** How the request is to be made. `timeoutMs` is absent where only the hub's own limits count. */
export function callOptions(options: Readonly<Record<string, unknown>>): { readonly timeoutMs?: number; readonly isVerbose: boolean } {
  const { timeout, verbose } = options;
  return { ...(typeof timeout === 'number' && { timeoutMs: Math.round(timeout * 1000) }), isVerbose: verbose === true };
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds > 0) || seconds > MAX_SECONDS)
    throw new InvalidArgumentError('A time in seconds is a number greater than 0.');
  return seconds;
}
