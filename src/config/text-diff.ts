import { REDACTED } from '../base/index.ts';
import { secretsOf } from './mask.ts';

/** From this length on a secret is taken out wherever it stands; a shorter one may be a word, and only where it is a whole string. */
const LONG = 8;

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
  const secrets = [...new Set(entries.flatMap(secretsOf))].sort((one, other) => other.length - one.length);
  return secrets.reduce(withoutSecret, text);
}

function withoutSecret(text: string, secret: string): string {
  const escaped = JSON.stringify(secret).slice(1, -1);
  if (secret.length >= LONG) return text.replaceAll(secret, REDACTED).replaceAll(escaped, REDACTED);
  const spellings = [`"${escaped}"`, `'${secret}'`];
  return spellings.reduce((masked, spelling) => masked.replaceAll(spelling, JSON.stringify(REDACTED)), text);
}
