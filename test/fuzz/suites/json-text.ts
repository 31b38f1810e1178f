import * as fc from 'fast-check';
import { jsonText, parseJson } from '../../../src/base/index.ts';
import { ODD_TEXTS } from '../arbitraries/values.ts';
import { cases, pure, type Suite } from '../suite.ts';

/** As many as a JavaScript number cannot hold, about half of the time. */
const digits = (least: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{${least},24}$`));
const whole = fc.oneof(
  fc.constant('0'),
  digits(0).map((more) => `7${more}`),
);
const number = fc
  .tuple(fc.constantFrom('', '-'), whole, fc.option(digits(1)), fc.constantFrom('', 'e5', 'E-7', 'e+12'))
  .map(([sign, start, fraction, exponent]) => `${sign}${start}${fraction === null ? '' : `.${fraction}`}${exponent}`);
const string = fc
  .oneof(
    fc.constantFrom(...ODD_TEXTS.filter((text) => text.length < 100)),
    number,
    fc.array(fc.constantFrom('"', '\\', '9007199254740993', 'a', '{', '\u2028'), { maxLength: 6 }).map((parts) => parts.join('')),
  )
  .map((text) => JSON.stringify(text));
const space = fc.constantFrom('', '', ' ', '\n');

/** The text of a value, of which each key comes once and in the order that JavaScript keeps. */
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    { weight: 3, arbitrary: number },
    { weight: 2, arbitrary: string },
    { weight: 1, arbitrary: fc.constantFrom('true', 'null', '[]', '{}') },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.array(tie('value'), { maxLength: 4 }), space).map(([items, gap]) => `[${gap}${items.join(`${gap},`)}${gap}]`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.array(tie('value'), { maxLength: 4 }), space)
        .map(([items, gap]) => `{${items.map((item, at) => `${gap}"k${at}\\"":${gap}${item}`).join(',')}${gap}}`),
    },
  ),
}));

/** Cut, or with something in it that does not belong there. */
const mangled = fc
  .tuple(value, fc.nat(), fc.nat(8), fc.constantFrom('', '"', '\\', '-', '.', '9007199254740993', 'e', ',', '0'))
  .map(([text, place, length, more]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + more + text.slice(at + length);
  });

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|\S/g;

/** Enough to tell every double from its neighbours: a fraction of no more digits is the double that it is nearest to. */
const DIGITS_OF_DOUBLE = 17;

interface Decimal {
  readonly digits: string;
  /** Of ten, for the last digit. */
  readonly power: number;
}

/** What a number says, without the zeros around its digits. */
function decimalOf(text: string): Decimal {
  const [, sign = '', start = '', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = (start + fraction).replace(/^0+/, '');
  const significant = all.replace(/0+$/, '');
  if (significant === '') return { digits: '', power: 0 };
  return { digits: sign + significant, power: Number(power) - fraction.length + all.length - significant.length };
}

function saysTheSame(before: string, after: string): boolean {
  if (before.startsWith('"')) return after.startsWith('"') && JSON.parse(before) === JSON.parse(after);
  if (!/^-?\d/.test(before)) return before === after;
  const [one, other] = [decimalOf(before), decimalOf(after)];
  if (one.digits === other.digits && one.power === other.power) return true;
  return one.power < 0 && one.digits.replace('-', '').length <= DIGITS_OF_DOUBLE && Number(before) === Number(after);
}

const tokensOf = (text: string): readonly string[] => text.match(TOKENS) ?? [];

function outcomeOf(parse: (text: string) => unknown, text: string): { readonly value?: unknown; readonly words?: string } {
  try {
    return { value: parse(text) };
  } catch (error) {
    return { words: String(error) };
  }
}

function check(text: string, isWhole: boolean): void {
  const [ours, plain] = [outcomeOf(parseJson, text), outcomeOf(JSON.parse, text)];
  if (ours.words !== plain.words) throw new Error(`${JSON.stringify(ours.words)} in place of ${JSON.stringify(plain.words)}`);
  if (ours.words !== undefined) return;
  if (JSON.stringify(ours.value) !== JSON.stringify(plain.value)) throw new Error(`Another value: ${JSON.stringify(ours.value)}`);
  const again = jsonText(ours.value);
  if (!isWhole) return;
  const [before, after] = [tokensOf(text), tokensOf(again)];
  if (before.length !== after.length || !before.every((token, at) => saysTheSame(token, after[at] ?? '')))
    throw new Error(`It became ${again}`);
}

const input = fc.oneof(
  { weight: 3, arbitrary: value.map((text) => [text, true] as const) },
  { weight: 2, arbitrary: mangled.map((text) => [text, false] as const) },
);

/** JSON as it is read and written: what `JSON.parse` takes and refuses, and every number with the value that it came with. */
export const jsonTexts: Suite = {
  name: 'json-text',
  start: pure(
    cases(input, ([text, isWhole]) => check(text, isWhole)),
    () => check('{"n":9007199254740993}', true),
  ),
};
