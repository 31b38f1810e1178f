import { isDeepStrictEqual } from 'node:util';
import { parse as parseToml, TomlError } from 'smol-toml';
import { HubError } from '../../base/index.ts';
import { type Diagnostic, diagnosticOf, editJson5, Json5SyntaxError, type Node, parseJson5 } from '../../config/index.ts';
import { type Client, isRecord, type Values, valueAt } from './client.ts';
import { editToml } from './toml-edit.ts';

/** The text of a config file, with what is needed to read it. */
export interface DocumentText {
  /** For messages. */
  readonly file: string;
  readonly format: Client['format'];
  readonly text: string;
}

/**
 * What the text says. An empty text is an empty document. Of a key that stands twice the last counts.
 *
 * @throws HubError CONFIG_ERROR with the place in `details.diagnostics`
 */
export function readDocument({ file, format, text }: DocumentText): Values {
  if (text.trim() === '') return {};
  const values = format === 'toml' ? readToml(file, text) : readJson(file, text);
  if (isRecord(values)) return values;
  throw unreadable({ severity: 'error', file, line: 1, column: 1, keyPath: '', message: 'The file must hold an object' });
}

/**
 * The text with `value` at `path`, or without it where `value` is `undefined`; everything else stays as it is, which is
 * proven by reading both.
 *
 * @throws HubError CONFIG_ERROR when the text cannot be read; CONFLICT when it cannot be changed in this place
 */
export function editDocument(document: DocumentText, path: readonly string[], value: unknown): string {
  const { file, format, text } = document;
  const before = readDocument(document);
  for (let depth = 1; depth < path.length; depth += 1) {
    const parent = valueAt(before, path.slice(0, depth));
    if (parent !== undefined && !isRecord(parent)) throw conflict(file, `"${path.slice(0, depth).join('.')}" is not an object there`);
  }
  const after = format === 'toml' ? editToml(text, path, value) : editJson(text, path, value);
  const wanted = [withValue(before, path, value)];
  // In TOML a table is there because of the tables in it: with the last of them it is gone.
  const outer = path.slice(0, -1);
  const isLast = Object.keys(Object(valueAt(before, outer))).length === 1;
  if (format === 'toml' && value === undefined && isLast) wanted.push(withValue(before, outer, undefined));
  const found = after === undefined ? undefined : tryRead({ ...document, text: after });
  if (after === undefined || !wanted.some((values) => isDeepStrictEqual(found, values))) {
    throw conflict(file, `"${path.join('.')}" is written in a way that cannot be changed without touching something else`);
  }
  return after;
}

function editJson(text: string, path: readonly string[], value: unknown): string {
  if (text.trim() !== '') return editJson5(text, path, value);
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  return `${mark}${editJson5('{}', path, value)}\n`;
}

function tryRead(document: DocumentText): Values | undefined {
  try {
    return readDocument(document);
  } catch {
    // Expected: the edit has broken the text; the caller says so.
    return undefined;
  }
}

function withValue(values: Values, [key, ...rest]: readonly string[], value: unknown): Values {
  if (key === undefined) return values;
  const inner = values[key];
  if (rest.length === 0) {
    const others = Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));
    return value === undefined ? others : { ...others, [key]: value };
  }
  if (inner === undefined && value === undefined) return values;
  return { ...values, [key]: withValue(isRecord(inner) ? inner : {}, rest, value) };
}

function readJson(file: string, text: string): unknown {
  try {
    return valueOf(parseJson5(text));
  } catch (error) {
    if (!(error instanceof Json5SyntaxError)) throw error;
    throw unreadable(diagnosticOf({ file, text }, { severity: 'error', at: error.at, keyPath: '', message: error.message }));
  }
}

function readToml(file: string, text: string): unknown {
  try {
    return plain(parseToml(text.replace(/^\uFEFF/, ''), { integersAsBigInt: 'asNeeded' }));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    // The rest of the message quotes the line, which may hold a secret.
    const message = (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, 'This is not TOML: ');
    throw unreadable({ severity: 'error', file, line, column, keyPath: '', message });
  }
}

/** Tables as objects like any other, whatever prototype the parser gives them. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)])) : value;
}

/** The value of a syntax tree. */
export function valueOf(node: Node): unknown {
  if (node.kind === 'array') return node.items.map(valueOf);
  if (node.kind === 'object') return Object.fromEntries(node.members.map(({ key, value }) => [key, valueOf(value)]));
  return node.kind === 'null' ? null : node.value;
}

function unreadable(diagnostic: Diagnostic): HubError {
  const { file, line, column, message } = diagnostic;
  const text = `${file}:${line}:${column}: ${message}. Correct the file, or leave it to the program it belongs to; it was not touched.`;
  return new HubError('CONFIG_ERROR', text, { details: { diagnostics: [diagnostic] } });
}

function conflict(file: string, problem: string): HubError {
  return new HubError('CONFLICT', `${file}: ${problem}. Edit the file by hand; it was not touched.`, { details: { file } });
}
