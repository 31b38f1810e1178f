/**
 * The kinds of value that a config file may hold. Each knows how to read itself from the syntax tree, with every
 * error at its place, and how it looks as JSON Schema and in the documentation: one source for all three.
 */
import { closest } from '../base/index.ts';
import type { Node, ObjectNode } from './json5.ts';
import { unclosedPlaceholder } from './placeholder-syntax.ts';
import { keyPath } from './source.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Issue {
  readonly severity: 'error' | 'warning';
  readonly at: number;
  readonly keyPath: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** A warning that the hub gets along with in a file, and that is not written into one by the hub itself. */
  readonly isWrongValue?: true | undefined;
}

/** Takes what is wrong with a value; reading goes on. */
export type Report = (issue: Issue) => void;

export interface Type<T> {
  /** For messages and docs: "a string". */
  readonly words: string;
  readonly schema: JsonSchema;
  /** `null` means something of its own; elsewhere a key whose value is `null` counts as absent. */
  readonly takesNull?: true;
  /** The value, or `undefined` when it counts as absent or after at least one reported error. */
  read(node: Node, path: string, report: Report): T | undefined;
}

export interface Field<T> {
  readonly type: Type<T>;
  readonly about: string;
  /** Shown in the docs and the JSON Schema; applied by whoever reads the field. */
  readonly default?: unknown;
  /** Names under which other programs know the field; they are not accepted, only explained. */
  readonly elsewhere?: readonly string[];
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type ValuesOf<F extends Fields> = { readonly [K in keyof F]?: F[K] extends Field<infer T> ? T : never };

const mismatch = (node: Node, path: string, words: string, hint?: string): Issue => ({
  severity: 'error',
  at: node.at,
  keyPath: path,
  message: `Must be ${words}, not ${describe(node)}`,
  hint,
});

/** A string in which placeholders may stand. */
export const text: Type<string> = {
  words: 'a string',
  schema: { type: 'string' },
  read(node, path, report) {
    if (node.kind !== 'string') {
      report(mismatch(node, path, 'a string', node.kind === 'number' || node.kind === 'boolean' ? 'Put it in quotes' : undefined));
      return undefined;
    }
    if (unclosedPlaceholder(node.value)) {
      const message = 'A "${" in it is never closed, so it is taken literally';
      report({ severity: 'warning', at: node.at, keyPath: path, message, hint: 'Close the placeholder with "}"' });
    }
    return node.value;
  },
};

export const nonEmptyText: Type<string> = {
  words: 'a string that is not empty',
  schema: { type: 'string', minLength: 1 },
  read(node, path, report) {
    const value = text.read(node, path, report);
    if (value === undefined || value.trim() !== '') return value;
    report({ severity: 'error', at: node.at, keyPath: path, message: 'Must not be empty' });
    return undefined;
  },
};

/** A string, or a number or boolean that is taken as it is written. */
export const textLike: Type<string> = {
  words: 'a string',
  schema: { type: ['string', 'number', 'boolean'] },
  read(node, path, report) {
    if (node.kind === 'number') return node.text;
    if (node.kind === 'boolean') return String(node.value);
    return text.read(node, path, report);
  },
};

export const textLikeOrNull: Type<string | null> = {
  words: 'a string or null',
  schema: { type: ['string', 'number', 'boolean', 'null'] },
  takesNull: true,
  read: (node, path, report) => (node.kind === 'null' ? null : textLike.read(node, path, report)),
};

export const flag: Type<boolean> = {
  words: 'true or false',
  schema: { type: 'boolean' },
  read(node, path, report) {
    if (node.kind === 'boolean') return node.value;
    report(mismatch(node, path, 'true or false', node.kind === 'string' ? 'Write it without quotes' : undefined));
    return undefined;
  },
};

/** The address of something on the network; `false` or an empty string for none. */
export const addressOrOff: Type<string | false> = {
  words: 'an http or https address, or false',
  schema: { oneOf: [{ type: 'string', format: 'uri' }, { const: false }, { const: '' }] },
  read(node, path, report) {
    if (node.kind === 'boolean' && !node.value) return false;
    if (node.kind === 'string' && node.value.trim() === '') return false;
    if (node.kind === 'string' && /^https?:\/\//i.test(node.value) && URL.canParse(node.value)) return node.value;
    report(mismatch(node, path, 'an http or https address, or false'));
    return undefined;
  },
};

export function integer(min: number, max: number, unit: string): Type<number> {
  const words = `a whole number of ${unit} from ${min} to ${max}`;
  return {
    words,
    schema: { type: 'integer', minimum: min, maximum: max },
    read(node, path, report) {
      if (node.kind === 'number' && Number.isInteger(node.value) && node.value >= min && node.value <= max) return node.value;
      report(mismatch(node, path, words, node.kind === 'string' ? 'Write it without quotes' : undefined));
      return undefined;
    },
  };
}

/** The longest delay that a Node.js timer can hold. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

export const milliseconds = integer(1, MAX_TIMER_MS, 'milliseconds');

export function oneOf<const T extends string>(...values: readonly T[]): Type<T> {
  const words = `one of ${values.map((value) => `"${value}"`).join(', ')}`;
  return {
    words,
    schema: { enum: values },
    read(node, path, report) {
      const found = node.kind === 'string' ? values.find((value) => value === node.value) : undefined;
      if (found !== undefined) return found;
      const near = node.kind === 'string' ? closest(node.value, values) : undefined;
      report(mismatch(node, path, words, near && `Did you mean "${near}"?`));
      return undefined;
    },
  };
}

export function listOf<T>(item: Type<T>): Type<readonly T[]> {
  const words = `a list, each item ${item.words}`;
  return {
    words,
    schema: { type: 'array', items: item.schema },
    read(node, path, report) {
      if (node.kind !== 'array') {
        report(mismatch(node, path, words, node.kind === 'string' ? 'Put it in square brackets' : undefined));
        return undefined;
      }
      const items = node.items.map((child, index) => item.read(child, keyPath(path, index), report));
      return items.filter((value) => value !== undefined);
    },
  };
}

/** One string, or a list of them. */
export const textOrTexts: Type<readonly string[]> = {
  words: 'a string or a list of strings',
  schema: { oneOf: [text.schema, listOf(text).schema] },
  read(node, path, report) {
    if (node.kind === 'array') return listOf(text).read(node, path, report);
    const value = text.read(node, path, report);
    return value === undefined ? undefined : [value];
  },
};

export function mapOf<T>(value: Type<T>): Type<Readonly<Record<string, T>>> {
  const words = `an object, each value ${value.words}`;
  return {
    words,
    schema: { type: 'object', additionalProperties: value.schema },
    read(given, path, report) {
      const node = asObject(given);
      if (node.kind !== 'object') {
        report(mismatch(node, path, words));
        return undefined;
      }
      const entries: [string, T][] = [];
      for (const member of membersOf(node, path, report).values()) {
        if (member.value.kind === 'null' && value.takesNull !== true) continue;
        const read = value.read(member.value, keyPath(path, member.key), report);
        if (read !== undefined) entries.push([member.key, read]);
      }
      return Object.fromEntries(entries);
    },
  };
}

/** Kept for others and not looked into. */
export const anything: Type<true> = { words: 'anything', schema: {}, read: () => true };

/** What to say of an unknown key besides that it is ignored; `undefined` for nothing. */
type HintFor = (key: string, value: Node) => string | undefined;

/** An object with known fields; unknown keys are warnings. */
export function objectOf<F extends Fields>(fields: F, hintFor: HintFor = () => undefined): Type<ValuesOf<F>> {
  return {
    words: 'an object',
    schema: objectSchema(fields),
    read(given, path, report) {
      // A whole file that is a list is no config file.
      const node = path === '' ? given : asObject(given);
      if (node.kind !== 'object') {
        report(mismatch(node, path, 'an object'));
        return undefined;
      }
      const values: Record<string, unknown> = {};
      for (const { key, keyAt, value } of membersOf(node, path, report).values()) {
        const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
        if (field === undefined) report(unknownKey(key, keyAt, path, fields, hintFor(key, value)));
        else if (value.kind !== 'null') values[key] = field.type.read(value, keyPath(path, key), report);
      }
      // Every value was read by the type of the field of the same name.
      return values as ValuesOf<F>;
    },
  };
}

export function objectSchema(fields: Fields): JsonSchema {
  const properties = Object.entries(fields).map(([key, field]) => [
    key,
    { description: field.about, ...field.type.schema, ...(field.default !== undefined && { default: field.default }) },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties) };
}

/** The object as it counts: each key once, and none whose value is `null`. */
export function presentIn(node: ObjectNode): ObjectNode {
  const members = [...membersOf(node, '', () => {}).values()];
  return { ...node, members: members.filter(({ value }) => value.kind !== 'null') };
}

/** The members by key. Of a key that stands twice the last counts, as JSON parsers have it, with a warning. */
export function membersOf(node: ObjectNode, path: string, report: Report): ReadonlyMap<string, ObjectNode['members'][number]> {
  const members = new Map<string, ObjectNode['members'][number]>();
  for (const member of node.members) {
    if (members.has(member.key)) {
      const message = 'The key stands twice in this object; only the last one counts';
      report({ severity: 'warning', at: member.keyAt, keyPath: keyPath(path, member.key), message, hint: 'Remove one of them' });
    }
    members.set(member.key, member);
  }
  return members;
}

function unknownKey(key: string, at: number, path: string, fields: Fields, more: string | undefined): Issue {
  const known = Object.entries(fields).find(([, field]) => field.elsewhere?.includes(key))?.[0] ?? closest(key, Object.keys(fields));
  const hint = more ?? (known === undefined ? 'It is ignored' : `Did you mean "${known}"?`);
  return { severity: 'warning', at, keyPath: keyPath(path, key), message: 'Unknown key', hint };
}

/** An empty list as an empty object: editors written in Lua, such as mcphub.nvim, cannot tell them apart when they write a file again. */
export function asObject(node: Node): Node {
  return node.kind === 'array' && node.items.length === 0 ? { kind: 'object', at: node.at, end: node.end, members: [] } : node;
}

export function describe(node: Node): string {
  if (node.kind === 'object' || node.kind === 'array') return node.kind === 'object' ? 'an object' : 'a list';
  if (node.kind === 'null') return 'null';
  // A string may be a secret that stands in the wrong place.
  return node.kind === 'string' ? 'this string' : node.kind === 'number' ? node.text : String(node.value);
}
