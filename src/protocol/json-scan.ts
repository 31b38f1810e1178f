import { MAX_NESTING } from './nesting.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const BAD = -1;
/** So many bytes of a text are looked at one by one before the rest is searched: a search costs as much as that to begin. */
const SHORT_TEXT = 48;

const [OPEN, NEXT, CLOSE] = [Buffer.from('{'), Buffer.from(','), Buffer.from('}')] as const;

/** Places in a member: of its key with the quotes, and of its value. */
const FIELDS = 4;

/**
 * Where the members of a JSON object stand in its bytes, found without making values of them. What is between values is checked
 * as a parser does; inside of texts only their end is looked for, which the machine does many bytes at a time.
 */
export class Members {
  readonly bytes: Buffer;
  /** The first byte of the object … */
  readonly start: number;
  /** … and the first byte after it. */
  end = BAD;
  /** Those of the object that one of the members is. @see scanObject */
  opened: Members | undefined;
  readonly #places: number[] = [];
  readonly #open: string | undefined;

  constructor(bytes: Buffer, start: number, open?: string) {
    this.bytes = bytes;
    this.start = start;
    this.#open = open;
  }

  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  add(keyStart: number, keyEnd: number, start: number, end: number): void {
    this.#places.push(keyStart, keyEnd, start, end);
  }

  /** Finds where the value of a member ends, and adds it. @returns the first byte after it */
  take(keyStart: number, keyEnd: number, start: number, depth: number): number {
    const { bytes } = this;
    const isOpen = this.#open !== undefined && bytes[start] === OPEN_OBJECT && isKey(bytes, keyStart, keyEnd, this.#open);
    if (isOpen) this.opened = scanObject(bytes, start, undefined, depth + 1);
    const end = isOpen ? (this.opened?.end ?? BAD) : skipValue(bytes, start, depth + 1);
    if (end !== BAD) this.add(keyStart, keyEnd, start, end);
    return end;
  }

  has(key: string): boolean {
    return this.#find(key) !== BAD;
  }

  /** The JSON text of a member's value; of a key that comes twice, the last one counts. */
  text(key: string): string | undefined {
    const at = this.#find(key);
    return at === BAD ? undefined : this.bytes.toString('utf8', this.#places[at + 2], this.#places[at + 3]);
  }

  /** The JSON text of the object without these members; a copy. */
  without(keys: readonly string[]): Buffer {
    const parts: Buffer[] = [];
    for (let at = 0; at < this.#places.length; at += FIELDS) {
      const [keyStart = 0, keyEnd = 0, , end] = this.#places.slice(at, at + FIELDS);
      if (keys.some((key) => isKey(this.bytes, keyStart, keyEnd, key))) continue;
      parts.push(parts.length === 0 ? OPEN : NEXT, this.bytes.subarray(keyStart, end));
    }
    return Buffer.concat(parts.length === 0 ? [OPEN, CLOSE] : [...parts, CLOSE]);
  }

  #find(key: string): number {
    for (let at = this.#places.length - FIELDS; at >= 0; at -= FIELDS) {
      if (isKey(this.bytes, this.#places[at] ?? 0, this.#places[at + 1] ?? 0, key)) return at;
    }
    return BAD;
  }
}

/**
 * The members of the object that begins at `at`; `undefined` when that is no JSON object, or one that is nested deeper than
 * {@link MAX_NESTING}.
 *
 * @param open the member of which the members are wanted as well, when it is an object
 * @param depth how many lists and objects it is in
 */
export function scanObject(bytes: Buffer, at: number, open?: string, depth = 0): Members | undefined {
  if (bytes[at] !== OPEN_OBJECT) return undefined;
  const members = new Members(bytes, at, open);
  members.end = skipObject(bytes, at, depth, members);
  return members.end === BAD ? undefined : members;
}

/** The first byte from `at` on that is no white space. */
export function afterSpace(bytes: Buffer, at: number): number {
  let next = at;
  for (;;) {
    const byte = bytes[next];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return next;
    next += 1;
  }
}

/** The first byte after the value that begins at `at`. */
function skipValue(bytes: Buffer, at: number, depth: number): number {
  const byte = bytes[at];
  if (byte === QUOTE) return skipText(bytes, at);
  if (byte === OPEN_OBJECT) return depth < MAX_NESTING ? skipObject(bytes, at, depth) : BAD;
  if (byte === OPEN_LIST) return depth < MAX_NESTING ? skipList(bytes, at, depth) : BAD;
  return skipScalar(bytes, at);
}

/** @param into gets to know each member */
function skipObject(bytes: Buffer, at: number, depth: number, into?: Members): number {
  let next = afterSpace(bytes, at + 1);
  if (bytes[next] === CLOSE_OBJECT) return next + 1;
  for (;;) {
    const keyEnd = skipText(bytes, next);
    const colon = keyEnd === BAD ? BAD : afterSpace(bytes, keyEnd);
    if (bytes[colon] !== COLON) return BAD;
    const start = afterSpace(bytes, colon + 1);
    const end = into ? into.take(next, keyEnd, start, depth) : skipValue(bytes, start, depth + 1);
    if (end === BAD) return BAD;
    const after = afterSpace(bytes, end);
    if (bytes[after] === CLOSE_OBJECT) return after + 1;
    if (bytes[after] !== COMMA) return BAD;
    next = afterSpace(bytes, after + 1);
  }
}

function skipList(bytes: Buffer, at: number, depth: number): number {
  let next = afterSpace(bytes, at + 1);
  if (bytes[next] === CLOSE_LIST) return next + 1;
  for (;;) {
    const end = skipValue(bytes, next, depth + 1);
    if (end === BAD) return BAD;
    const after = afterSpace(bytes, end);
    if (bytes[after] === CLOSE_LIST) return after + 1;
    if (bytes[after] !== COMMA) return BAD;
    next = afterSpace(bytes, after + 1);
  }
}

function skipText(bytes: Buffer, at: number): number {
  if (bytes[at] !== QUOTE) return BAD;
  let next = at + 1;
  for (const short = next + SHORT_TEXT; next < short; next += 1) {
    const byte = bytes[next];
    if (byte === QUOTE) return next + 1;
    if (byte === undefined || byte < 0x20) return BAD;
    if (byte === BACKSLASH) next += 1;
  }
  for (;;) {
    const quote = bytes.indexOf(QUOTE, next);
    if (quote < 0) return BAD;
    if (!isEscaped(bytes, quote, next)) return quote + 1;
    next = quote + 1;
  }
}

/** Whether an odd number of backslashes stands in front of it; those before `from` belong to what is in front of that. */
function isEscaped(bytes: Buffer, at: number, from: number): boolean {
  let first = at;
  while (first > from && bytes[first - 1] === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

/** A number, or one of the three words. */
function skipScalar(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case 0x74:
      return skipWord(bytes, at, TRUE);
    case 0x66:
      return skipWord(bytes, at, FALSE);
    case 0x6e:
      return skipWord(bytes, at, NULL);
    default:
      return skipNumber(bytes, at);
  }
}

const [TRUE, FALSE, NULL] = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')] as const;

function skipWord(bytes: Buffer, at: number, word: Buffer): number {
  for (let place = 0; place < word.length; place += 1) if (bytes[at + place] !== word[place]) return BAD;
  return at + word.length;
}

/** `-`, digits of which a zero stands alone, a fraction, an exponent (RFC 8259, 6). */
function skipNumber(bytes: Buffer, at: number): number {
  const first = bytes[at] === 0x2d ? at + 1 : at;
  let end = afterDigits(bytes, first);
  if (end === first || (bytes[first] === 0x30 && end > first + 1)) return BAD;
  if (bytes[end] === 0x2e) {
    const fraction = end + 1;
    end = afterDigits(bytes, fraction);
    if (end === fraction) return BAD;
  }
  if (bytes[end] !== 0x65 && bytes[end] !== 0x45) return end;
  const sign = bytes[end + 1];
  const exponent = sign === 0x2b || sign === 0x2d ? end + 2 : end + 1;
  end = afterDigits(bytes, exponent);
  return end === exponent ? BAD : end;
}

function afterDigits(bytes: Buffer, at: number): number {
  let end = at;
  for (let byte = bytes[end]; byte !== undefined && byte >= 0x30 && byte <= 0x39; byte = bytes[end]) end += 1;
  return end;
}

/** Whether the text with its quotes is this key. A broken escape makes it no key at all. */
function isKey(bytes: Buffer, start: number, end: number, key: string): boolean {
  let at = start + 1;
  for (let place = 0; place < key.length; place += 1, at += 1) {
    const byte = bytes[at];
    if (byte === BACKSLASH || (byte ?? 0) >= 0x80) return isWrittenKey(bytes.toString('utf8', start, end), key);
    if (byte !== key.charCodeAt(place)) return false;
  }
  return at === end - 1;
}

function isWrittenKey(text: string, key: string): boolean {
  try {
    return JSON.parse(text) === key;
  } catch {
    // Expected: SyntaxError, an escape that JSON does not have.
    return false;
  }
}
