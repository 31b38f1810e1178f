import * as fc from 'fast-check';
import JSON5 from 'json5';
import { describe, expect, it } from 'vitest';
import { type Node, parseJson5 } from '../../src/config/json5.ts';

function valueOf(node: Node): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries(node.members.map(({ key, value }) => [key, valueOf(value)]));
    case 'array':
      return node.items.map(valueOf);
    case 'null':
      return null;
    default:
      return node.value;
  }
}

const attempt = (parse: () => unknown): { value: unknown } | 'rejected' => {
  try {
    return { value: parse() };
  } catch {
    return 'rejected';
  }
};

const samples = [
  '{}',
  '{a:1}',
  "{'a':'b',}",
  '[1,2,]',
  '[,]',
  '{,}',
  '// c\n{}',
  '/* c */{}//e',
  '{a:+1}',
  '{a:.5}',
  '{a:5.}',
  '{a:0x1F}',
  '{a:-0xa}',
  '{a:Infinity,b:-Infinity,c:NaN,d:-NaN}',
  "{a:'it\\'s'}",
  "{a:'line\\\ncont'}",
  "{a:'line\\\r\ncont'}",
  '{a:"\\x41\\u0042\\v\\0"}',
  "{a:'\\q'}",
  '{$a_b:1,ü:2}',
  '{a\\u0062:1}',
  '{\\u0061:1}',
  '\ufeff{}',
  '{a:1}\u00a0',
  '{a:1 b:2}',
  '{a:}',
  '{',
  '}',
  '',
  '  ',
  '[1 2]',
  '{a:1}}',
  "{'a:1}",
  "{a:'x\ny'}",
  '{a:01}',
  '{a:1e5}',
  '{a:1E+5}',
  '{a:0xg}',
  '{a:tru}',
  '{true:1}',
  '{null:1,Infinity:2,NaN:3}',
  '{1:2}',
  '{a:1,a:2}',
  '/* open',
  '{a:1/}',
  '{"a":"\\/"}',
  "{a:'\\u00zz'}",
  "{a:'\\1'}",
  "{a:'\\01'}",
  'null',
  '1',
  "'s'",
  '-1',
  '- 1',
  "{a:'\t'}",
  '{a-b:1}',
  '{a.b:1}',
  '{a:undefined}',
  '{a:`x`}',
  '[1,,2]',
  '{"":1}',
  "{a:'😀'}",
  '{😀:1}',
  '{\ta\v:\f1}',
  '{a:1}\u2028',
  '\u3000{}',
  "{a:'\\'}",
  '{/**/a/**/:/**/1/**/}',
  '{a:1}/*',
  '//',
  "{a:'\\x4'}",
  '# c\n{}',
  '.',
  '0x1.',
  '"\\',
  '{a:1.2.3}',
  '{a:1a}',
  '{a:-}',
  '{a:1e}',
  '{\\u0031:1}',
  '{a\\u002d:1}',
  '{}/**/ /',
];

const pieces = ['{', '}', '[', ']', ':', ',', '"a"', "'b'", 'a', '1', '-', '+', '.', '0x1', 'null', '//c\n', '/*c*/', '\\', '\n', ' '];
const texts = fc.array(fc.constantFrom(...pieces, '"', "'", 'é', 'e5', '\\u0061', '\\x', '0', '/', '*'), { maxLength: 14 });

describe('parseJson5', () => {
  it.each(samples)('agrees with the reference implementation on %j', (text) => {
    expect(attempt(() => valueOf(parseJson5(text)))).toEqual(attempt(() => JSON5.parse(text)));
  });

  it('agrees with the reference implementation on 2,000 scrambled texts', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('');
        expect(attempt(() => valueOf(parseJson5(text)))).toEqual(attempt(() => JSON5.parse(text)));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads back any JSON value, written as JSON and as JSON5', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(valueOf(parseJson5(JSON.stringify(plain, null, 2)))).toEqual(plain);
        expect(valueOf(parseJson5(JSON.stringify(plain)))).toEqual(plain);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['{\n  a: 1\n  b: 2\n}', /Expected "," or "}", but "b" stands here/, 11],
    ['{ a: [1, 2 }', /Expected "," or "]"/, 11],
    ['{ a: { b: 1 }', /The "{" that opens here is never closed/, 0],
    ["{ a: 'b }", /string that opens here is not closed/, 5],
    ['{ a: hello }', /must stand in quotes$/, 5],
    ['{ a 1 }', /":" after the key,/, 4],
    ['{ a: "\\u12" }', /escape/, 6],
  ])('says what is wrong in %j, and where', (text, message, at) => {
    expect(() => parseJson5(text)).toThrow(expect.objectContaining({ message: expect.stringMatching(message), at }));
  });

  it('keeps duplicate keys, __proto__ and the text of numbers', () => {
    const node = parseJson5('{ a: 1, a: 2, __proto__: { x: 12345678901234567890 } }');
    expect(node).toMatchObject({
      members: [{ key: 'a' }, { key: 'a' }, { key: '__proto__', value: { members: [{ value: { text: '12345678901234567890' } }] } }],
    });
  });

  it('refuses nesting without end instead of exhausting the stack', () => {
    expect(() => parseJson5('['.repeat(100_000))).toThrow(/Nested more than 100 levels/);
  });
});
