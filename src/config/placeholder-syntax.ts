/** Where placeholders begin and end; what they mean is the business of placeholders.ts. */

/** A string cut into literal text and placeholders. */
export type Template = readonly Part[];

export type Part =
  | string
  | {
      /** As written, delimiters included. */
      readonly raw: string;
      readonly body: Template;
    };

/** Deepest nesting of placeholders in one another. */
const MAX_NESTING = 10;

/** Thrown for placeholders that are nested more than {@link MAX_NESTING} deep; `raw` is the outermost one. */
export class NestingError extends Error {
  override readonly name = 'NestingError';
}

/** After so many beginnings without an end the rest of a string is literal text: each costs a look through all that follows. */
const MAX_UNCLOSED = 20;

const ANGLE_START = /\$<(?:env|cmd|input):/y;

/**
 * A `${` that is never closed, a `${}` and every other `$` are literal text. Braces inside a placeholder balance, so
 * that `${cmd: awk '{print $1}'}` is one placeholder.
 *
 * @throws NestingError
 */
export function parseTemplate(source: string): Template {
  return parseRange(source, 0, source.length, 0, { unclosed: 0 });
}

/** True when a `${` in the string is never closed. */
export function unclosedPlaceholder(source: string): boolean {
  for (let at = source.indexOf('${'); at >= 0; at = source.indexOf('${', at)) {
    const end = closingAt(source, at, source.length);
    if (end === undefined) return true;
    at = end + 1;
  }
  return false;
}

function parseRange(source: string, from: number, to: number, depth: number, seen: { unclosed: number }): Template {
  const parts: Part[] = [];
  let literal = '';
  let at = from;
  while (at < to) {
    const isStart = seen.unclosed < MAX_UNCLOSED && startsAt(source, at);
    const end = isStart ? closingAt(source, at, to) : undefined;
    if (isStart && end === undefined) seen.unclosed += 1;
    if (end === undefined || end === at + 2) {
      literal += source.charAt(at);
      at += 1;
      continue;
    }
    if (depth >= MAX_NESTING) throw new NestingError(`nested more than ${MAX_NESTING} deep`);
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({ raw: source.slice(at, end + 1), body: parseRange(source, at + 2, end, depth + 1, seen) });
    at = end + 1;
  }
  if (literal !== '') parts.push(literal);
  return parts;
}

function startsAt(source: string, at: number): boolean {
  if (source.charAt(at) !== '$') return false;
  if (source.charAt(at + 1) === '{') return true;
  ANGLE_START.lastIndex = at;
  return ANGLE_START.test(source);
}

/** Offset of the delimiter that closes the placeholder at `at`, or `undefined`. */
function closingAt(source: string, at: number, to: number): number | undefined {
  const closers = [source.charAt(at + 1) === '{' ? '}' : '>'];
  for (let index = at + 2; index < to; index += 1) {
    const character = source.charAt(index);
    if (character === closers.at(-1)) {
      closers.pop();
      if (closers.length === 0) return index;
    } else if (startsAt(source, index)) {
      closers.push(source.charAt(index + 1) === '{' ? '}' : '>');
      index += 1;
    } else if (character === '{' && closers.at(-1) === '}') closers.push('}');
  }
  return undefined;
}
