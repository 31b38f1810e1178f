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
  const found: { exposed: string; distance: number }[] = [];
  for (const { exposed, original } of candidates) {
    const short = original.toLowerCase();
    const distance = Math.min(
      distanceWithin(whole, exposed.toLowerCase(), allowance(whole)),
      distanceWithin(whole, short, allowance(whole)),
      part ? 1 + distanceWithin(part, short, allowance(part)) : Infinity,
    );
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

/** The Levenshtein distance of two texts, or `Infinity` when it is more than `limit`: only a band that wide is computed. */
function distanceWithin(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return Infinity;
  if (a === b) return 0;
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = nextRow(a, b, row, previous, limit);
    if (!current.some((distance) => distance <= limit)) return Infinity;
    previous = current;
  }
  const distance = previous[b.length] ?? Infinity;
  return distance <= limit ? distance : Infinity;
}

function nextRow(a: string, b: string, row: number, previous: readonly number[], limit: number): number[] {
  const current = previous.map(() => Infinity);
  const first = Math.max(1, row - limit);
  const last = Math.min(b.length, row + limit);
  if (first === 1) current[0] = row;
  for (let column = first; column <= last; column += 1) {
    const replaced = (previous[column - 1] ?? Infinity) + (a[row - 1] === b[column - 1] ? 0 : 1);
    current[column] = Math.min(replaced, (previous[column] ?? Infinity) + 1, (current[column - 1] ?? Infinity) + 1);
  }
  return current;
}
