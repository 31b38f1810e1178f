import { SEPARATOR } from './names.ts';

/** A name to choose from. */
export interface Candidate {
  readonly exposed: string;
  readonly original: string;
}

/** Longer questions are not names; comparing them would only cost time. */
const MAX_ASKED = 256;

/**
 * Exposed names that look like `asked`, the most similar first: by edit distance, without regard to case, to the
 * exposed or the original name. Nothing that differs in more than about a third is offered.
 */
export function closest(asked: string, candidates: Iterable<Candidate>, max: number): readonly string[] {
  if (asked.length > MAX_ASKED || asked === '') return [];
  const whole = asked.toLowerCase();
  const cut = whole.indexOf(SEPARATOR);
  // A wrong prefix in front of a right name is a common slip; it counts one, so that better matches come first.
  const part = cut < 0 ? undefined : whole.slice(cut + SEPARATOR.length);
  const toWhole = distanceTo(whole);
  const toPart = part ? distanceTo(part) : undefined;
  const found: { exposed: string; distance: number }[] = [];
  for (const { exposed, original } of candidates) {
    const short = original.toLowerCase();
    const distance = Math.min(toWhole(exposed.toLowerCase()), toWhole(short), 1 + (toPart?.(short) ?? Infinity));
    if (distance !== Infinity) found.push({ exposed, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance)
    .slice(0, max)
    .map(({ exposed }) => exposed);
}

function allowance(text: string): number {
  return Math.min(8, Math.max(1, Math.floor(text.length / 3)));
}

/** More than any distance that counts. */
const FAR = 1_000_000;

/** Distances of one text to many; its two rows are used again and again. */
function distanceTo(text: string): (other: string) => number {
  const limit = allowance(text);
  const width = text.length + 1;
  let above = new Int32Array(width);
  let row = new Int32Array(width);
  /** The Levenshtein distance, or `Infinity` when it is more than `limit`: only a band that wide is computed. */
  return (other) => {
    if (Math.abs(text.length - other.length) > limit) return Infinity;
    for (let column = 0; column < width; column += 1) row[column] = column;
    for (let line = 1; line <= other.length; line += 1) {
      [above, row] = [row, above];
      if (fillRow(row, above, text, other.charCodeAt(line - 1), line, limit) > limit) return Infinity;
    }
    const distance = row[text.length] ?? FAR;
    return distance <= limit ? distance : Infinity;
  };
}

/** Computes one row of the table inside the band, and gives its smallest entry. */
function fillRow(row: Int32Array, above: Int32Array, text: string, code: number, line: number, limit: number): number {
  const first = Math.max(1, line - limit);
  const last = Math.min(text.length, line + limit);
  let left = first === 1 ? line : FAR;
  let smallest = left;
  row[first - 1] = left;
  for (let column = first; column <= last; column += 1) {
    const replaced = (above[column - 1] ?? FAR) + (text.charCodeAt(column - 1) === code ? 0 : 1);
    left = Math.min(replaced, (above[column] ?? FAR) + 1, left + 1);
    row[column] = left;
    smallest = Math.min(smallest, left);
  }
  if (last < text.length) row[last + 1] = FAR;
  return smallest;
}
