import { ExactNumber } from '../base/index.ts';
import type { Node, ObjectNode } from './json5.ts';

/** How a document is laid out, so that what is added looks like what is there. */
export interface Layout {
  /** One step of indentation. */
  readonly unit: string;
  readonly lineBreak: string;
}

/** Arrays of plain values up to this many characters stay on one line. */
const MAX_FLAT_ARRAY = 100;

export function layoutOf(text: string, root: Node): Layout {
  const lineBreak = /\r\n|\n|\r/.exec(text)?.[0] ?? '\n';
  const first = root.kind === 'object' ? root.members[0]?.keyAt : undefined;
  const indent = first === undefined ? undefined : indentOfLine(text, first);
  return { unit: indent === undefined || indent === '' ? '  ' : indent, lineBreak };
}

/** The white space before the first thing on the line of `at`; `undefined` when something else stands before `at` on it. */
export function indentOfLine(text: string, at: number): string | undefined {
  return /(?:^|[\r\n\uFEFF])([ \t]*)$/.exec(text.slice(0, at))?.[1];
}

/** The indentation of the line on which `at` stands, whatever comes before it on the line. */
export function lineIndent(text: string, at: number): string {
  return /(?:^|[\r\n])\uFEFF?([ \t]*)[^\r\n]*$/.exec(text.slice(0, at))?.[1] ?? '';
}

/** Whether the members of an object stand on lines of their own. An object without any is laid out like the document. */
export function isOnLines(text: string, node: ObjectNode): boolean {
  const [first] = node.members;
  return first ? indentOfLine(text, first.keyAt) !== undefined : true;
}

/** JSON text of a value. `indent` is that of the line on which it begins; `undefined` puts everything on one line. */
export function printJson(value: unknown, layout: Layout, indent: string | undefined): string {
  if (Array.isArray(value))
    return printList(
      '[',
      ']',
      value.map((item) => asJson(item)),
      layout,
      indent,
    );
  if (value instanceof ExactNumber) return value.digits;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (members.length === 0) return '{}';
  if (indent === undefined)
    return `{ ${members.map(([key, inner]) => `${JSON.stringify(key)}: ${printJson(inner, layout, indent)}`).join(', ')} }`;
  const inside = indent + layout.unit;
  const lines = members.map(([key, inner]) => `${inside}${JSON.stringify(key)}: ${printJson(inner, layout, inside)}`);
  return `{${layout.lineBreak}${lines.join(`,${layout.lineBreak}`)}${layout.lineBreak}${indent}}`;
}

function printList(open: string, close: string, items: readonly unknown[], layout: Layout, indent: string | undefined): string {
  const flat = `${open}${items.map((item) => printJson(item, layout, undefined)).join(', ')}${close}`;
  const isPlain = items.every((item) => typeof item !== 'object' || item === null || item instanceof ExactNumber);
  if (indent === undefined || items.length === 0 || (isPlain && flat.length <= MAX_FLAT_ARRAY)) return flat;
  const inside = indent + layout.unit;
  const lines = items.map((item) => `${inside}${printJson(item, layout, inside)}`);
  return `${open}${layout.lineBreak}${lines.join(`,${layout.lineBreak}`)}${layout.lineBreak}${indent}${close}`;
}

/** What JSON makes of an item of an array: nothing is `null` there. */
function asJson(item: unknown): unknown {
  return item === undefined ? null : item;
}
