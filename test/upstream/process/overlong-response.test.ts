import { describe, expect, it } from 'vitest';
import { overlongResponseId } from '../../../src/upstream/process/overlong-response.ts';

const cut = (line: string) => ({ bytes: line.length, head: line.slice(0, 60), tail: line.slice(-60) });
const big = `{"content":[{"type":"text","text":"${'x'.repeat(500)}"}]}`;

describe('overlongResponseId', () => {
  it.each([
    ['the id first', `{"jsonrpc":"2.0","id":7,"result":${big}}`, 7],
    ['the id first, with blanks', `{ "id": "a-\\"1", "jsonrpc" : "2.0", "result": ${big} }`, 'a-"1'],
    ['the id last', `{"result":${big},"jsonrpc":"2.0","id":7}`, 7],
    ['the id before the version', `{"jsonrpc":"2.0","result":${big},"id":"x"}`, 'x'],
    ['an error', `{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"","data":${big}}}`, 3],
    ['a request of the server', `{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":${big}}`, undefined],
    ['a notification', `{"jsonrpc":"2.0","method":"x","params":${big}}`, undefined],
    ['an id inside of the result only', `{"jsonrpc":"2.0","result":{"big":${big},"id":5}}`, undefined],
    ['an illegal number', `{"jsonrpc":"2.0","id":007,"result":${big}}`, undefined],
    ['noise', `${'#'.repeat(500)}`, undefined],
  ])('%s', (_what, line, id) => {
    expect(overlongResponseId(cut(line))).toBe(id);
  });
});
