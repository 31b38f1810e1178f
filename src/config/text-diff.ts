import { REDACTED } from '../base/index.ts';
import { secretsOf } from './mask.ts';
import { spellingsIn } from './text-secrets.ts';

/**
 * Unified diff of a file, in which the literal secrets of the entries that stand in either text are masked. What makes it is
 * loaded with the first one.
 */
export async function maskedDiff(file: string, before: string, after: string, entries: readonly unknown[]): Promise<string> {
  if (before === after) return '';
  const { createTwoFilesPatch } = await import('diff');
  const patch = createTwoFilesPatch(file, file, before, after, undefined, undefined, { context: 3 });
  // What the library puts above a diff says nothing.
  const text = patch.replace(/^(?:Index: .*\n)?=+\n/, '');
  const heads = text.match(HEAD) ?? [];
  const secrets = longestFirst(entries.flatMap(secretsOf));
  const spellings = [before, after].flatMap((each) => spellingsIn(each, secrets, REDACTED));
  const masked = spellings
    .toSorted(([one], [other]) => other.length - one.length)
    .reduce(
      (rest, [raw, shown]) => (isSetOff(raw) ? replaceWhole(rest, raw, shown) : rest.replaceAll(raw, () => shown)),
      text.replace(HEAD, '@'),
    );
  // The places of hunks are numbers, and none of a secret's.
  return masked.replace(/^@$/gm, () => heads.shift() ?? '');
}

const HEAD = /^@@ .* @@$/gm;

function longestFirst(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort((one, other) => other.length - one.length);
}

/** Digits and short words may be a part of something else. */
function isSetOff(raw: string): boolean {
  return !/^["']/.test(raw) && raw.length < 8;
}

function replaceWhole(text: string, raw: string, shown: string): string {
  const pattern = new RegExp(`(?<![\\w.-])${raw.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}(?![\\w.-])`, 'g');
  return text.replace(pattern, () => shown);
}
