import * as fc from 'fast-check';
import JSON5 from 'json5';
import { describe, expect, it } from 'vitest';
import { editJson5 } from '../../src/config/json5-edit.ts';

const file = `// mine
{
  // all of them
  "mcpServers": {
    /* first */
    "a": { "command": "npx", "args": ["-y", "one"] }, // the good one
    'b': {
      url: 'http://localhost:1/', // local
      headers: {},
    },
    // "off": { "command": "x" },
  },
  startupWait: "5s", // short
}
`;

const changes: [string, (before: string) => string, readonly string[], unknown][] = [
  [
    'a new member behind the last, with its trailing comma',
    (text) => text.replace('"5s", // short\n', '"5s", // short\n  "x": 1,\n'),
    ['x'],
    1,
  ],
  ['a value in its place, comment and all', (text) => text.replace('"5s"', '"9s"'), ['startupWait'], '9s'],
  ['nothing where nothing changes', (text) => text, ['mcpServers', 'a', 'args'], ['-y', 'one']],
  ['one item of a list', (text) => text.replace('"one"', '"two"'), ['mcpServers', 'a', 'args'], ['-y', 'two']],
  ['into an object on one line', (text) => text.replace('"one"] }', '"one"], "disabled": true }'), ['mcpServers', 'a', 'disabled'], true],
  [
    'into an object without members',
    (text) => text.replace('headers: {}', 'headers: {\n        "K": "v"\n      }'),
    ['mcpServers', 'b', 'headers', 'K'],
    'v',
  ],
  [
    'a whole entry',
    (text) =>
      text.replace(
        '      headers: {},\n    },\n',
        '      headers: {},\n    },\n    "c": {\n      "command": "npx",\n      "args": ["-y", "c"],\n      "env": {\n        "A": "1"\n      }\n    },\n',
      ),
    ['mcpServers', 'c'],
    { command: 'npx', args: ['-y', 'c'], env: { A: '1' } },
  ],
  [
    'a member away, with the comment of its line',
    (text) => text.replace('    "a": { "command": "npx", "args": ["-y", "one"] }, // the good one\n', ''),
    ['mcpServers', 'a'],
    undefined,
  ],
  [
    'only what differs in an object',
    (text) => text.replace("'http://localhost:1/'", '"http://localhost:2/"').replace('      headers: {},\n', ''),
    ['mcpServers', 'b'],
    { url: 'http://localhost:2/' },
  ],
];

describe('editing JSON5', () => {
  it.each(changes)('puts %s', (_, expected, path, value) => {
    expect(editJson5(file, path, value)).toBe(expected(file));
  });

  it.each(changes)('keeps line breaks of Windows and a BOM: %s', (_, expected, path, value) => {
    const windows = (text: string): string => `\uFEFF${text.replaceAll('\n', '\r\n')}`;
    expect(editJson5(windows(file), path, value)).toBe(windows(expected(file)));
  });

  it.each([
    ['{}', ['a', 'b'], 1, '{\n  "a": {\n    "b": 1\n  }\n}'],
    ['{ // note\n}\n', ['a'], 1, '{ // note\n  "a": 1\n}\n'],
    ['{"a":1}', ['b'], [1, { c: 2 }], '{"a":1, "b": [1, { "c": 2 }]}'],
    ['{"a":1,}', ['b'], 2, '{"a":1, "b": 2,}'],
    ['{\n\t"a": 1 // one\n}', ['b'], {}, '{\n\t"a": 1, // one\n\t"b": {}\n}'],
    ['{\n  "a": 1,\n  "b": 2\n}', ['b'], undefined, '{\n  "a": 1\n}'],
    ['{ "a": 1, "b": 2 }', ['b'], undefined, '{ "a": 1 }'],
    ['{ "a": 1, "b": 2 }', ['a'], undefined, '{ "b": 2 }'],
    ['{a:1, a:2}', ['a'], undefined, '{}'],
    ['{a:1, a:2}', ['a'], 3, '{a:1, a:3}'],
    ['{a:1}', ['x', 'y'], undefined, '{a:1}'],
  ] as const)('%j at %j, %j', (before, path, value, after) => {
    expect(editJson5(before, path, value)).toBe(after);
  });

  it.each([
    ['[]', ['a']],
    ['{a: 1}', ['a', 'b']],
    ['{a: [1]}', ['a', '0', 'b']],
  ])('refuses to go through what is no object: %s', (text, path) => {
    expect(() => editJson5(text, path, 1)).toThrow(TypeError);
  });

  const key = fc.constantFrom('a', 'b', 'c d', '__proto__', 'ü');
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(1, -2.5, 'x', 'it\'s "q"\n', true, null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const document = fc.dictionary(key, value, { maxKeys: 4 });
  const style = fc.record({ isFlat: fc.boolean(), comma: fc.boolean(), comments: fc.boolean(), lineBreak: fc.constantFrom('\n', '\r\n') });

  it('changes what it is told to, and nothing else, whatever the layout', () => {
    const path = fc.array(key, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(document, style, path, fc.option(value, { nil: undefined }), (before, how, where, wanted) => {
        const text = write(before, how);
        const expected = put(before, where, wanted);
        fc.pre(expected !== undefined);
        const edited = editJson5(text, where, wanted);
        expect(plain(JSON5.parse(edited))).toEqual(plain(expected));
        // Again is the same as once.
        expect(editJson5(edited, where, wanted)).toBe(edited);
      }),
      { numRuns: 2_000 },
    );
  });

  it('leaves the very bytes when what was added is taken away', () => {
    fc.assert(
      fc.property(document, style, value, (before, how, added) => {
        fc.pre(Object.keys(before).length > 0);
        const text = write(before, how);
        expect(editJson5(editJson5(text, ['new'], added), ['new'], undefined)).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });
});

interface Style {
  readonly isFlat: boolean;
  readonly comma: boolean;
  readonly comments: boolean;
  readonly lineBreak: string;
}

/** A document in some layout, with a comment in every place that allows one. */
function write(value: unknown, style: Style, depth = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const items = isArray
    ? value.map((item) => write(item, style, depth + 1))
    : Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${write(inner, style, depth + 1)}`);
  const [open, close] = isArray ? ['[', ']'] : ['{', '}'];
  if (items.length === 0) return `${open}${close}`;
  const { lineBreak } = style;
  const comma = style.comma ? ',' : '';
  if (style.isFlat) return `${open}${style.comments ? ' /* c */ ' : ''}${items.join(', ')}${comma}${close}`;
  const indent = '   '.repeat(depth + 1);
  const note = style.comments ? ' // c' : '';
  const lines = items.map((item, index) => `${indent}${item}${index < items.length - 1 ? ',' : comma}${note}`);
  return `${open}${lineBreak}${lines.join(lineBreak)}${lineBreak}${'   '.repeat(depth)}${close}`;
}

/** What the edit means; `undefined` when it goes through what is no object. */
function put(value: unknown, [key, ...rest]: readonly string[], wanted: unknown): unknown {
  if (key === undefined) return wanted;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const found = Object.entries(value).find(([name]) => name === key);
  if (!found && wanted === undefined) return value;
  const others = Object.entries(value).filter(([name]) => name !== key);
  const changed = put(found && rest.length > 0 ? found[1] : {}, rest, wanted);
  if (changed !== undefined) return Object.fromEntries([...others, [key, changed]]);
  return rest.length === 0 ? Object.fromEntries(others) : undefined;
}

/** The same without prototypes and order. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return new Map(
    Object.entries(value)
      .map(([key, inner]): [string, unknown] => [key, plain(inner)])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}
