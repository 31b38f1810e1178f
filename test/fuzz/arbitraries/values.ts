import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/protocol/index.ts';

/** Texts that programs stumble over. */
export const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  '\n',
  '\r\n',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\udfff\ud800',
  '\u202e',
  '😀',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '../../etc/passwd',
  '%00',
  '%E0%A4%A',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '${A}',
  '${cmd: false}',
  '$<env:A>',
  '${'.repeat(30),
  '{'.repeat(60),
  'javascript:alert(1)',
  'http://127.0.0.1:1/',
  'file:///etc/passwd',
  '-1',
  '1e999',
  'NaN',
  'x'.repeat(5_000),
];

export const oddText = fc.constantFrom(...ODD_TEXTS);
export const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ maxLength: 20 }), oddText);

/** Written as JSON, because only there `__proto__` is a key like any other. */
const ODD_JSON: readonly string[] = [
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":1,"valueOf":2,"toJSON":3,"then":4,"length":-1}',
  '-0',
  '1e308',
  '-1e308',
  '9007199254740993',
  '0.1',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"":""}',
  'null',
  'true',
  `${'['.repeat(600)}${']'.repeat(600)}`,
  `${'{"a":'.repeat(600)}1${'}'.repeat(600)}`,
];

/** Parsed anew for every case: nothing that one case changes reaches the next. */
const oddJson = fc.constantFrom(...ODD_JSON).map((json) => JSON.parse(json) as JsonValue);

/** Any JSON value, often one that is not expected. */
export const json: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 4, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue) },
  { weight: 2, arbitrary: oddJson },
  { weight: 2, arbitrary: text },
  { weight: 1, arbitrary: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })) },
);

/** An object whose fields are there or not, each as it should be or as anything at all. */
export function fields(model: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<JsonObject> {
  const maybe = Object.fromEntries(
    Object.entries(model).map(([name, right]) => [name, fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: json })]),
  );
  const known = fc.record(maybe, { requiredKeys: [] });
  const more = fc.oneof({ weight: 5, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.dictionary(text, json, { maxKeys: 2 }) });
  // As it travels: what JSON cannot hold is not there.
  return fc.tuple(known, more).map(([right, odd]) => JSON.parse(JSON.stringify({ ...odd, ...right })) as JsonObject);
}

/** A text that is nearly right: a piece of it is gone, doubled, or another. */
export function damaged(right: fc.Arbitrary<string>, piece: fc.Arbitrary<string> = text): fc.Arbitrary<string> {
  return fc.tuple(right, fc.nat(), fc.nat({ max: 12 }), fc.oneof(fc.constant(''), piece)).map(([whole, at, length, put]) => {
    const from = whole.length === 0 ? 0 : at % whole.length;
    return whole.slice(0, from) + put + whole.slice(from + length);
  });
}
