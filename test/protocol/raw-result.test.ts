import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHubError } from '../../src/base/index.ts';
import {
  fieldOf,
  isErrorMessage,
  isResponse,
  type JsonObject,
  lineParts,
  type Message,
  messageKind,
  messageParts,
  type Outcome,
  outcomeOf,
  RawResponse,
  type RawResult,
  readMessage,
  responseMessage,
  singleField,
  withFields,
} from '../../src/protocol/index.ts';

const key = fc
  .oneof(fc.constantFrom('resultType', '_meta', 'content', 'a"b', 'é\n', ''), fc.string({ maxLength: 5 }))
  .filter((name) => name !== '__proto__');
// Of two spellings of zero JSON has one; a key of this name sets the prototype where an object is written by hand.
const object = fc
  .dictionary(key, fc.jsonValue(), { maxKeys: 6 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject)
  .filter((value) => !Object.hasOwn(value, '__proto__'));
const id = fc.oneof(fc.integer(), fc.string(), fc.constant(0));
const spaces = fc.constantFrom(undefined, 1, '\t');

const bytesOf = (value: unknown, space?: number | string): Buffer => Buffer.from(JSON.stringify(value, undefined, space));

/** JSON has no negative zero. */
const asWritten = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function rawOf(result: unknown, space?: number | string): RawResult {
  const message = readMessage(bytesOf({ result, jsonrpc: '2.0', id: 1 }, space));
  if (!(message instanceof RawResponse)) throw new Error('Not kept as bytes');
  return message.outcome;
}

function written(message: Message): string {
  const { head, body, tail } = messageParts(message);
  return `${head}${body?.toString('utf8') ?? ''}${tail}`;
}

/** What a function gives; nothing when it throws. */
function attempt<T>(run: () => T): { readonly done?: { readonly value: T } } {
  try {
    return { done: { value: run() } };
  } catch {
    return {};
  }
}

/** A response has its members in the order in which they are written; other messages are as they came. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('result' in value)) return value;
  const { jsonrpc, id: of, result } = { jsonrpc: '2.0', id: 1, ...value };
  return { jsonrpc, id: of, result };
}

describe('readMessage', () => {
  it('keeps results as bytes, in whatever order and with whatever space the members come', () => {
    fc.assert(
      fc.property(object, id, spaces, fc.boolean(), (result, requestId, space, isFirst) => {
        const body = isFirst ? { result, jsonrpc: '2.0', id: requestId } : { id: requestId, jsonrpc: '2.0', result, more: [1] };
        const message = readMessage(bytesOf(body, space));
        if (!(message instanceof RawResponse)) throw new Error('Not kept as bytes');
        expect(message.id).toBe(requestId);
        expect(JSON.parse(written(message))).toEqual({ jsonrpc: '2.0', id: requestId, result });
        expect(JSON.parse(JSON.stringify(message))).toEqual({ jsonrpc: '2.0', id: requestId, result });
        expect(outcomeOf(message).result).toEqual(result);
      }),
    );
  });

  it('takes the same bytes for a message as a parser does', () => {
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .array(
          fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"id"', '"result"', '1', '-', '0', '.5', 'e3', 'true', 'nul', ' ', '\\'),
          {
            maxLength: 12,
          },
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (inner, isWhole) => {
        const json = isWhole ? inner : `{"jsonrpc":"2.0","id":1,"result":${inner}}`;
        const [value, message] = [attempt(() => JSON.parse(json)), attempt(() => readMessage(Buffer.from(json)))];
        const isMessage = value.done !== undefined && messageKind(value.done.value) !== undefined;
        expect([message.done !== undefined, message.done?.value !== undefined]).toEqual([value.done !== undefined, isMessage]);
        expect(JSON.stringify(message.done?.value)).toBe(isMessage ? JSON.stringify(plain(value.done.value)) : undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['a request', { jsonrpc: '2.0', id: 1, method: 'ping' }],
    ['an error', { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'no' } }],
    ['a notification', { jsonrpc: '2.0', method: 'notifications/x', params: { result: {} } }],
    ['a result with a method beside it', { jsonrpc: '2.0', id: 1, method: 'x', result: {} }],
  ])('makes %s a value at once', (_name, message) => {
    expect(readMessage(bytesOf(message))).toEqual(message);
    expect(readMessage(bytesOf(message))).not.toBeInstanceOf(RawResponse);
  });

  it('leaves to the parser what is nested too deep, has no id or is no text', () => {
    const deep = `${'['.repeat(600)}${']'.repeat(600)}`;
    expect(readMessage(Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"a":${deep}}}`))).not.toBeInstanceOf(RawResponse);
    expect(readMessage(bytesOf({ jsonrpc: '2.0', result: {} }))).toBeUndefined();
    const broken = Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"a":"'), Buffer.from([0xff]), Buffer.from('"}}')]);
    expect(readMessage(broken)).toEqual({ jsonrpc: '2.0', id: 1, result: { a: '\uFFFD' } });
  });

  it('takes a result with an error that is null for the result that it is', () => {
    const message = readMessage(bytesOf({ jsonrpc: '2.0', id: 1, result: { a: 1 }, error: null }));
    if (!message || !isResponse(message)) throw new Error('No response');
    expect(isErrorMessage(message)).toBe(false);
    expect(outcomeOf(message).result).toEqual({ a: 1 });
  });

  it('passes over a byte order mark', () => {
    expect(readMessage(Buffer.from('\uFEFF{"jsonrpc":"2.0","id":"a","result":{}}'))).toBeInstanceOf(RawResponse);
  });
});

describe('RawResult', () => {
  it('has the same fields, and the same ones after a change, as the value', () => {
    const changes = fc.dictionary(key, fc.option(fc.jsonValue().map(asWritten), { nil: undefined }), { maxKeys: 3 });
    fc.assert(
      fc.property(object, changes, changes, spaces, (result, first, second, space) => {
        const plain: Outcome = { result };
        const raw = rawOf(result, space);
        for (const name of [...Object.keys(result), 'resultType', 'nothing']) expect(fieldOf(raw, name)).toEqual(fieldOf(plain, name));
        const once = withFields(raw, first as JsonObject);
        expect(once.result).toEqual(withFields(plain, first as JsonObject).result);
        expect(withFields(once, second as JsonObject).result).toEqual(
          withFields(withFields(plain, first as JsonObject), second as JsonObject).result,
        );
        expect(JSON.parse(written(responseMessage(7, once)))).toEqual({ jsonrpc: '2.0', id: 7, result: once.result });
        expect(raw.result).toEqual(result);
      }),
    );
  });

  it('is made of a single field, and takes others in front of it', () => {
    const tools = [{ name: 'x'.repeat(1_000) }, 1];
    const raw = singleField('tools', bytesOf({ tools }));
    expect(raw.field('tools')).toEqual(tools);
    const message = responseMessage(1, raw.with({ resultType: 'complete' }));
    expect(JSON.parse(written(message))).toEqual({ jsonrpc: '2.0', id: 1, result: { resultType: 'complete', tools } });
  });

  it('says so when a long text in it turns out to be broken', () => {
    const raw = readMessage(Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"a":"${'x'.repeat(100)}\\q"}}`));
    if (!(raw instanceof RawResponse)) throw new Error('Not kept as bytes');
    let thrown: unknown;
    try {
      fieldOf(raw.outcome, 'a');
    } catch (error) {
      thrown = error;
    }
    expect(isHubError(thrown, 'UPSTREAM_PROTOCOL')).toBe(true);
    expect(fieldOf(raw.outcome, 'b')).toBeUndefined();
  });

  it('goes out on one line where lines count', () => {
    const pretty = readMessage(bytesOf({ jsonrpc: '2.0', id: 1, result: { a: [1, 2] } }, 2));
    if (!pretty) throw new Error('No message');
    expect(lineParts(pretty)).toEqual({ head: '{"jsonrpc":"2.0","id":1,"result":{"a":[1,2]}}', tail: '' });
    const compact = readMessage(bytesOf({ jsonrpc: '2.0', id: 1, result: { a: 'x\ny' } }));
    if (!compact) throw new Error('No message');
    expect(lineParts(compact).body?.toString()).toBe('{"a":"x\\ny"}');
  });
});
