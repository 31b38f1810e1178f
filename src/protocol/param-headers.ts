import { ExactNumber } from '../base/index.ts';
import type { JsonObject, JsonValue } from './envelope.ts';
import { isObject } from './envelope.ts';

/**
 * `Mcp-Name` and `Mcp-Param-*` (spec 2026-07-28 basic/transports/streamable-http, "Custom Headers from Tool
 * Parameters"): values of the body mirrored into headers, so that what stands between can route on them.
 */
export interface HeaderParam {
  /** The header's own part: `Region` for `Mcp-Param-Region`. */
  readonly header: string;
  /** The chain of `properties` keys to the value in `arguments`. */
  readonly path: readonly string[];
  readonly type: 'string' | 'integer' | 'boolean';
}

const SENTINEL = /^=\?base64\?(.*)\?=$/s;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PLAIN = /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A text as a header value: as it is when it is plain ASCII, else in the base64 sentinel form. */
export function encodeHeaderValue(text: string): string {
  if (PLAIN.test(text) && !(text.startsWith('=?base64?') && text.endsWith('?='))) return text;
  return `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}

/** The text in a header value, or `undefined` when it has characters that no header may have or its sentinel form is broken. */
export function decodeHeaderValue(value: string): string | undefined {
  if (!value.startsWith('=?') && PLAIN.test(value)) return value;
  const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, '');
  if (!PLAIN.test(trimmed)) return undefined;
  const encoded = SENTINEL.exec(trimmed)?.[1];
  if (encoded === undefined) return trimmed;
  if (!BASE64.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}

/**
 * The `x-mcp-header` declarations of a tool's input schema, or the reason why they are invalid: such a tool must not
 * be offered from a modern HTTP server (same section, "Schema Extension").
 */
export function headerParamsOf(inputSchema: JsonValue | undefined): readonly HeaderParam[] | { readonly invalid: string } {
  const found: HeaderParam[] = [];
  const invalid = collect(inputSchema, { path: [], onChain: true, depth: 0 }, found);
  if (invalid !== undefined) return { invalid };
  const seen = new Set<string>();
  for (const { header } of found) {
    const lower = header.toLowerCase();
    if (seen.has(lower)) return { invalid: `x-mcp-header "${header}" is declared twice` };
    seen.add(lower);
  }
  return found;
}

/** Where in a schema the walk stands. */
interface Place {
  /** The `properties` keys so far. */
  readonly path: readonly string[];
  /** Whether only `properties` keys lead here. */
  readonly onChain: boolean;
  readonly depth: number;
}

/** Deeper than any schema that a person wrote; far from what would exhaust the stack. */
const MAX_DEPTH = 200;

/** Walks a schema; annotations count only on a chain of `properties`, anywhere else they make the tool invalid. */
function collect(schema: JsonValue | undefined, { path, onChain, depth }: Place, found: HeaderParam[]): string | undefined {
  if (depth > MAX_DEPTH) return `the schema is nested more than ${MAX_DEPTH} levels deep`;
  const offChain: Place = { path, onChain: false, depth: depth + 1 };
  if (Array.isArray(schema)) return firstOf(schema, (part) => collect(part, offChain, found));
  if (!isObject(schema)) return undefined;
  const problem = declare(schema, path, onChain && path.length > 0, found);
  if (problem !== undefined) return problem;
  return firstOf(Object.entries(schema), ([key, value]) => {
    if (key === 'properties' && isObject(value)) {
      return firstOf(Object.entries(value), ([name, property]) =>
        collect(property, { path: [...path, name], onChain, depth: depth + 1 }, found),
      );
    }
    if (key === 'x-mcp-header' || NOT_SCHEMAS.has(key)) return undefined;
    return collect(value, offChain, found);
  });
}

/** Keywords whose values are data, not schemas. */
const NOT_SCHEMAS: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required']);

function declare(schema: JsonObject, path: readonly string[], onChain: boolean, found: HeaderParam[]): string | undefined {
  const header = schema['x-mcp-header'];
  if (header === undefined) return undefined;
  const where = path.join('.') || 'the root';
  if (typeof header !== 'string' || !TOKEN.test(header)) return `x-mcp-header at ${where} is not a header name`;
  if (!onChain) return `x-mcp-header "${header}" does not stand on a plain property`;
  const { type } = schema;
  if (type !== 'string' && type !== 'integer' && type !== 'boolean') {
    return `x-mcp-header "${header}" at ${where} needs type string, integer or boolean`;
  }
  found.push({ header, path, type });
  return undefined;
}

function firstOf<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function valueAt(args: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = args;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value ?? undefined;
}

/** The `Mcp-Param-*` headers that a `tools/call` with these arguments must carry. */
export function paramHeaders(params: readonly HeaderParam[], args: JsonValue | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { header, path } of params) {
    const value = valueAt(args, path);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value instanceof ExactNumber) {
      headers[`Mcp-Param-${header}`] = encodeHeaderValue(String(value));
    }
  }
  return headers;
}

const DECIMAL = /^-?\d+(?:\.0+)?$/;

/** Integers are compared as numbers where that is exact (same page, "Server Validation"), everything else as text. */
function equals(text: string, value: JsonValue, type: HeaderParam['type']): boolean {
  if (type === 'integer' && Number.isSafeInteger(value)) return DECIMAL.test(text) && Number(text) === value;
  return text === String(value);
}

/** Compares received `Mcp-Param-*` headers with the arguments; the reason of the first disagreement, else `undefined`. */
export function paramHeaderMismatch(
  params: readonly HeaderParam[],
  args: JsonValue | undefined,
  header: (name: string) => string | undefined,
): string | undefined {
  return firstOf(params, ({ header: name, path, type }) => {
    const full = `Mcp-Param-${name}`;
    const expected = valueAt(args, path);
    const received = header(full.toLowerCase());
    if (expected === undefined)
      return received === undefined ? undefined : `${full} is present but the arguments have no ${path.join('.')}`;
    if (received === undefined) return `${full} is missing although the arguments have ${path.join('.')}`;
    const decoded = decodeHeaderValue(received);
    if (decoded === undefined) return `${full} has characters that no header may have, or broken base64`;
    return equals(decoded, expected, type) ? undefined : `${full} does not match ${path.join('.')} in the body`;
  });
}
