import { jsonText } from '../base/index.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/index.ts';

/** The same text for the same JSON value, whatever the order of its keys. */
export function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  return isObject(value) ? canonicalObject(value) : jsonText(value);
}

function canonicalObject(object: JsonObject): string {
  const parts: string[] = [];
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    if (value !== undefined) parts.push(`${JSON.stringify(key)}:${canonical(value)}`);
  }
  return `{${parts.join(',')}}`;
}
