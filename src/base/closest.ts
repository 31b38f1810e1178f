import { distance } from 'fastest-levenshtein';

/** Longer words are no slips of the pen; comparing them would only cost time. */
const MAX_LENGTH = 256;

/** How many edits still count as a slip in a word of that length. */
function allowance(word: string): number {
  return Math.min(8, Math.max(1, Math.ceil(word.length / 3)));
}

/** Edits (insert, delete, replace) from `a` to `b` without regard to case; `Infinity` when they are too many for a slip. */
export function slipDistance(a: string, b: string): number {
  const limit = allowance(a);
  if (a === '' || a.length > MAX_LENGTH || Math.abs(a.length - b.length) > limit) return Infinity;
  const edits = distance(a.toLowerCase(), b.toLowerCase());
  return edits <= limit ? edits : Infinity;
}

/** The candidate that `word` was most likely meant to be, `undefined` when none is near enough. Of equally near ones the first. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Infinity;
  for (const candidate of candidates) {
    if (candidate === word) return candidate;
    const edits = slipDistance(word, candidate);
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}
