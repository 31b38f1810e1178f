import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactNumber } from '../../src/base/index.ts';
import {
  decodeHeaderValue,
  encodeHeaderValue,
  type HeaderParam,
  headerParamsOf,
  type JsonValue,
  paramHeaderMismatch,
  paramHeaders,
} from '../../src/protocol/index.ts';

describe('value encoding', () => {
  // The table of spec 2026-07-28 basic/transports/streamable-http, "Value Encoding".
  it.each([
    ['us-west1', 'us-west1'],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
  ])('%j is sent as %j', (text, header) => {
    expect(encodeHeaderValue(text)).toBe(header);
    expect(decodeHeaderValue(header)).toBe(text);
  });

  it.each([
    ['', ''],
    ['a b\tc', 'a b\tc'],
    ['=?base64?open', '=?base64?open'],
    ['=?BASE64?x?=', '=?BASE64?x?='],
    ['=?base64?=', '=?base64?PT9iYXNlNjQ/PQ==?='],
    ['\ttab', '=?base64?CXRhYg==?='],
    ['é', '=?base64?w6k=?='],
    ['a\u0000', '=?base64?YQA=?='],
    ['a\u007f', '=?base64?YX8=?='],
  ])('%j is sent as %j, by the rules around the table', (text, header) => {
    expect(encodeHeaderValue(text)).toBe(header);
    expect(decodeHeaderValue(header)).toBe(text);
  });

  it.each([
    ['optional white space around a value', '  us-west1\t', 'us-west1'],
    ['white space around the sentinel', ' =?base64?w6k=?= ', 'é'],
    ['an empty text in the sentinel form', '=?base64??=', ''],
    ['characters that are no base64', '=?base64?a b?=', undefined],
    ['missing padding', '=?base64?w6k?=', undefined],
    ['bytes that are no UTF-8', '=?base64?/w==?=', undefined],
    ['a character beyond ASCII', 'caf\u00e9', undefined],
    ['a control character', 'a\u0001b', undefined],
  ])('reads %s', (_, header, text) => {
    expect(decodeHeaderValue(header)).toBe(text);
  });

  it('every text comes back, and every header is visible ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const header = encodeHeaderValue(text);
        expect(header).toMatch(/^[\x20-\x7e\t]*$/);
        expect(decodeHeaderValue(header)).toBe(text);
      }),
    );
  });
});

describe('headerParamsOf', () => {
  it('finds annotations on chains of properties', () => {
    const schema = {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        query: { type: 'string', default: { 'x-mcp-header': 'data' } },
        options: { type: 'object', properties: { limit: { type: 'integer', 'x-mcp-header': 'Limit' } } },
        properties: { type: 'boolean', 'x-mcp-header': 'Odd' },
      },
    };
    expect(headerParamsOf(schema)).toEqual([
      { header: 'Region', path: ['region'], type: 'string' },
      { header: 'Limit', path: ['options', 'limit'], type: 'integer' },
      { header: 'Odd', path: ['properties'], type: 'boolean' },
    ]);
  });

  const annotated = { type: 'string', 'x-mcp-header': 'A' };
  const nest = (depth: number): JsonValue => (depth === 0 ? annotated : { type: 'object', properties: { a: nest(depth - 1) } });
  it.each<[string, JsonValue]>([
    ['an empty name', { properties: { a: { type: 'string', 'x-mcp-header': '' } } }],
    ['a name with a space', { properties: { a: { type: 'string', 'x-mcp-header': 'A B' } } }],
    ['a name with a line feed', { properties: { a: { type: 'string', 'x-mcp-header': 'A\n' } } }],
    ['a name with a colon', { properties: { a: { type: 'string', 'x-mcp-header': 'A:' } } }],
    ['a name beyond ASCII', { properties: { a: { type: 'string', 'x-mcp-header': 'Ä' } } }],
    ['a name that is no string', { properties: { a: { type: 'string', 'x-mcp-header': 1 } } }],
    ['type number', { properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }],
    ['type object', { properties: { a: { type: 'object', 'x-mcp-header': 'A' } } }],
    ['type array', { properties: { a: { type: 'array', 'x-mcp-header': 'A' } } }],
    ['type null', { properties: { a: { type: 'null', 'x-mcp-header': 'A' } } }],
    ['several types', { properties: { a: { type: ['string', 'null'], 'x-mcp-header': 'A' } } }],
    ['no type', { properties: { a: { 'x-mcp-header': 'A' } } }],
    ['the same name twice, in another case', { properties: { a: annotated, b: { type: 'string', 'x-mcp-header': 'a' } } }],
    ['a place under items', { properties: { a: { type: 'array', items: annotated } } }],
    ['a place under prefixItems', { properties: { a: { prefixItems: [annotated] } } }],
    ['a place under oneOf', { oneOf: [{ properties: { a: annotated } }] }],
    ['a place under anyOf', { properties: { a: { anyOf: [annotated] } } }],
    ['a place under allOf', { allOf: [{ properties: { a: annotated } }] }],
    ['a place under not', { not: { properties: { a: annotated } } }],
    ['a place under if', { if: { properties: { a: annotated } } }],
    ['a place under then', JSON.parse(`{"then":${JSON.stringify({ properties: { a: annotated } })}}`)],
    ['a place under else', { else: { properties: { a: annotated } } }],
    ['a place under $defs', { properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: annotated } }],
    ['a place under additionalProperties', { additionalProperties: annotated }],
    ['the root itself', { type: 'object', 'x-mcp-header': 'A' }],
    ['a depth that no person wrote', nest(5000)],
  ])('refuses %s', (_, schema) => {
    expect(headerParamsOf(schema)).toEqual({ invalid: expect.any(String) });
  });

  it.each([undefined, null, true, [], {}, { properties: [] }])('finds nothing in %j', (schema) => {
    expect(headerParamsOf(schema)).toEqual([]);
  });
});

const region: HeaderParam = { header: 'Region', path: ['region'], type: 'string' };
const limit: HeaderParam = { header: 'Limit', path: ['options', 'limit'], type: 'integer' };
const dry: HeaderParam = { header: 'Dry', path: ['dry'], type: 'boolean' };
const params = [region, limit, dry];

describe('paramHeaders', () => {
  it.each<[string, JsonValue | undefined, Record<string, string>]>([
    [
      'strings, integers and booleans',
      { region: 'us', options: { limit: -7 }, dry: false },
      { 'Mcp-Param-Region': 'us', 'Mcp-Param-Limit': '-7', 'Mcp-Param-Dry': 'false' },
    ],
    ['values that need encoding', { region: ' é' }, { 'Mcp-Param-Region': '=?base64?IMOp?=' }],
    ['an empty string', { region: '' }, { 'Mcp-Param-Region': '' }],
    [
      'an integer with all digits',
      { options: { limit: new ExactNumber('9223372036854775807') } },
      { 'Mcp-Param-Limit': '9223372036854775807' },
    ],
    ['null', { region: null, options: null }, {}],
    ['nothing', {}, {}],
    ['no arguments', undefined, {}],
    ['inherited properties', { options: { constructor: 1 } }, {}],
  ])('%s', (_, args, headers) => {
    expect(paramHeaders(params, args)).toEqual(headers);
  });

  it('does not read what objects inherit', () => {
    expect(paramHeaders([{ header: 'A', path: ['constructor', 'name'], type: 'string' }], {})).toEqual({});
  });
});

describe('paramHeaderMismatch', () => {
  const check = (args: JsonValue, headers: Record<string, string>): string | undefined =>
    paramHeaderMismatch(params, args, (name) => headers[name]);

  // The table of the same page, "Server Behavior for Custom Headers", and "Server Validation".
  it.each<[string, JsonValue, Record<string, string>]>([
    ['a value and its header', { region: 'us' }, { 'mcp-param-region': 'us' }],
    ['null without a header', { region: null }, {}],
    ['no value, no header', {}, {}],
    ['an encoded value', { region: 'é' }, { 'mcp-param-region': '=?base64?w6k=?=' }],
    ['an integer in another notation', { options: { limit: 42 } }, { 'mcp-param-limit': '42.0' }],
    ['a boolean', { dry: true }, { 'mcp-param-dry': 'true' }],
    ['headers that nobody declared', {}, { 'mcp-param-other': 'x' }],
    ['a wrong type that both sides agree on', { options: { limit: 'many' } }, { 'mcp-param-limit': 'many' }],
  ])('accepts %s', (_, args, headers) => {
    expect(check(args, headers)).toBeUndefined();
  });

  it.each<[string, JsonValue, Record<string, string>, RegExp]>([
    ['another value', { region: 'us' }, { 'mcp-param-region': 'eu' }, /Mcp-Param-Region does not match region/],
    ['another case', { region: 'us' }, { 'mcp-param-region': 'US' }, /does not match/],
    ['a missing header', { region: 'us' }, {}, /Mcp-Param-Region is missing/],
    ['a header without a value', {}, { 'mcp-param-region': 'us' }, /is present/],
    ['a header for null', { region: null }, { 'mcp-param-region': 'null' }, /is present/],
    ['broken base64', { region: 'us' }, { 'mcp-param-region': '=?base64?*?=' }, /Mcp-Param-Region/],
    ['characters that no header has', { region: 'é' }, { 'mcp-param-region': 'é' }, /Mcp-Param-Region/],
    ['an empty header for 0', { options: { limit: 0 } }, { 'mcp-param-limit': '' }, /options\.limit/],
    ['a hexadecimal integer', { options: { limit: 42 } }, { 'mcp-param-limit': '0x2a' }, /options\.limit/],
    ['a truth for an integer', { options: { limit: true } }, { 'mcp-param-limit': '1' }, /options\.limit/],
    [
      'integers that only rounding makes equal',
      { options: { limit: 9007199254740992 } },
      { 'mcp-param-limit': '9007199254740993' },
      /options\.limit/,
    ],
    ['a boolean in capitals', { dry: true }, { 'mcp-param-dry': 'True' }, /Mcp-Param-Dry/],
  ])('refuses %s', (_, args, headers, reason) => {
    expect(check(args, headers)).toMatch(reason);
  });

  it('accepts whatever paramHeaders makes', () => {
    const args = fc.record(
      { region: fc.option(fc.string({ unit: 'binary' })), options: fc.record({ limit: fc.maxSafeInteger() }), dry: fc.boolean() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(args, (value) => {
        const headers = Object.fromEntries(Object.entries(paramHeaders(params, value)).map(([name, text]) => [name.toLowerCase(), text]));
        expect(check(value, headers)).toBeUndefined();
      }),
    );
  });
});
