const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
/** What is written in fewer characters than this, apart from sign and exponent, has few enough digits for any number of JavaScript. */
const LONG = 16;
/** What may be a number as long as that, or be part of a mistake. */
const LONG_NUMBER = /-?\d[\d.eE+-]{15,}/g;
/** RFC 8259, section 6: digits before the point and behind it, and the exponent. */
const NUMBER = /^-?(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** As many digits tell every double from its neighbours. */
const DIGITS_OF_DOUBLE = 17;
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
 * A number in JSON that a JavaScript number would change: an integer such as 9223372036854775807, a fraction of more than 17 digits. It stands
 * in a value where the number stood, and {@link jsonText} writes the digits that it came with. `isObject` does not take it for an object.
 *
 * Written by `JSON.stringify`, it is the nearest number that JavaScript has.
 */
export class ExactNumber {
  /** As they came; a number in JSON. A field like any other, so that two of them are compared by it. */
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
    mark ??= makeMark();
  }

  toString(): string {
    return this.digits;
  }

  toJSON(): string | number {
    hasMet = true;
    return isWriting && mark ? mark.text + this.digits : Number(this.digits);
  }
}

/** Whether two ids, or other simple values out of JSON, are the same. */
export function isSameValue(one: unknown, other: unknown): boolean {
  return one === other || (one instanceof ExactNumber && other instanceof ExactNumber && one.digits === other.digits);
}

/** A number, to count or compare with, where it may be one that JavaScript would change; `undefined` for everything else. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value instanceof ExactNumber ? Number(value) : undefined;
}

/**
 * The value of a JSON text, in which a number that would be another one is an {@link ExactNumber}.
 *
 * @throws SyntaxError for what is no JSON
 */
export function parseJson(text: string): unknown {
  if (!hasLongNumber(text)) return JSON.parse(text);
  const { text: start } = (mark ??= makeMark());
  const marked = withMarks(text, start);
  if (!marked) return JSON.parse(text);
  let value: unknown;
  try {
    value = JSON.parse(marked.text);
  } catch {
    // Expected: SyntaxError. The places that it names count in the text itself.
    return JSON.parse(text);
  }
  return withExactNumbers(value, start, marked.count);
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
function withMarks(text: string, start: string): { readonly text: string; readonly count: number } | undefined {
  let marked = '';
  let done = 0;
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    if (end - at >= LONG) {
      for (const { 0: number, index } of text.slice(at, end).matchAll(LONG_NUMBER)) {
        const behind = at + index + number.length;
        // What stands where a key has to stays a mistake.
        if (!isChanged(number) || AS_KEY.test(text.slice(behind, end))) continue;
        marked += `${text.slice(done, at + index)}"${start}${number}"`;
        done = behind;
        count += 1;
      }
    }
    at = quote < 0 ? end : afterString(text, quote);
  }
  return count === 0 ? undefined : { text: marked + text.slice(done), count };
}

/** Whether JavaScript would make another number of it. What is no number is not changed either. */
function isChanged(text: string): boolean {
  const near = String(Number(text));
  if (near === text) return false;
  const [own, other] = [decimalOf(text), decimalOf(near)];
  if (!own || (own.digits === other?.digits && own.power === other.power)) return false;
  return own.power >= 0 || own.digits.length > DIGITS_OF_DOUBLE;
}

/** The digits of a number without the zeros around them, and the power of ten of the last one; `undefined` for what is none. */
function decimalOf(text: string): { readonly digits: string; readonly power: number } | undefined {
  const parts = NUMBER.exec(text);
  if (!parts) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = parts;
  const all = (whole + fraction).replace(/^0+/, '');
  let end = all.length;
  while (end > 0 && all.charCodeAt(end - 1) === ZERO) end -= 1;
  return { digits: all.slice(0, end), power: end === 0 ? 0 : Number(exponent) - fraction.length + all.length - end };
}

/** Puts the numbers in place of the marked strings, of which there are so many at most. Nesting of any depth takes no stack. */
function withExactNumbers(root: unknown, start: string, count: number): unknown {
  const whole: unknown[] = [root];
  const holders: (unknown[] | Record<string, unknown>)[] = [whole];
  let left = count;
  const look = (value: unknown): ExactNumber | undefined => {
    if (Array.isArray(value) || isRecord(value)) holders.push(value);
    if (typeof value !== 'string' || !value.startsWith(start)) return undefined;
    left -= 1;
    return new ExactNumber(value.slice(start.length));
  };
  for (let holder = holders.pop(); holder; holder = holders.pop()) {
    if (left === 0) break;
    if (Array.isArray(holder)) {
      for (let at = 0; at < holder.length; at += 1) holder[at] = look(holder[at]) ?? holder[at];
      continue;
    }
    for (const key of Object.keys(holder)) {
      const number = look(holder[key]);
      if (number) holder[key] = number;
    }
  }
  return whole[0];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
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
