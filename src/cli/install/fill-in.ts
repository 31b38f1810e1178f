import { HubError } from '../../base/index.ts';
import type { Installation, Parameter } from '../../hub/index.ts';
import { isObject, type JsonObject } from '../json.ts';

/** The values by parameter; an optional one that is left out is absent. */
export type Values = ReadonlyMap<string, readonly string[]>;

/** What would run a command, or send a file or a stored secret of the person's somewhere: never taken from a registry. */
const REACHES_OUT = /\$\{\s*(?:cmd|file|keyring):|\$<cmd:|^\$:/;

/**
 * The server entry of an installation with the values in the place of its `${KEY}`. What holds a value that was left out is
 * left out itself: an argument with the flag in front of it, a variable, a header.
 *
 * @throws HubError VALIDATION_ERROR when the registry's entry cannot be used
 */
export function fillIn({ name, config, parameters }: Installation, values: Values): JsonObject {
  const entry = parse(name, config, suggestions(parameters));
  const fill = new Filling(parameters, values);
  const filled = Object.fromEntries(
    Object.entries(entry).flatMap(([key, value]) => {
      if (key === 'args' && Array.isArray(value)) return [[key, fill.list(value)]];
      if ((key !== 'env' && key !== 'headers') || !isObject(value)) return [[key, fill.anything(value)]];
      const members = fill.map(value);
      return Object.keys(members).length > 0 ? [[key, members]] : [];
    }),
  );
  // Pieces may make a command together. One that a person has typed is theirs.
  if (reachesOut(filled) && !reachesOut([...values.values()])) throw refusal(name, REACHING);
  return filled;
}

/** The values that the registry offers. */
function suggestions(parameters: readonly Parameter[]): readonly string[] {
  return parameters.flatMap(({ default: suggested, choices = [] }) => [...(suggested === undefined ? [] : [suggested]), ...choices]);
}

function reachesOut(value: unknown): boolean {
  return texts(value).some((text) => REACHES_OUT.test(text));
}

const REACHING =
  'would run a command, or read a file or a stored secret of yours, at each start. Write such an entry into your config by hand';

function refusal(name: string, why: string): HubError {
  return new HubError('VALIDATION_ERROR', `The registry's entry cannot be used: its installation "${name}" ${why}.`);
}

function parse(name: string, config: string, suggested: readonly string[]): JsonObject {
  let entry: unknown;
  try {
    entry = JSON.parse(config);
  } catch {
    // Expected: SyntaxError.
    throw refusal(name, 'is not JSON');
  }
  if (!isObject(entry)) throw refusal(name, 'is not an object');
  if (reachesOut([entry, suggested])) throw refusal(name, REACHING);
  return entry;
}

function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(texts);
  return isObject(value) ? Object.entries(value).flatMap(([key, item]) => [key, ...texts(item)]) : [];
}

class Filling {
  readonly #parameters: ReadonlyMap<string, Parameter>;
  readonly #values: Values;
  readonly #pattern = /\$\{([^${}]+)\}/g;

  constructor(parameters: readonly Parameter[], values: Values) {
    this.#parameters = new Map(parameters.map((parameter) => [parameter.key, parameter]));
    this.#values = values;
  }

  list(items: readonly unknown[]): readonly unknown[] {
    const filled: unknown[] = [];
    for (const item of items) {
      const parameter = typeof item === 'string' ? this.#used(item)[0] : undefined;
      const isFlagged = parameter?.flag !== undefined && filled.at(-1) === parameter.flag;
      if (isFlagged) filled.pop();
      for (const argument of this.#argument(item)) filled.push(...(isFlagged ? [parameter.flag] : []), argument);
    }
    return filled;
  }

  /** Nothing for an argument whose value was left out, several for one that is given several times. */
  #argument(item: unknown): readonly unknown[] {
    if (typeof item !== 'string') return [item];
    const used = this.#used(item);
    if (used.some(({ key }) => !this.#values.has(key))) return [];
    const [parameter] = used;
    const values = parameter?.repeated === true && used.length === 1 ? this.#values.get(parameter.key) : undefined;
    return values ? values.map((_, at) => this.#text(item, at)) : [this.#text(item)];
  }

  map(members: JsonObject): JsonObject {
    const kept = Object.entries(members).filter(
      ([, value]) => typeof value !== 'string' || this.#used(value).every(({ key }) => this.#values.has(key)),
    );
    return Object.fromEntries(kept.map(([key, value]) => [key, typeof value === 'string' ? this.#text(value) : value]));
  }

  anything(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (Array.isArray(value)) return value.map((item) => this.anything(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.anything(item)]));
  }

  #used(text: string): readonly Parameter[] {
    return [...text.matchAll(this.#pattern)].flatMap(([, key = '']) => this.#parameters.get(key) ?? []);
  }

  /** Other placeholders stay: the hub resolves them. Values are put in as they are, not looked into again. */
  #text(text: string, at = 0): string {
    return text.replace(this.#pattern, (whole, key: string) => {
      if (!this.#parameters.has(key)) return whole;
      const values = this.#values.get(key) ?? [];
      return values[at] ?? values[0] ?? '';
    });
  }
}
