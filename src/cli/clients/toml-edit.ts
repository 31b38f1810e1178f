import { parse, stringify } from 'smol-toml';
import { isRecord } from './client.ts';

/** A table with its header, up to the header of the next one. */
interface Block {
  readonly start: number;
  /** Behind its last line that says something: comments at the end belong to what follows. */
  readonly end: number;
  readonly path: readonly string[];
}

/**
 * The text with the table `path` holding `value`, or without it. Tables are added and taken away as a whole, with the tables in
 * them; other lines are not touched. `undefined` when the text has the table in a way that is no block of its own.
 */
export function editToml(text: string, path: readonly string[], value: unknown): string | undefined {
  const blocks = blocksOf(text);
  const own = blocks.filter((block) => path.every((key, index) => block.path[index] === key));
  if (value === undefined) return own.length > 0 ? cutAll(text, own) : undefined;
  if (!isRecord(value)) return undefined;
  const lineBreak = /\r\n|\n/.exec(text)?.[0] ?? '\n';
  const table = printTable(path, value).replaceAll('\n', lineBreak);
  const [first, ...rest] = own;
  if (first) {
    const others = cutAll(text, rest);
    return `${others.slice(0, first.start)}${table}${others.slice(first.end)}`;
  }
  if (text.trim() === '') return `${text}${table}${lineBreak}`;
  const ends = text.endsWith('\n') ? '' : lineBreak;
  return `${text}${ends}${lineBreak}${table}${lineBreak}`;
}

/** The table and those in it, each with its whole path as its header. */
function printTable(path: readonly string[], value: Readonly<Record<string, unknown>>): string {
  return stringify(path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)).trimEnd();
}

function cutAll(text: string, blocks: readonly Block[]): string {
  return [...blocks].reverse().reduce((result, { start, end }) => cut(result, start, end), text);
}

/** Takes a block away with its line break, and the empty line that set it off. */
function cut(text: string, start: number, end: number): string {
  const before = text.slice(0, start);
  const after = text.slice(end).replace(/^\r?\n/, '');
  if (before.trim() === '') return `${before}${after.replace(/^\r?\n/, '')}`;
  const isSetOff = after.trim() === '' || /^\r?\n/.test(after);
  return `${isSetOff ? before.replace(/\n\r?\n$/, '\n') : before}${after}`;
}

function blocksOf(text: string): Block[] {
  const headers = headersOf(text);
  return headers.map(({ at, path }, index) => {
    const next = headers[index + 1]?.at ?? text.length;
    return { start: at, end: at + lengthOfContent(text.slice(at, next)), path };
  });
}

/** Without the blank lines and comments at the end. */
function lengthOfContent(block: string): number {
  return block.replace(/(?:\r?\n[ \t]*(?:#[^\r\n]*)?)+$/, '').length;
}

/** The lines that begin a table. Brackets in strings and arrays are none. */
function headersOf(text: string): { at: number; path: readonly string[] }[] {
  const headers: { at: number; path: readonly string[] }[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  while (at < text.length) {
    const header = /^[ \t]*(\[\[?)((?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\]"'\n#])*)\]\]?/.exec(text.slice(at, at + 4096));
    if (header) headers.push({ at, path: keysOf(header[2] ?? '') });
    at = endOfStatement(text, at + (header?.[0].length ?? 0));
  }
  return headers;
}

const TOKEN = /"""(?:\\[^]|[^\\])*?"""+|'''[^]*?'''+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|[[\]{}]|\n|[^"'#[\]{}\n]+|["']/gy;

/** Behind the line break that ends the statement at `from`, which may go over several lines. */
function endOfStatement(text: string, from: number): number {
  let depth = 0;
  TOKEN.lastIndex = from;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [token] = match;
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    else if (token === '\n' && depth <= 0) return TOKEN.lastIndex;
  }
  return text.length;
}

/** `a."b.c".d` as its keys. */
function keysOf(header: string): string[] {
  const keys: string[] = [];
  let value: unknown;
  try {
    value = parse(`${header} = 1`);
  } catch {
    // Expected: the parser of the whole document has the last word on what is no key.
    return keys;
  }
  while (isRecord(value)) {
    const [key] = Object.keys(value);
    if (key === undefined) break;
    keys.push(key);
    value = value[key];
  }
  return keys;
}
