/**
 * JSON5 (https://spec.json5.org) with the place of every value and key, so that each diagnostic can point at its cause.
 * The result is a tree and not a JavaScript value: duplicate keys stay visible, and `__proto__` is a key like any other.
 */

interface NodeBase {
  /** Offset of the first character, in UTF-16 units. */
  readonly at: number;
  /** Offset behind the last character. */
  readonly end: number;
}

interface StringNode extends NodeBase {
  readonly kind: 'string';
  readonly value: string;
}

interface NumberNode extends NodeBase {
  readonly kind: 'number';
  readonly value: number;
  /** As written: digits that a JavaScript number cannot hold are not lost. */
  readonly text: string;
}

export interface Member {
  readonly key: string;
  readonly keyAt: number;
  readonly value: Node;
}

export interface ObjectNode extends NodeBase {
  readonly kind: 'object';
  readonly members: readonly Member[];
}

interface ArrayNode extends NodeBase {
  readonly kind: 'array';
  readonly items: readonly Node[];
}

export type Node =
  | StringNode
  | NumberNode
  | ObjectNode
  | ArrayNode
  | (NodeBase & { readonly kind: 'boolean'; readonly value: boolean })
  | (NodeBase & { readonly kind: 'null' });

/** Text that is not JSON5. `at` is the offset of the character in question. */
export class Json5SyntaxError extends Error {
  override readonly name = 'Json5SyntaxError';
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Deeper nesting than any configuration has; keeps a hostile file from exhausting the stack. */
const MAX_DEPTH = 100;

/** White space and comments. */
export const BLANK = /(?:[\s\uFEFF]|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)+/y;
const NUMBER = /[+-]?(?:0[xX][0-9a-fA-F]+|Infinity|NaN|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y;
const WORD = /(?:[\p{ID_Start}$_]|\\u[0-9a-fA-F]{4})(?:[\p{ID_Continue}$\u200C\u200D]|\\u[0-9a-fA-F]{4})*/uy;
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200C\u200D]*$/u;
const PLAIN = { '"': /[^"\\\n\r]+/y, "'": /[^'\\\n\r]+/y } as const;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(\r\n|[\n\r\u2028\u2029])|(0)(?!\d)|([^xu0-9\n\r\u2028\u2029]))/uy;
const NAMED_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/** @throws Json5SyntaxError */
export function parseJson5(text: string): Node {
  return new Parser(text).document();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Node {
    this.#skipBlank();
    if (this.#at >= this.#text.length) throw new Json5SyntaxError('The file is empty; an object was expected', 0);
    const node = this.#value(0);
    this.#skipBlank();
    if (this.#at < this.#text.length) throw this.#unexpected('the end of the file');
    return node;
  }

  #value(depth: number): Node {
    if (depth > MAX_DEPTH) throw new Json5SyntaxError(`Nested more than ${MAX_DEPTH} levels deep`, this.#at);
    const at = this.#at;
    const next = this.#text[at];
    if (next === '{') {
      const members = this.#list('}', () => this.#member(depth));
      return { kind: 'object', at, members, end: this.#at };
    }
    if (next === '[') {
      const items = this.#list(']', () => this.#value(depth + 1));
      return { kind: 'array', at, items, end: this.#at };
    }
    if (next === '"' || next === "'") {
      const value = this.#string(next);
      return { kind: 'string', at, value, end: this.#at };
    }
    const number = this.#match(NUMBER)?.[0];
    if (number !== undefined) return { kind: 'number', at, value: this.#number(number), text: number, end: this.#at };
    return this.#word(at);
  }

  #word(at: number): Node {
    const word = this.#match(WORD)?.[0];
    if (word === 'true' || word === 'false') return { kind: 'boolean', at, value: word === 'true', end: this.#at };
    if (word === 'null') return { kind: 'null', at, end: this.#at };
    // What stands there is not quoted in the message: it may be a secret whose quotes were forgotten.
    if (word !== undefined) throw new Json5SyntaxError('A string must stand in quotes', at);
    throw this.#unexpected('a value');
  }

  #member(depth: number): Member {
    const keyAt = this.#at;
    const key = this.#key();
    this.#skipBlank();
    if (this.#text[this.#at] !== ':') throw this.#unexpected('":" after the key');
    this.#at += 1;
    this.#skipBlank();
    return { key, keyAt, value: this.#value(depth + 1) };
  }

  #key(): string {
    const at = this.#at;
    const next = this.#text[at];
    if (next === '"' || next === "'") return this.#string(next);
    const word = this.#match(WORD)?.[0];
    if (word === undefined) throw this.#unexpected('a key or "}"');
    const key = word.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (!IDENTIFIER.test(key)) throw new Json5SyntaxError('A key with such characters must stand in quotes', at);
    return key;
  }

  /** The items between an opening bracket, where the parser stands, and `close`; a trailing comma is fine. */
  #list<T>(close: '}' | ']', item: () => T): T[] {
    const openAt = this.#at;
    const items: T[] = [];
    this.#at += 1;
    for (;;) {
      this.#skipBlank();
      if (this.#text[this.#at] === close) break;
      this.#endsInside(openAt);
      items.push(item());
      this.#skipBlank();
      if (this.#text[this.#at] === close) break;
      this.#endsInside(openAt);
      if (this.#text[this.#at] !== ',') throw this.#unexpected(`"," or "${close}"`);
      this.#at += 1;
    }
    this.#at += 1;
    return items;
  }

  #endsInside(openAt: number): void {
    if (this.#at < this.#text.length) return;
    throw new Json5SyntaxError(`The "${this.#text[openAt]}" that opens here is never closed`, openAt);
  }

  #string(quote: '"' | "'"): string {
    const openAt = this.#at;
    let value = '';
    this.#at += 1;
    while (this.#text[this.#at] !== quote) {
      const plain = this.#match(PLAIN[quote])?.[0];
      if (plain !== undefined) value += plain;
      else if (this.#text[this.#at] === '\\') value += this.#escape();
      else throw new Json5SyntaxError('The string that opens here is not closed on its line', openAt);
    }
    this.#at += 1;
    return value;
  }

  #escape(): string {
    const at = this.#at;
    const match = this.#match(ESCAPE);
    if (!match) throw new Json5SyntaxError('Not an escape sequence; a backslash itself is written "\\\\"', at);
    const [, byte, unit, lineBreak, zero, character = ''] = match;
    const hex = byte ?? unit;
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (lineBreak !== undefined) return '';
    if (zero !== undefined) return '\0';
    return NAMED_ESCAPES.get(character) ?? character;
  }

  #number(text: string): number {
    if (this.#match(WORD) || this.#text[this.#at] === '.' || /\d/.test(this.#text[this.#at] ?? '')) {
      throw new Json5SyntaxError('Not a number', this.#at - 1);
    }
    return text.startsWith('-') ? -Number(text.slice(1)) : Number(text.replace('+', ''));
  }

  #skipBlank(): void {
    this.#match(BLANK);
    if (this.#text.startsWith('/*', this.#at)) throw new Json5SyntaxError('The comment that opens here is never closed', this.#at);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match ?? undefined;
  }

  #unexpected(expected: string): Json5SyntaxError {
    const character = this.#text.codePointAt(this.#at);
    const found = character === undefined ? 'the file ends' : `${quoted(String.fromCodePoint(character))} stands`;
    return new Json5SyntaxError(`Expected ${expected}, but ${found} here`, this.#at);
  }
}

/** A character in quotation marks that are not the character itself. */
function quoted(character: string): string {
  return character === '"' ? `'"'` : `"${character}"`;
}
