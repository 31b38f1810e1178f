import { type Command, InvalidArgumentError } from 'commander';

/** Time for a call unless one is given, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 60_000;
/** The longest time that a timer can hold, in seconds. */
const MAX_SECONDS = 2_147_000;
/** The hub's own deadline comes first: it knows more of what went wrong, in milliseconds. */
const GRACE_MS = 10_000;

export function addCallOptions(command: Command): Command {
  return command
    .option('--timeout <seconds>', 'how long the server may take (default: 60)', secondsOf)
    .option('--output <folder>', 'save images, audio and other binary content there');
}

/** For the request's body, and for the request itself. */
export function timeouts(options: Readonly<Record<string, unknown>>): { readonly request_options: object; readonly timeoutMs: number } {
  const { timeout } = options;
  const ms = typeof timeout === 'number' ? Math.round(timeout * 1000) : DEFAULT_TIMEOUT_MS;
  return { request_options: { timeout: ms, maxTotalTimeout: ms }, timeoutMs: ms + GRACE_MS };
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds > 0) || seconds > MAX_SECONDS)
    throw new InvalidArgumentError('A time in seconds is a number greater than 0.');
  return seconds;
}
