import { ExactNumber, numberIn, parseJson } from '../base/index.ts';

/** Reading of answers whose shape nobody has checked. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** The member of that name; `undefined` where there is none, or no object. */
export function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The text of that name; empty where there is none. */
export function textOf(value: unknown, name: string): string {
  const text = memberOf(value, name);
  return typeof text === 'string' ? text : '';
}

export function numberOf(value: unknown, name: string): number | undefined {
  return numberIn(memberOf(value, name));
}

/** The list of that name; empty where there is none. */
export function listOf(value: unknown, name: string): readonly unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? list : [];
}

/** The texts of a list, anything else left out. */
export function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((text): text is string => typeof text === 'string') : [];
}

/** The number that a person has typed, with all of its digits; NaN for what is none. JSON is stricter about how numbers are written. */
export function typedNumber(text: string): unknown {
  try {
    const value = parseJson(text.trim().replace(/^\+/, ''));
    if (numberIn(value) !== undefined) return value;
  } catch {
    // Expected: SyntaxError, as for `.5`.
  }
  return Number(text);
}
