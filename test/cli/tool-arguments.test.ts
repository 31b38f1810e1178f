import { describe, expect, it } from 'vitest';
import { isHubError, jsonText } from '../../src/base/index.ts';
import { toolArguments } from '../../src/cli/tool-arguments.ts';

const sources = { readFile: (name: string) => Promise.resolve(`[${name}]`), readInput: () => Promise.resolve('{"from": "input"}') };

const schema = {
  type: 'object',
  properties: {
    text: { type: 'string' },
    count: { type: 'integer' },
    ratio: { type: 'number' },
    flag: { type: 'boolean' },
    maybe: { type: ['number', 'null'] },
    either: { anyOf: [{ type: 'boolean' }, { type: 'number' }] },
    list: { type: 'array', items: { type: 'integer' } },
    words: { type: 'array' },
    object: { type: 'object' },
    level: { enum: [1, 2, 'three'] },
    open: {},
  },
};

const read = (...words: string[]) => toolArguments(words, schema, sources);

async function errors(wanted: object, ...words: string[]): Promise<unknown> {
  const error: unknown = await toolArguments(words, wanted, sources).catch((thrown: unknown) => thrown);
  if (!isHubError(error, 'USAGE')) throw new Error(`no such error: ${String(error)}`);
  return error.details['errors'];
}

describe('toolArguments', () => {
  it.each([
    [[], {}],
    [['text=5'], { text: '5' }],
    [['text='], { text: '' }],
    [['text=a=b'], { text: 'a=b' }],
    [['count=5'], { count: 5 }],
    [['count=-5'], { count: -5 }],
    [['ratio=.5'], { ratio: 0.5 }],
    [['ratio=1e3'], { ratio: 1000 }],
    [['flag=true', 'maybe=null'], { flag: true, maybe: null }],
    [['either=false'], { either: false }],
    [['either=2'], { either: 2 }],
    [['list=1'], { list: [1] }],
    [['list=1', 'list=2'], { list: [1, 2] }],
    [['list=[1, 2]'], { list: [1, 2] }],
    [['words=a', 'words=b'], { words: ['a', 'b'] }],
    [['open=a', 'open=b'], { open: ['a', 'b'] }],
    [['object={"a": 1}'], { object: { a: 1 } }],
    [['level=2'], { level: 2 }],
    [['level=three'], { level: 'three' }],
    [['open=5', 'other=true'], { open: '5', other: 'true' }],
    [['open:=5', 'other:={"a": []}'], { open: 5, other: { a: [] } }],
    [['text=@a.txt'], { text: '[a.txt]' }],
    [['{"a": 1}'], { a: 1 }],
    [['-'], { from: 'input' }],
  ])('reads %j', async (words, expected) => {
    expect(await read(...words)).toEqual(expected);
  });

  it.each(['count=9223372036854775807', 'count=+9223372036854775807', 'open:=9223372036854775807', '{"count": 9223372036854775807}'])(
    'keeps the digits of %s',
    async (word) => {
      expect(jsonText(Object.values(await read(word))[0])).toBe('9223372036854775807');
    },
  );

  it('keeps every name as a name', async () => {
    expect(Object.keys(await read('__proto__=x'))).toEqual(['__proto__']);
  });

  it('tells everything that is wrong', async () => {
    expect(await errors(schema, 'count=1.5', 'flag=yes', 'list=1', 'list=b', 'nothing', 'open:={')).toEqual([
      '"nothing" cannot be used: write key=value, key:=json, or the arguments as one JSON object.',
      'count=1.5: it has to be a whole number.',
      'flag=yes: it has to be true or false.',
      'list=b: it has to be a whole number.',
      expect.stringMatching(/^open=\{: it is not JSON \(/),
    ]);
  });

  it('knows the arguments of a tool that takes no others', async () => {
    const strict = { properties: { query: { type: 'string' } }, additionalProperties: false };
    expect(await errors(strict, 'querry=x')).toEqual(['There is no argument querry. Did you mean query?']);
    expect(await errors(strict, 'zzz=x')).toEqual(['There is no argument zzz. There are: query.']);
  });

  it.each([[['{"a": 1}', 'b=2']], [['{"a": ']], [['@list']]])('refuses %j', async (words) => {
    expect(await errors(schema, ...words)).toHaveLength(1);
  });
});
