import { describe, expect, it } from 'vitest';
import { brokenAnswersIn } from '../../src/protocol/index.ts';

const found = (value: unknown) => brokenAnswersIn(Buffer.from(JSON.stringify(value)));
const rpc = (rest: object) => ({ jsonrpc: '2.0', id: 7, ...rest });

describe('brokenAnswersIn', () => {
  it.each([
    ['a text as result', rpc({ result: 'hello' }), 'its "result" is a text, not an object'],
    ['null as result', rpc({ result: null, error: null }), 'its "result" is null, not an object'],
    ['a number as result', rpc({ result: 5 }), 'its "result" is a number, not an object'],
    ['a list as result', rpc({ result: [] }), 'its "result" is a list, not an object'],
    ['neither', rpc({}), 'it has neither "result" nor "error"'],
    ['neither, and an error that is null', rpc({ error: null }), 'it has neither "result" nor "error"'],
    ['a text as error', rpc({ error: 'broken' }), 'its "error" is a text, not an object'],
    ['a text as code', rpc({ error: { code: 'ENOENT', message: 'm' } }), 'the "code" of its "error" is a text, not a number'],
    ['no code', rpc({ error: { message: 'm' } }), 'the "code" of its "error" is missing, not a number'],
    ['no message', rpc({ error: { code: 1 } }), 'the "message" of its "error" is missing, not a text'],
    ['no version', { id: 7, result: {} }, 'its "jsonrpc" is not "2.0"'],
    ['another version', { jsonrpc: 2, id: 7, result: {} }, 'its "jsonrpc" is not "2.0"'],
    ['no version and an error', { id: 7, error: { code: 1, message: 'm' } }, 'its "jsonrpc" is not "2.0"'],
  ])('says what is wrong with %s', (_, value, problem) => {
    expect(found(value)).toMatchObject([{ id: 7, problem }]);
  });

  it.each([
    ['half a message', '{"jsonrpc":"2.0","id":7,"resu'],
    ['a number', '7'],
    ['an empty batch', '[]'],
    ['a line of a log with an id of its own', '{"level":"info","id":7,"msg":"served","error":"none"}'],
    ['an id and no more', '{"id":7}'],
    ['no id', '{"jsonrpc":"2.0","result":"hello"}'],
    ['an id that is none', '{"jsonrpc":"2.0","id":{},"result":"hello"}'],
    ['a request that is none', '{"jsonrpc":"2.0","id":7,"method":5,"result":"hello"}'],
    ['a response', '{"jsonrpc":"2.0","id":7,"result":{}}'],
    ['nothing', ''],
  ])('finds none in %s', (_, text) => {
    expect(brokenAnswersIn(Buffer.from(text))).toEqual([]);
  });

  it('finds those of a batch, behind a byte order mark, and what they say', () => {
    const batch = [rpc({ id: '1', error: 'broken' }), rpc({ id: 2, result: {} }), 7, rpc({ id: 3, error: { message: 'no such file' } })];
    expect(brokenAnswersIn(Buffer.from(`\uFEFF ${JSON.stringify(batch)}`))).toMatchObject([
      { id: '1', said: 'broken' },
      { id: 3, said: 'no such file' },
    ]);
    expect(found(rpc({ result: 'hello' }))[0]?.said).toBeUndefined();
  });
});
