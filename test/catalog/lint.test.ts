import * as fc from 'fast-check';
import {
  ListPromptsResultSchema,
  ListResourcesResultSchema,
  ListResourceTemplatesResultSchema,
  ListToolsResultSchema,
} from 'sdk-v1/types.js';
import { describe, expect, it } from 'vitest';
import { ExactNumber } from '../../src/base/index.ts';
import { lintItem } from '../../src/catalog/lint.ts';
import { isObject, type JsonObject, type JsonValue, type ListKind } from '../../src/protocol/index.ts';
import { prompt, resource, template, tool } from './listings.ts';

const input = (schema: JsonValue): JsonObject => ({ name: 't', inputSchema: schema });
const property = (schema: JsonValue): JsonObject => input({ type: 'object', properties: { p: schema } });
const output = (schema: JsonValue): JsonObject => tool('t', { outputSchema: schema });

function nested(depth: number): JsonValue {
  let value: JsonValue = 'leaf';
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

describe('tools that clients would choke on are hidden', () => {
  it.each<[string, JsonValue, RegExp]>([
    ['no object', 'tool', /it is not an object/],
    ['no name', { inputSchema: { type: 'object' } }, /^name is missing$/],
    ['an empty name', tool(''), /^name is empty$/],
    ['a name that is no string', { name: 5, inputSchema: { type: 'object' } }, /^name is not a string$/],
    ['no inputSchema', { name: 't' }, /^inputSchema is missing$/],
    ['a null inputSchema', input(null), /^inputSchema is not an object$/],
    ['a list for an inputSchema', input([]), /^inputSchema is not an object$/],
    ['no root type', input({ properties: {} }), /^inputSchema has no type/],
    ['another root type', input({ type: 'string' }), /^inputSchema\.type is "string"/],
    ['a list of root types', input({ type: ['object', 'null'] }), /^inputSchema\.type is \["object","null"\]/],
    ['an unknown type', property({ type: 'int' }), /^inputSchema\.properties\.p\.type is "int", which is no JSON Schema type$/],
    ['an unknown type in a list', property({ type: ['string', 'int'] }), /properties\.p\.type/],
    ['an empty list of types', property({ type: [] }), /properties\.p\.type/],
    ['the same type twice', property({ type: ['string', 'string'] }), /properties\.p\.type/],
    ['an unknown type under items', property({ type: 'array', items: { type: 'float' } }), /properties\.p\.items\.type/],
    ['an unknown type under anyOf', property({ anyOf: [{ type: 'string' }, { type: 'any' }] }), /properties\.p\.anyOf\[1\]\.type/],
    ['an unknown type under $defs', input({ type: 'object', $defs: { d: { type: 'date' } } }), /\$defs\.d\.type/],
    [
      'an unknown type under additionalProperties',
      input({ type: 'object', additionalProperties: { type: 'str' } }),
      /additionalProperties\.type/,
    ],
    ['properties that are a list', input({ type: 'object', properties: [] }), /^inputSchema\.properties is not an object$/],
    ['a property that is no schema', property('string'), /^inputSchema\.properties\.p is not a schema$/],
    ['a property of true', property(true), /^inputSchema\.properties\.p is true/],
    ['required as a flag', property({ type: 'string', required: true }), /properties\.p\.required is not an array of strings$/],
    ['required with numbers', input({ type: 'object', required: [1] }), /^inputSchema\.required is not an array of strings$/],
    ['an enum that is an object', property({ enum: {} }), /enum is not an array$/],
    ['an empty anyOf', property({ anyOf: [] }), /anyOf is not a list of schemas$/],
    ['items that are a string', property({ type: 'array', items: 'string' }), /items is not a schema$/],
    ['a negative length', property({ type: 'string', minLength: -1 }), /minLength is not a whole number/],
    ['a limit as text', property({ type: 'number', maximum: '5' }), /maximum is not a number$/],
    ['a pattern that is no string', property({ pattern: {} }), /pattern is not a string$/],
    ['a $ref that is no string', property({ $ref: {} }), /\$ref is not a string$/],
    ['a null description', tool('t', { description: null }), /^description is not a string$/],
    ['a title that is no string', tool('t', { title: 5 }), /^title is not a string$/],
    ['annotations that are a list', tool('t', { annotations: [] }), /^annotations is not an object$/],
    ['a hint that is no boolean', tool('t', { annotations: { readOnlyHint: 'yes' } }), /^annotations\.readOnlyHint is not true or false$/],
    ['icons without src', tool('t', { icons: [{ mimeType: 'image/png' }] }), /^icons\[0\]\.src is missing$/],
    ['_meta that is a list', tool('t', { _meta: [] }), /^_meta is not an object$/],
    ['an unknown task support', tool('t', { execution: { taskSupport: 'maybe' } }), /^execution\.taskSupport is not one of/],
    ['an outputSchema that is no object', output(true), /^outputSchema is not an object$/],
    [
      'an unknown type in the outputSchema',
      output({ type: 'object', properties: { p: { type: 'int' } } }),
      /^outputSchema\.properties\.p\.type/,
    ],
    [
      'a $ref into the void in the outputSchema',
      output({ type: 'object', properties: { p: { $ref: '#/$defs/no' } } }),
      /^outputSchema\.properties\.p\.\$ref/,
    ],
    [
      'a broken pattern in the outputSchema',
      output({ type: 'object', properties: { p: { pattern: '[' } } }),
      /^outputSchema\.properties\.p\.pattern/,
    ],
    ['endless nesting', tool('t', { _meta: { deep: nested(10_000) } }), /nested more than/],
  ])('%s', (_, item, reason) => {
    const hidden = lintItem('tools', item).filter(({ severity }) => severity === 'hidden');
    expect(hidden.map((finding) => finding.reason)).toEqual([expect.stringMatching(reason)]);
  });
});

describe('tools that may give trouble are offered with a warning', () => {
  it.each<[string, JsonObject, RegExp]>([
    ['anyOf at the root', input({ type: 'object', anyOf: [{ required: ['a'] }] }), /anyOf at its root/],
    ['oneOf at the root', input({ type: 'object', oneOf: [{}] }), /oneOf at its root/],
    ['allOf at the root', input({ type: 'object', allOf: [{}] }), /allOf at its root/],
    ['a $ref to another document', property({ $ref: 'https://example.com/schema.json' }), /does not resolve/],
    ['a $ref into the void', property({ $ref: '#/$defs/no' }), /#\/\$defs\/no/],
    ['a $ref to an anchor that is not there', property({ $ref: '#no' }), /#no/],
    ['a broken pattern', property({ pattern: '[' }), /no regular expression/],
    ['items of an old draft', property({ type: 'array', items: [{ type: 'string' }] }), /prefixItems/],
    ['limits of draft 4', property({ type: 'number', minimum: 0, exclusiveMinimum: true }), /draft 4/],
    ['a very long description', tool('t', { description: 'x'.repeat(5000) }), /5000 characters/],
    ['an invalid x-mcp-header', property({ type: 'number', 'x-mcp-header': 'P' }), /x-mcp-header "P"/],
  ])('%s', (_, item, reason) => {
    expect(lintItem('tools', item)).toEqual([{ severity: 'warning', reason: expect.stringMatching(reason) }]);
  });
});

describe('nothing is said of', () => {
  const $defs = { d: { type: 'string' }, 'a/b~c d': { type: 'string' }, list: { anyOf: [{ type: 'null' }, { $anchor: 'named' }] } };
  it.each<[string, JsonObject]>([
    ['the smallest tool', tool('t')],
    ['a name that only the hub has to change', tool('ädmin.tools/list')],
    ['no description', tool('t', { title: 'T' })],
    ['unknown fields', tool('t', { future: [null, { deep: true }], _meta: { any: 1 } })],
    ['unknown keywords', property({ type: 'string', 'x-order': 1, example: { type: 'int' } })],
    [
      'data that looks like a schema',
      property({ default: { type: 'int' }, enum: [{ type: 'int' }], const: { type: 'int' }, examples: [{ type: 'int' }] }),
    ],
    ['properties named like keywords', input({ type: 'object', properties: { type: { type: 'string' }, required: {}, properties: {} } })],
    ['boolean schemas below the root', property({ type: 'object', properties: { q: true }, additionalProperties: false })],
    ['several types', property({ type: ['string', 'null'] })],
    [
      'local refs',
      input({
        type: 'object',
        $defs,
        properties: {
          a: { $ref: '#/$defs/d' },
          b: { $ref: '#/$defs/a~1b~0c%20d' },
          c: { $ref: '#/$defs/list/anyOf/1' },
          d: { $ref: '#named' },
          e: { $ref: '#' },
        },
      }),
    ],
    ['conditions', property(JSON.parse('{"if":{"const":1},"then":true,"else":{"not":{}}}'))],
    ['an output that is a list', output({ type: 'array', items: { type: 'integer' } })],
    ['a number as a limit', property({ exclusiveMinimum: 0, multipleOf: 0.5 })],
    [
      'limits of 64 bits',
      property({ maximum: new ExactNumber('18446744073709551615'), maxLength: new ExactNumber('9223372036854775807') }),
    ],
  ])('%s', (_, item) => {
    expect(lintItem('tools', item)).toEqual([]);
  });
});

it('an item has at most ten findings, in short lines, the grave ones first', () => {
  const properties = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`${'p'.repeat(index * 100)}${index}`, { type: 'x'.repeat(10_000) }]),
  );
  const findings = lintItem('tools', input({ type: 'object', anyOf: [{}], properties }));
  expect(findings).toHaveLength(10);
  expect(findings.filter(({ severity, reason }) => severity === 'warning' || reason.length > 301)).toEqual([]);
});

describe('prompts, resources and templates', () => {
  it.each<[ListKind, JsonValue, RegExp | undefined]>([
    ['prompts', prompt('p', { arguments: [{ name: 'a', required: true }] }), undefined],
    ['prompts', prompt(''), /^name is empty/],
    ['prompts', {}, /^name is missing/],
    ['prompts', prompt('p', { arguments: {} }), /^arguments is not an array/],
    ['prompts', prompt('p', { arguments: [{ description: 'x' }] }), /^arguments\[0\]\.name is missing/],
    ['prompts', prompt('p', { arguments: [{ name: 'a', required: 'yes' }] }), /^arguments\[0\]\.required/],
    [
      'resources',
      resource('file:///a', { size: 5, annotations: { audience: ['user'], priority: 0.5, lastModified: '2025-01-12T15:00:58Z' } }),
      undefined,
    ],
    ['resources', { name: 'a' }, /^uri is missing/],
    ['resources', { uri: 5, name: 'a' }, /^uri is not a string/],
    ['resources', { uri: 'file:///a' }, /^name is missing/],
    ['resources', resource('file:///a', { size: '5' }), /^size is not a number/],
    ['resources', resource('file:///a', { annotations: { priority: 2 } }), /^annotations\.priority/],
    ['resources', resource('file:///a', { annotations: { audience: ['me'] } }), /^annotations\.audience\[0\]/],
    ['resources', resource('file:///a', { annotations: { lastModified: 'yesterday' } }), /^annotations\.lastModified/],
    ['resourceTemplates', template('file:///{path}'), undefined],
    ['resourceTemplates', { name: 'a', uri: 'x' }, /^uriTemplate is missing/],
    ['resourceTemplates', template('file:///{path}', { mimeType: null }), /^mimeType is not a string/],
  ])('%s: %j', (kind, item, reason) => {
    const [finding, ...more] = lintItem(kind, item);
    expect(more).toEqual([]);
    expect(finding?.severity).toBe(reason && 'hidden');
    expect(finding?.reason ?? '').toMatch(reason ?? /^$/);
  });
});

describe('a typed client', () => {
  const junk = fc.constantFrom<JsonValue>(
    null,
    true,
    5,
    'text',
    '',
    [],
    ['a'],
    [1],
    {},
    { type: 'object' },
    { type: 'int' },
    { src: 'a' },
    [{ src: 'a' }],
    [{ name: 'a' }],
  );
  const item = (...fields: string[]) => fc.record(Object.fromEntries(fields.map((field) => [field, junk])), { requiredKeys: [] });
  const schema = fc.record(
    {
      type: fc.constantFrom('object', 'int', 'string'),
      properties: fc.oneof(junk, fc.dictionary(fc.constantFrom('a', 'b'), junk)),
      required: junk,
    },
    { requiredKeys: [] },
  );
  const common = ['title', 'description', 'icons', '_meta', 'annotations', 'mimeType', 'size', 'arguments', 'execution'];
  const merged = (a: fc.Arbitrary<JsonObject>, b: fc.Arbitrary<JsonObject>) =>
    fc.tuple(a, b).map(([left, right]) => ({ ...left, ...right }));
  const mostly = (other: fc.Arbitrary<JsonValue>) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant<JsonValue>({ type: 'object' }) }, { weight: 1, arbitrary: other });
  const rarely = fc.oneof({ weight: 5, arbitrary: fc.constant<JsonObject>({}) }, { weight: 3, arbitrary: item(...common) });

  it.each<[ListKind, { safeParse(value: unknown): { success: boolean } }, fc.Arbitrary<JsonObject>]>([
    [
      'tools',
      ListToolsResultSchema,
      merged(
        rarely,
        fc.record(
          { name: fc.string(), inputSchema: mostly(fc.oneof(junk, schema)), outputSchema: schema },
          { requiredKeys: ['name', 'inputSchema'] },
        ),
      ),
    ],
    ['prompts', ListPromptsResultSchema, merged(rarely, fc.record({ name: fc.oneof(fc.string(), junk) }, { requiredKeys: [] }))],
    [
      'resources',
      ListResourcesResultSchema,
      merged(rarely, fc.record({ name: fc.string(), uri: fc.oneof(fc.string(), junk) }, { requiredKeys: [] })),
    ],
    [
      'resourceTemplates',
      ListResourceTemplatesResultSchema,
      merged(rarely, fc.record({ name: fc.string(), uriTemplate: fc.oneof(fc.string(), junk) }, { requiredKeys: [] })),
    ],
  ])('takes every list of %s that is left', (kind, listSchema, items) => {
    let taken = 0;
    fc.assert(
      fc.property(items, (item) => {
        if (lintItem(kind, item).some(({ severity }) => severity === 'hidden')) return;
        // An output that is no object is reshaped for clients of that time further on; it is none of lint's business.
        const { outputSchema, ...rest } = item;
        const seen = kind === 'tools' && !(isObject(outputSchema) && outputSchema['type'] === 'object') ? rest : item;
        taken += 1;
        expect({ seen, taken: listSchema.safeParse({ [kind]: [seen] }).success }).toEqual({ seen, taken: true });
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(20);
  });
});
