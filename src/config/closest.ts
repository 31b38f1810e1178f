/** The candidate that `word` was most likely meant to be; `undefined` when none is near enough. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = normal(word);
  const limit = Math.ceil(wanted.length / 3);
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, normal(candidate));
    if (distance <= limit && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** `init_timeout`, `init-timeout` and `initTimeout` are the same word. */
function normal(word: string): string {
  return word
    .slice(0, 64)
    .toLowerCase()
    .replace(/[_\s-]/g, '');
}

/** Edits (insert, delete, replace) that make `a` out of `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
