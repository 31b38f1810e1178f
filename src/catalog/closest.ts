import { slipDistance } from '../base/index.ts';
import { SEPARATOR } from './names.ts';

/** A name to choose from. */
export interface Candidate {
  readonly exposed: string;
  readonly original: string;
}

/**
 * Exposed names that look like `asked`, the most similar first: by edit distance to the exposed or the original name.
 * Nothing that differs in more than about a third is offered.
 */
export function closest(asked: string, candidates: Iterable<Candidate>, max: number): readonly string[] {
  const cut = asked.indexOf(SEPARATOR);
  // A wrong prefix in front of a right name is a common slip; it counts one, so that better matches come first.
  const part = cut < 0 ? '' : asked.slice(cut + SEPARATOR.length);
  const found: { exposed: string; distance: number }[] = [];
  for (const { exposed, original } of candidates) {
    const distance = Math.min(slipDistance(asked, exposed), slipDistance(asked, original), 1 + slipDistance(part, original));
    if (distance !== Infinity) found.push({ exposed, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance)
    .slice(0, max)
    .map(({ exposed }) => exposed);
}
