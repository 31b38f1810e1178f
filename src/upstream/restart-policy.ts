import type { HubError } from '../base/index.ts';
import { LOOP_WINDOW_MS } from './history.ts';

/** A server that was ready for this long is healthy again: its next failure is counted as the first. */
const HEALTHY_AFTER_MS = 60_000;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;
/** The part of a delay that chance may take off, so that servers that fell together do not rise together. */
const JITTER = 0.2;

/**
 * How many failures in a row there are, with the one that just happened.
 *
 * @param before failures in a row before it
 * @param readyForMs how long the server was ready before it failed; 0 when it did not even start
 * @param isLooping whether it fails again and again: it has to be ready for longer then to count as healthy
 */
export function failuresInARow(before: number, readyForMs: number, isLooping = false): number {
  return readyForMs >= (isLooping ? LOOP_WINDOW_MS : HEALTHY_AFTER_MS) ? 1 : before + 1;
}

/** Whether a start that failed so cannot get better by itself: an entry or a placeholder is wrong, or a login is missing. */
export function needsSomebody({ code }: HubError): boolean {
  return code === 'PLACEHOLDER_ERROR' || code === 'CONFIG_ERROR' || code === 'UNAUTHORIZED';
}

/**
 * The time to wait before the next start, in milliseconds: 1, 2, 4 … 60 seconds, less up to a fifth. There is always a
 * next start; a server is never given up.
 *
 * @param failures failures in a row, at least 1
 * @param random a number in [0, 1)
 * @param error what it failed with: a server that has forgotten the session is there, so that the first attempt is made at once
 */
export function restartDelayMs(failures: number, random: number, error?: HubError): number {
  if (failures === 1 && error?.details['session'] === 'ended') return 0;
  // 2 ** 1024 is Infinity, and the minimum makes that the longest delay.
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
  return Math.round(delayMs * (1 - JITTER * random));
}
