import { ExactNumber } from '../../base/index.ts';
import { isObject, memberOf, textOf } from '../json.ts';

/** What a header can hold as it is: nothing, or visible ASCII with spaces inside. */
const PLAIN = /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/;

/** A text as a header value, in base64 where it is not plain (MCP 2026-07-28, basic/transports/streamable-http). */
export function encodeHeaderValue(text: string): string {
  const isPlain = PLAIN.test(text) && !(text.startsWith('=?base64?') && text.endsWith('?='));
  return isPlain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}

/** `Mcp-Param-*` for the arguments whose schema has `x-mcp-header` (same page, "Custom Headers from Tool Parameters"). */
export function paramHeaders(schema: unknown, args: unknown): Readonly<Record<string, string>> {
  const properties = memberOf(schema, 'properties');
  const headers: Record<string, string> = {};
  for (const [name, property] of Object.entries(isObject(properties) ? properties : {})) {
    const value = memberOf(args, name);
    const header = textOf(property, 'x-mcp-header');
    if (isObject(value)) Object.assign(headers, paramHeaders(property, value));
    else if (header !== '' && isSimple(value)) headers[`Mcp-Param-${header}`] = encodeHeaderValue(String(value));
  }
  return headers;
}

function isSimple(value: unknown): value is string | number | boolean | ExactNumber {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value instanceof ExactNumber;
}
