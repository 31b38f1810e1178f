import { closest, HubError, jsonText, messageOf, numberIn, parseJson } from '../base/index.ts';
import { isObject, type JsonObject, listOf, memberOf, textsOf, typedNumber } from './json.ts';

/** Where the values of arguments may come from besides the command line. */
export interface ArgumentSources {
  /** `@file`. @throws HubError USAGE */
  readFile(name: string): Promise<string>;
  /** `-`: everything on standard input. */
  readInput(): Promise<string>;
}

interface Pair {
  readonly key: string;
  readonly isJson: boolean;
  readonly value: string;
}

/**
 * The arguments of a call: one JSON object (`{…}`, `@file`, or `-` for standard input), or pairs: `key=value`, typed by the
 * tool's input schema; `key:=json`; `key=@file` for a file's text. A key that is given again makes a list.
 *
 * @throws HubError USAGE with everything that is wrong
 */
export async function toolArguments(words: readonly string[], schema: unknown, sources: ArgumentSources): Promise<JsonObject> {
  const [first, second] = words;
  if (first === undefined) return {};
  if (first === '-' || first.startsWith('@') || first.trimStart().startsWith('{')) {
    if (second !== undefined)
      throw usage([`Unexpected ${JSON.stringify(second)}: the arguments are one JSON object, or pairs of key=value.`]);
    return wholeObject(first, sources);
  }
  const errors: string[] = [];
  const pairs = words.map((word) => pairOf(word, errors)).filter((pair) => pair !== undefined);
  const result: Record<string, unknown> = {};
  for (const key of new Set(pairs.map((pair) => pair.key))) {
    const own = pairs.filter((pair) => pair.key === key);
    const value = await valueOf(own, propertySchema(schema, key, errors), sources, errors);
    Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
  }
  if (errors.length > 0) throw usage(errors);
  return result;
}

async function wholeObject(word: string, sources: ArgumentSources): Promise<JsonObject> {
  const text = word === '-' ? await sources.readInput() : word.startsWith('@') ? await sources.readFile(word.slice(1)) : word;
  const origin = word === '-' ? 'Standard input' : word.startsWith('@') ? `The file ${word.slice(1)}` : 'The argument';
  if (text.trim() === '') return {};
  const value = readJson(text);
  if (value instanceof SyntaxError) throw usage([`${origin}: ${value.message}.`]);
  if (!isObject(value)) throw usage([`${origin} has to be a JSON object: the arguments by their names.`]);
  return value;
}

function pairOf(word: string, errors: string[]): Pair | undefined {
  const at = word.indexOf('=');
  if (at > 0 && word !== ':=') {
    const isJson = word[at - 1] === ':' && at > 1;
    return { key: word.slice(0, isJson ? at - 1 : at), isJson, value: word.slice(at + 1) };
  }
  errors.push(`${JSON.stringify(word)} cannot be used: write key=value, key:=json, or the arguments as one JSON object.`);
  return undefined;
}

function propertySchema(schema: unknown, key: string, errors: string[]): unknown {
  const properties = memberOf(schema, 'properties');
  const own = memberOf(properties, key);
  if (own === undefined && isObject(properties) && memberOf(schema, 'additionalProperties') === false) {
    const guess = closest(key, Object.keys(properties));
    errors.push(
      `There is no argument ${key}. ${guess === undefined ? `There are: ${Object.keys(properties).join(', ') || 'none'}.` : `Did you mean ${guess}?`}`,
    );
  }
  return own;
}

async function valueOf(pairs: readonly Pair[], schema: unknown, sources: ArgumentSources, errors: string[]): Promise<unknown> {
  const isList = pairs.length > 1 || typesOf(schema).includes('array');
  const read: Pair[] = [];
  for (const pair of pairs) read.push({ ...pair, value: await textOfPair(pair.value, sources) });
  // The one value of a list may be the list.
  const [first] = read;
  const isWhole = read.length === 1 && first !== undefined && (first.isJson || (isList && first.value.trimStart().startsWith('[')));
  const itemSchema = isList ? (memberOf(schema, 'items') ?? {}) : schema;
  const values = read.map((pair) => typedPair({ ...pair, isJson: isWhole || pair.isJson }, itemSchema, errors));
  return isList && !isWhole ? values : values[0];
}

function typedPair({ key, value: text, isJson }: Pair, schema: unknown, errors: string[]): unknown {
  const value = isJson ? readJson(text) : typedValue(text, schema);
  if (value instanceof Error) errors.push(`${key}=${text}: ${value.message}.`);
  return value;
}

function textOfPair(value: string, sources: ArgumentSources): string | Promise<string> {
  if (value === '-') return sources.readInput();
  return value.startsWith('@') ? sources.readFile(value.slice(1)) : value;
}

/** A text as the schema wants it. What the schema leaves open stays text. */
function typedValue(text: string, schema: unknown): unknown {
  const literals = [...listOf(schema, 'enum'), memberOf(schema, 'const')].filter((one) => one !== undefined && typeof one !== 'string');
  const literal = literals.find((one) => jsonText(one) === text);
  if (literal !== undefined) return literal;
  const types = typesOf(schema);
  if (types.includes('null') && text === 'null') return null;
  if (types.length === 0 || types.includes('string')) return text;
  for (const type of types) {
    const value = READERS[type]?.(text);
    if (value !== undefined) return value;
  }
  return new Error(`it has to be ${types.map((type) => WORDS[type] ?? type).join(' or ')}`);
}

/** How the text of a value of each type is read; `undefined`: it is none. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  boolean: (text) => (/^(?:true|false)$/.test(text) ? text === 'true' : undefined),
  integer: (text) => [readNumber(text)].find((number) => Number.isInteger(numberIn(number))),
  number: readNumber,
  object: (text) => [readJson(text)].find((value) => isObject(value) && !(value instanceof Error)),
  array: (text) => [readJson(text)].find(Array.isArray),
};

function readNumber(text: string): unknown {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? typedNumber(text) : undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'a JSON object',
  array: 'a JSON list',
};

/** Every type that a schema allows at its top, also by its alternatives. */
function typesOf(schema: unknown): readonly string[] {
  const own = memberOf(schema, 'type');
  const alternatives = ['anyOf', 'oneOf', 'allOf'].flatMap((key) => listOf(schema, key).flatMap(typesOf));
  return [...new Set([...(typeof own === 'string' ? [own] : textsOf(own)), ...alternatives])];
}

function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    return new SyntaxError(`it is not JSON (${messageOf(error)})`);
  }
}

function usage(errors: readonly string[]): HubError {
  return new HubError('USAGE', errors.join('\n'), { details: { errors } });
}
