import { ExactNumber } from '../base/index.ts';
import { BLANK, type Member, type Node, type ObjectNode, parseJson5 } from './json5.ts';
import { indentOfLine, isOnLines, type Layout, layoutOf, lineIndent, printJson } from './json5-layout.ts';

/**
 * The text with `value` at `path` (the keys from the root down), and everything else as it was: comments, white space, quotes
 * and commas. Objects on the way are made where they are missing. Where an object stands in the place of an object, only
 * what differs is touched, so that the comments in it stay; `undefined` takes the member away.
 *
 * @throws Json5SyntaxError when the text is not JSON5, TypeError when something on the way is not an object
 */
export function editJson5(text: string, path: readonly string[], value: unknown): string {
  const root = parseJson5(text);
  const layout = layoutOf(text, root);
  let node: Node = root;
  for (const [depth, key] of path.entries()) {
    if (node.kind !== 'object') throw new TypeError(`${depth === 0 ? 'The document' : JSON.stringify(path[depth - 1])} is not an object.`);
    const parent: ObjectNode = node;
    const member = memberOf(parent, key);
    const rest = path.slice(depth + 1);
    if (!member) return value === undefined ? text : insert(text, layout, parent, key, nested(rest, value));
    if (rest.length > 0) node = member.value;
    else if (value === undefined) return removeEvery(text, path, parent, member);
    else return replace(text, path, layout, member, value);
  }
  return text;
}

/** The one of that key that counts: of several, the last. */
function memberOf(node: ObjectNode, key: string): Member | undefined {
  return node.members.findLast((member) => member.key === key);
}

function nested(path: readonly string[], value: unknown): unknown {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

function replace(text: string, path: readonly string[], layout: Layout, { keyAt, value: node }: Member, value: unknown): string {
  if (node.kind === 'object' && isRecord(value)) return merge(text, path, node, value);
  if (isSame(node, value)) return text;
  if (node.kind === 'array' && Array.isArray(value) && node.items.length === value.length)
    return replaceItems(text, layout, node.items, value);
  return splice(text, node.at, node.end, printJson(value, layout, indentOfLine(text, keyAt)));
}

function merge(text: string, path: readonly string[], node: ObjectNode, wanted: Readonly<Record<string, unknown>>): string {
  const gone = node.members.map(({ key }) => key).filter((key) => !Object.hasOwn(wanted, key));
  const changes: [string, unknown][] = [...new Set(gone)].map((key) => [key, undefined]);
  return [...changes, ...Object.entries(wanted)].reduce((result, [key, value]) => editJson5(result, [...path, key], value), text);
}

/** From the last to the first, so that no place moves before its turn. */
function replaceItems(text: string, layout: Layout, items: readonly Node[], wanted: readonly unknown[]): string {
  return items.reduceRight((result, item, index) => {
    if (isSame(item, wanted[index])) return result;
    return splice(result, item.at, item.end, printJson(wanted[index], layout, indentOfLine(result, item.at)));
  }, text);
}

function insert(text: string, layout: Layout, parent: ObjectNode, key: string, value: unknown): string {
  const last = parent.members.at(-1);
  if (!last) return insertFirst(text, layout, parent, key, value);
  if (!isOnLines(text, parent)) {
    const added = `${JSON.stringify(key)}: ${printJson(value, layout, undefined)}`;
    const comma = commaAfter(text, last.value.end);
    return comma === undefined
      ? splice(text, last.value.end, last.value.end, `, ${added}`)
      : splice(text, comma + 1, comma + 1, ` ${added},`);
  }
  const indent = indentOfLine(text, last.keyAt) ?? lineIndent(text, last.keyAt);
  const added = `${layout.lineBreak}${indent}${JSON.stringify(key)}: ${printJson(value, layout, indent)}`;
  const comma = commaAfter(text, last.value.end);
  // Behind the comment that ends the line of the last member, which is about that member.
  const behind = endOfLine(text, comma === undefined ? last.value.end : comma + 1);
  if (comma !== undefined) return splice(text, behind, behind, `${added},`);
  return splice(splice(text, behind, behind, added), last.value.end, last.value.end, ',');
}

/** Into an object without members, which may hold comments. */
function insertFirst(text: string, layout: Layout, parent: ObjectNode, key: string, value: unknown): string {
  const outer = lineIndent(text, parent.at);
  const indent = outer + layout.unit;
  const inside = text.slice(parent.at + 1, parent.end - 1);
  const added = `${layout.lineBreak}${indent}${JSON.stringify(key)}: ${printJson(value, layout, indent)}${layout.lineBreak}${outer}`;
  return splice(text, parent.at + 1, parent.end - 1, `${inside.trimEnd()}${added}`);
}

/** Takes away every member of that key, each with its comma and the comment that ends its line. */
function removeEvery(text: string, path: readonly string[], parent: ObjectNode, member: Member): string {
  const result = removeOne(text, parent, member);
  const hasMore = parent.members.some((one) => one !== member && one.key === member.key);
  return hasMore ? editJson5(result, path, undefined) : result;
}

function removeOne(text: string, { members }: ObjectNode, member: Member): string {
  const index = members.indexOf(member);
  const comma = commaAfter(text, member.value.end);
  const end = comma === undefined ? member.value.end : comma + 1;
  const result = cut(text, member.keyAt, end, index === members.length - 1);
  const previous = members[index - 1];
  // The last one without a comma of its own: the comma before it has nothing to part any more.
  const before = comma === undefined && previous ? commaAfter(text, previous.value.end) : undefined;
  return before === undefined ? result : splice(result, before, before + 1, '');
}

/** Cuts from `start` to `end`, with the whole line where nothing but a comment is left of it, else with the space on one side. */
function cut(text: string, start: number, end: number, isLast: boolean): string {
  const indent = indentOfLine(text, start);
  const lineEnd = endOfLine(text, end);
  const isWholeLine = indent !== undefined && (lineEnd === text.length || /[\r\n]/.test(text[lineEnd] ?? ''));
  if (isWholeLine) {
    const lineStart = start - indent.length;
    const lineBreak = /\r\n$|[\n\r]$/.exec(text.slice(0, lineStart))?.[0] ?? '';
    return splice(text, lineStart - lineBreak.length, lineEnd, '');
  }
  const isBehindComma = isLast && /,[ \t]*$/.test(text.slice(0, start));
  if (isBehindComma) return splice(text, text.slice(0, start).trimEnd().length, end, '');
  return splice(text, start, end + (/^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0), '');
}

/** Where the comma behind a value stands, if there is one. */
function commaAfter(text: string, end: number): number | undefined {
  BLANK.lastIndex = end;
  const at = BLANK.test(text) ? BLANK.lastIndex : end;
  return text[at] === ',' ? at : undefined;
}

/** The end of the line behind `at`, when only white space and a comment stand there; else `at` itself. */
function endOfLine(text: string, at: number): number {
  const rest = /^[ \t]*(?:\/\*(?:(?!\*\/)[^\r\n])*\*\/[ \t]*)*(?:\/\/[^\r\n]*)?(?=[\r\n]|$)/.exec(text.slice(at));
  return rest ? at + rest[0].length : at;
}

function splice(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

function isSame(node: Node, value: unknown): boolean {
  switch (node.kind) {
    case 'object':
      return false;
    case 'array':
      return Array.isArray(value) && value.length === node.items.length && node.items.every((item, index) => isSame(item, value[index]));
    case 'null':
      return value === null;
    case 'number':
      return value instanceof ExactNumber ? node.text === value.digits : node.value === value;
    default:
      return node.value === value;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
