/** Most `*`, `*(…)` and `+(…)` between two slashes: each more multiplies the time by the length of a file's name. */
const MAX_STARS = 3;
/** Most `**` in a pattern: each more multiplies it by the depth of a file. */
const MAX_DEPTHS = 4;

export interface PatternProblem {
  readonly message: string;
  readonly hint: string;
}

/**
 * What keeps a glob of `dev.watch` from being used. Globs become regular expressions, of which some take time without end
 * over a single name: those that repeat what may match in more than one way, and those with many wildcards in one part.
 */
export function patternProblem(glob: string): PatternProblem | undefined {
  const bare = withoutLiterals(glob);
  if (/(?<![@?!*+])\(/.test(bare))
    return { message: 'Has parentheses that are no part of a glob', hint: 'Write {a,b} or @(a|b) for one of several' };
  if (/[*+]\([^)]*[*+?!@({|]/.test(bare))
    return { message: 'Repeats what may match in more than one way', hint: 'Leave wildcards and alternatives out of *(…) and +(…)' };
  const parts = bare.split('/');
  if (parts.some((part) => part !== '**' && (part.match(/\*+\(?|\+\(/g)?.length ?? 0) > MAX_STARS))
    return { message: `Has more than ${MAX_STARS} wildcards between two slashes`, hint: 'Write several patterns' };
  if (parts.filter((part) => part.includes('**')).length > MAX_DEPTHS)
    return { message: `Has ** more than ${MAX_DEPTHS} times`, hint: 'Name a folder, or write several patterns' };
  return undefined;
}

/** Without what stands for itself: escaped characters and what is in brackets. */
function withoutLiterals(glob: string): string {
  return glob.replace(/\\./gs, 'x').replace(/\[[^\]]*\]/g, 'x');
}
