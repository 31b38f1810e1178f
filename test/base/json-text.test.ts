import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ExactNumber, isSameValue, jsonText, numberIn, parseJson } from '../../src/base/index.ts';
import { isObject } from '../../src/protocol/index.ts';

/** What is left of a text that is read and written again. */
const again = (text: string): string => jsonText(parseJson(text));

describe('numbers that JavaScript would change', () => {
  it.each([
    '9223372036854775807',
    '-9223372036854775808',
    '18446744073709551615',
    '9007199254740993',
    '123456789012345678901234567890',
    '12345678901234567.89',
    '0.1234567890123456789',
    '1.234567890123456789e-7',
    '1234567890123456789E+10',
    '1234567890123456789.0',
  ])('%s keeps its digits', (number) => {
    expect(again(number)).toBe(number);
    expect(again(`{"a":[1,${number}],"b":${number}}`)).toBe(`{"a":[1,${number}],"b":${number}}`);
    expect(parseJson(number)).toBeInstanceOf(ExactNumber);
    expect(String(parseJson(number))).toBe(number);
  });

  it.each(['0', '-1', '1700000000000000', '9007199254740991', '-9007199254740991', '0.30000000000000004', '3.141592653589793', '1e+21'])(
    '%s is a number as any other, which says all that came',
    (number) => {
      expect(parseJson(`[${number}]`)).toEqual([Number(number)]);
      expect(again(`[${number}]`)).toBe(`[${number}]`);
    },
  );

  it.each([
    ['10000000000000000000000', 1e22],
    ['200.00000000000000', 200],
    ['1.0000000000000000e+02', 100],
    ['-0.0000000000000000', -0],
    // As C and Go write a double with all that it takes to read it again.
    ['0.10000000000000001', 0.1],
    ['0.69999999999999996', 0.7],
  ])('%s is %d, however it is written', (text, number) => {
    expect(parseJson(`[${text}]`)).toEqual([number]);
  });

  it('are equal when their digits are', () => {
    const [one, same, other] = ['9223372036854775807', '9223372036854775807', '18446744073709551615'].map(parseJson);
    expect([isDeepStrictEqual({ n: one }, { n: same }), isDeepStrictEqual({ n: one }, { n: other })]).toEqual([true, false]);
    expect([isSameValue(one, same), isSameValue(one, other), isSameValue('1', '1'), isSameValue(one, 2 ** 63)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('are found in long texts, and may be long themselves', () => {
    const zeros = '0,'.repeat(1_000_000);
    for (const last of [
      '9007199254740993',
      `${'1'.repeat(500_000)}${'0'.repeat(500_000)}1`,
      `0.${'0'.repeat(500_000)}${'12'.repeat(20)}`,
    ]) {
      const text = `[${zeros}${last}]`;
      expect(again(text) === text).toBe(true);
    }
  });

  it('are looked for between strings, not in them', () => {
    const text = '{"9007199254740993":"9007199254740993","a\\"":"\\\\","b":"\\\\\\"9007199254740993","c":9007199254740993}';
    expect(again(text)).toBe(text);
    const { c, ...rest } = parseJson(text) as Record<string, unknown>;
    expect(rest).toEqual({ '9007199254740993': '9007199254740993', 'a"': '\\', b: '\\"9007199254740993' });
    expect(c).toBeInstanceOf(ExactNumber);
  });

  it('are found wherever in the text they begin', () => {
    for (let at = 0; at < 40; at += 1) {
      const text = `["${'x'.repeat(at)}",9007199254740993]`;
      expect(again(text), text).toBe(text);
    }
  });

  it('are no objects, and can be counted with as well as JavaScript can', () => {
    const number = parseJson('9223372036854775807');
    expect(isObject(number)).toBe(false);
    expect(numberIn(number)).toBe(2 ** 63);
    expect(numberIn(5)).toBe(5);
    expect(numberIn('5')).toBeUndefined();
  });

  it('are the nearest number where somebody writes them who does not know of them', () => {
    expect(JSON.stringify({ n: parseJson('9007199254740993') })).toBe('{"n":9007199254740992}');
  });

  it('go with copies of what they are in', () => {
    const copy = { ...(parseJson('{"a":{"n":9007199254740993},"n":9007199254740993}') as object), b: 1 };
    expect(jsonText(copy)).toBe('{"a":{"n":9007199254740993},"n":9007199254740993,"b":1}');
    expect(jsonText([parseJson('9007199254740993')], 2)).toBe('[\n  9007199254740993\n]');
  });

  it('leave a key that is called __proto__ what it is', () => {
    const text = '{"__proto__":{"n":9007199254740993}}';
    expect(again(text)).toBe(text);
  });
});

describe('what is no JSON', () => {
  it.each([
    '0123456789012345678',
    '12345678901234567-5',
    '12345678901234567.',
    '.12345678901234567',
    '+12345678901234567',
    '-',
    '1.2.34567890123456789',
    '12345678901234567e',
    '[12345678901234567"a"]',
    '{"a":12345678901234567',
    '"12345678901234567',
    '"12345678901234567\\',
    'x12345678901234567',
    '{12345678901234567:1}',
    '{"a":1,12345678901234567\n:1}',
    '12345678901234567x',
    '',
  ])('%j is refused in the words that it always was', (text) => {
    const expected = (): unknown => JSON.parse(text);
    let words = '';
    try {
      expected();
    } catch (error) {
      words = (error as SyntaxError).message;
    }
    expect(words).not.toBe('');
    expect(() => parseJson(text)).toThrow(new SyntaxError(words));
  });

  it('is not what is nested deeply', () => {
    const deep = 200_000;
    let value = parseJson(`${'['.repeat(deep)}9007199254740993${']'.repeat(deep)}`);
    while (Array.isArray(value)) [value] = value;
    expect(value).toBeInstanceOf(ExactNumber);
  });
});
