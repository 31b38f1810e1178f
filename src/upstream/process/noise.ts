import { stripVTControlCharacters } from 'node:util';

/** So much of a line is looked at, in bytes: secrets are taken out of all of it before it is cut to what is shown. */
const MAX_BYTES = 64 * 1024;
const MAX_SHOWN = 160;

/** A line of standard output that is no JSON-RPC, as it may be shown. */
export function shownNoise(line: Buffer, redact: (text: string) => string): string {
  const text = redact(stripVTControlCharacters(line.toString('utf8', 0, MAX_BYTES).replace(/^\uFEFF/, '')).trim());
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** What to tell of a server that is not ready, and has printed such a line first; empty when it has printed none. */
export function noiseAdvice(first: string | undefined): string {
  if (first === undefined) return '';
  return (
    ` It printed lines to its standard output that are no JSON-RPC; the first one is:\n  ${first}\n` +
    'Standard output is for the protocol alone: if these are logs, have the server write them to standard error.'
  );
}
