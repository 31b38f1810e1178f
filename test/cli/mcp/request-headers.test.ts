import { describe, expect, it } from 'vitest';
import { encodeHeaderValue, paramHeaders } from '../../../src/cli/mcp/request-headers.ts';
import { decodeHeaderValue, encodeHeaderValue as hubs, headerParamsOf, paramHeaders as hubsHeaders } from '../../../src/protocol/index.ts';

describe('encodeHeaderValue', () => {
  it.each(['plain', 'with space', ' edges ', 'ü', '=?base64?eA==?=', '', 'a\nb'])('gives what the hub reads: %j', (text) => {
    expect(encodeHeaderValue(text)).toBe(hubs(text));
    expect(decodeHeaderValue(encodeHeaderValue(text))).toBe(text);
  });
});

const text = (header: string) => ({ type: 'string', 'x-mcp-header': header });
const schema = {
  type: 'object',
  properties: {
    region: text('Region'),
    plain: { type: 'string' },
    count: { type: 'integer', 'x-mcp-header': 'Count' },
    deep: { type: 'object', properties: { flag: { type: 'boolean', 'x-mcp-header': 'Flag' } } },
  },
};

describe('paramHeaders', () => {
  it.each([
    [{ region: 'eu', plain: 'x' }, { 'Mcp-Param-Region': 'eu' }],
    [
      { region: 'Köln', count: 5, deep: { flag: false } },
      { 'Mcp-Param-Region': '=?base64?S8O2bG4=?=', 'Mcp-Param-Count': '5', 'Mcp-Param-Flag': 'false' },
    ],
    [{ region: null }, {}],
    [{}, {}],
  ])('%j', (args, headers) => {
    expect(paramHeaders(schema, args)).toEqual(headers);
    const declared = headerParamsOf(schema);
    expect('invalid' in declared ? declared : hubsHeaders(declared, args)).toEqual(headers);
  });

  it('finds nothing in what is no schema', () => {
    expect(paramHeaders(undefined, { a: 1 })).toEqual({});
  });
});
