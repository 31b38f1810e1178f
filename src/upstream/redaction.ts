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
  const values = new Set([...secrets].flatMap(partsOf).filter((value) => !shown.has(value) && !isPlain(value)));
  if (values.size === 0) return (text) => text;
  const spellings = new Set([...values].flatMap(spellingsOf));
  const longestFirst = [...spellings].sort((a, b) => b.length - a.length).map((value) => value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  const pattern = new RegExp(longestFirst.join('|'), 'g');
  return (text) => text.replace(pattern, REDACTED);
}

/** The value, and what of it may show up alone: the lines of a key file, the token behind `Bearer`. */
function partsOf(value: string): string[] {
  const parts = value.split(/\s+/).filter((part) => part.length >= MIN_PART_LENGTH);
  return [value.trim(), ...parts];
}

function isPlain(value: string): boolean {
  return value.length < MIN_LENGTH || /^\d{1,5}$/.test(value) || PLAIN_WORDS.has(value.toLowerCase());
}

function spellingsOf(value: string): string[] {
  const wellFormed = Buffer.from(value).toString();
  return [value, encodeURIComponent(wellFormed), encodeURI(wellFormed), JSON.stringify(value).slice(1, -1)];
}
