import { stripVTControlCharacters } from 'node:util';

/** How text is set off: by colour on a terminal, not at all elsewhere. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  caution(text: string): string;
  quiet(text: string): string;
  strong(text: string): string;
}

const paint =
  (open: number, close: number) =>
  (text: string): string =>
    `\u001B[${open}m${text}\u001B[${close}m`;

const same = (text: string): string => text;

export const plainStyle: Style = { good: same, bad: same, caution: same, quiet: same, strong: same };

const colourStyle: Style = {
  good: paint(32, 39),
  bad: paint(31, 39),
  caution: paint(33, 39),
  quiet: paint(2, 22),
  strong: paint(1, 22),
};

/** Colours only for a terminal whose owner has not asked for none (https://no-color.org: whatever value but the empty one). */
export function styleFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? colourStyle : plainStyle;
}

/** What makes a terminal show text in another order than it is written. */
const TURNS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** Foreign text made safe to show: no escape sequences, no control characters but line breaks and tabs, and nothing that turns its order. */
export function printable(text: string): string {
  const plain = stripVTControlCharacters(text)
    .replace(TURNS, '')
    .replace(/[\u2028\u2029]/g, '\n');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return plain.replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '');
}

/** The same for names and labels, all of it on one line: no foreign line may look like one of ours. */
export function printableLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim();
}
