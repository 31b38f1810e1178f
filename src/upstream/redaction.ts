import { REDACTED } from '../base/index.ts';

const MIN_LENGTH = 4;
/** Lines of a key file, words of a header: parts count only when they are long enough to be a secret themselves. */
const MIN_PART_LENGTH = 8;

/** Values that say nothing; to hide them would only make messages unreadable. */
const PLAIN_WORDS: ReadonlySet<string> = new Set([
  'true',
  'false',
  'null',
  'none',
  'auto',
  'debug',
  'info',
  'warn',
  'warning',
  'error',
  'trace',
  'verbose',
  'silent',
  'production',
  'development',
  'staging',
  'test',
  'local',
  'localhost',
  '127.0.0.1',
  'utf-8',
  'utf8',
  'json',
  'stdio',
  'http',
  'https',
  'basic',
  'bearer',
  'token',
  'application/json',
]);

/**
 * A function that replaces every one of `secrets` in a text, also where it stands percent-encoded or inside a JSON
 * string. Very short and plain values stay, and those that are public anyway.
 */
export function redactor(secrets: Iterable<string>, known: Iterable<string>): (text: string) => string {
  const shown = new Set([...known].map((value) => value.trim()));
  const pattern = patternOf([...secrets].flatMap((secret) => spellingsOf(secret, shown)));
  return pattern ? (text) => text.replace(pattern, REDACTED) : (text) => text;
}

/** How a secret, and what of it may show up alone, may stand in a text. Empty for what is too short or too plain to be hidden. */
export function spellingsOf(secret: string, shown: ReadonlySet<string> = new Set()): readonly string[] {
  const values = partsOf(secret).filter((value) => !shown.has(value) && !isPlain(value));
  return [...new Set(values.flatMap(spelled))];
}

/** The text with each of `spellings` replaced. */
export function replaceAll(text: string, spellings: readonly string[]): string {
  const pattern = patternOf(spellings);
  return pattern ? text.replace(pattern, REDACTED) : text;
}

function patternOf(spellings: readonly string[]): RegExp | undefined {
  if (spellings.length === 0) return undefined;
  const longestFirst = [...new Set(spellings)].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((value) => value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g');
}

/** The value, and what of it may show up alone: the lines of a key file, the token behind `Bearer`. */
function partsOf(value: string): string[] {
  const parts = value.split(/\s+/).filter((part) => part.length >= MIN_PART_LENGTH);
  return [value.trim(), ...parts];
}

function isPlain(value: string): boolean {
  return value.length < MIN_LENGTH || /^\d{1,5}$/.test(value) || PLAIN_WORDS.has(value.toLowerCase());
}

function spelled(value: string): string[] {
  const wellFormed = Buffer.from(value).toString();
  return [value, encodeURIComponent(wellFormed), encodeURI(wellFormed), JSON.stringify(value).slice(1, -1)];
}
