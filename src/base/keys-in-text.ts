/** How the keys that the hub makes begin. */
export const KEY_PREFIX = 'mcphub_';

/** With its id, or what is left of one without. */
const KEY = new RegExp(`(${KEY_PREFIX}(?:owner_|[0-9a-z]{8}_))[\\w-]+|(${KEY_PREFIX})[0-9A-Za-z]{16,}`, 'g');

/** A text in which somebody may have given a key for something else, as it may be shown: of a key no more than its id. */
export function withoutKeys(text: string): string {
  return text.includes(KEY_PREFIX) ? text.replace(KEY, '$1$2…') : text;
}

/** The same for facts in plain JSON, through and through. */
export function factsWithoutKeys(facts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, valueWithoutKeys(value)]));
}

function valueWithoutKeys(value: unknown): unknown {
  if (typeof value === 'string') return withoutKeys(value);
  if (Array.isArray(value)) return value.map(valueWithoutKeys);
  return isPlain(value) ? factsWithoutKeys(value) : value;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
