const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
/** A number of fewer characters is the same in JavaScript, up to a zero at its end or a sign in its exponent. */
const LONG = 16;
/** What may be a number as long as that, or be part of a mistake. */
const LONG_NUMBER = /-?\d[\d.eE+-]{15,}/g;
/** RFC 8259, section 6. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** What comes behind a key. */
const AS_KEY = /^[ \t\r\n]*:/;

/** Stands in a text in front of digits where no number of JavaScript can. Nobody else knows it, so that no text of theirs has it. */
interface Mark {
  readonly text: string;
  /** A marked string with its quotes, in JSON. */
  readonly pattern: RegExp;
}

/** Made with the first {@link ExactNumber}: most hubs never meet one. */
let mark: Mark | undefined;
/** Whether {@link jsonText} is writing, and whether it has met an {@link ExactNumber}. */
let isWriting = false;
let hasMet = false;

/**
 * A number in JSON that a JavaScript number would change, such as 9223372036854775807. It stands in a value where the number stood, and
 * {@link jsonText} writes the digits that it came with. `isObject` does not take it for an object.
 *
 * Written by `JSON.stringify`, it is the nearest number that JavaScript has.
 */
export class ExactNumber {
  readonly #digits: string;

  /** @param digits a number as JSON has it */
  constructor(digits: string) {
    this.#digits = digits;
    mark ??= makeMark();
  }

  /** Its digits as they came. */
  toString(): string {
    return this.#digits;
  }

  toJSON(): string | number {
    hasMet = true;
    return isWriting && mark ? mark.text + this.#digits : Number(this.#digits);
  }
}

/** A number, to count or compare with, where it may be one that JavaScript would change; `undefined` for everything else. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value instanceof ExactNumber ? Number(value) : undefined;
}

/**
 * The value of a JSON text, in which a number that would not be the same any more is an {@link ExactNumber}.
 *
 * @throws SyntaxError for what is no JSON
 */
export function parseJson(text: string): unknown {
  if (!hasLongNumber(text)) return JSON.parse(text);
  const { text: start } = (mark ??= makeMark());
  const marked = withMarks(text, start);
  if (marked === undefined) return JSON.parse(text);
  try {
    return JSON.parse(marked, (_key, value: unknown) =>
      typeof value === 'string' && value.startsWith(start) ? new ExactNumber(value.slice(start.length)) : value,
    );
  } catch {
    // Expected: SyntaxError, of which the places count in the text itself; RangeError, a text nested deeper than anybody may send.
    return JSON.parse(text);
  }
}

/** The JSON text of a value, as `JSON.stringify` writes it, with all digits of each {@link ExactNumber}. */
export function jsonText(value: unknown, indent?: number): string {
  if (!mark) return JSON.stringify(value, null, indent);
  isWriting = true;
  hasMet = false;
  try {
    const text = JSON.stringify(value, null, indent);
    return hasMet ? text.replaceAll(mark.pattern, '$1') : text;
  } finally {
    isWriting = false;
  }
}

function makeMark(): Mark {
  const text = `${globalThis.crypto.randomUUID()}:`;
  return { text, pattern: new RegExp(`"${text}([^"]*)"`, 'g') };
}

/** Looks at every sixteenth character: so many in a row cannot lie between two of them. */
function hasLongNumber(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    let end = at + 1;
    while (start > 0 && isDigit(text.charCodeAt(start - 1))) start -= 1;
    while (end < text.length && isDigit(text.charCodeAt(end))) end += 1;
    if (end - start >= LONG) return true;
    at = end - 1;
  }
  return false;
}

function isDigit(code: number): boolean {
  return (code >= ZERO && code <= NINE) || code === POINT;
}

/** The same text with a marked string in place of each number that would change; `undefined` when there is none. */
function withMarks(text: string, start: string): string | undefined {
  let marked = '';
  let done = 0;
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    if (end - at >= LONG) {
      for (const { 0: number, index } of text.slice(at, end).matchAll(LONG_NUMBER)) {
        if (String(Number(number)) === number) continue;
        // What is no number, or stands where a key has to, stays a mistake.
        if (!NUMBER.test(number) || AS_KEY.test(text.slice(at + index + number.length, end))) continue;
        marked += `${text.slice(done, at + index)}"${start}${number}"`;
        done = at + index + number.length;
      }
    }
    at = quote < 0 ? end : afterString(text, quote);
  }
  return done === 0 ? undefined : marked + text.slice(done);
}

/** The first character after the string that begins at `quote`. */
function afterString(text: string, quote: number): number {
  for (let at = quote + 1; ; at += 1) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let first = at;
    while (text[first - 1] === '\\') first -= 1;
    if ((at - first) % 2 === 0) return at + 1;
  }
}
