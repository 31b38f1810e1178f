import { describe, expect, it } from 'vitest';
import {
  errorMessage,
  isErrorMessage,
  isNotification,
  isObject,
  isRequest,
  isRequestId,
  isResponse,
  type JsonObject,
  messageKind,
  messageOf,
  notification,
  outcomeOf,
  request,
  responseMessage,
  resultMessage,
} from '../../src/protocol/index.ts';

const rpc = (rest: JsonObject): JsonObject => ({ jsonrpc: '2.0', ...rest });
const error = { code: -32000, message: 'no' };

describe('messageKind', () => {
  it.each([
    ['a request', rpc({ id: 1, method: 'ping' }), 'request'],
    ['a request with a string id', rpc({ id: '', method: 'ping', params: {} }), 'request'],
    ['a notification', rpc({ method: 'notifications/initialized' }), 'notification'],
    ['a result', rpc({ id: 0, result: {} }), 'response'],
    ['an error', rpc({ id: 'a', error }), 'response'],
    ['an error without a readable id', rpc({ id: null, error }), 'response'],
    ['an error without an id', rpc({ error }), 'response'],
    ['unknown fields', rpc({ id: 1, result: {}, extra: true }), 'response'],
    ['a batch', [rpc({ id: 1, method: 'ping' })], undefined],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'ping' }, undefined],
    ['no version', { id: 1, method: 'ping' }, undefined],
    ['a null id on a request', rpc({ id: null, method: 'ping' }), undefined],
    ['an id of another type', rpc({ id: {}, method: 'ping' }), undefined],
    ['params by position', rpc({ id: 1, method: 'ping', params: [1] }), undefined],
    ['a method that is no string', rpc({ id: 1, method: 5 }), undefined],
    ['a result beside a method that is no string', rpc({ id: 1, result: {}, method: null }), undefined],
    ['a result that is no object', rpc({ id: 1, result: 'ok' }), undefined],
    ['a result without an id', rpc({ result: {} }), undefined],
    ['an error with an id of another type', rpc({ id: { a: 1 }, error }), undefined],
    ['an error without a code', rpc({ id: 1, error: { message: 'no' } }), undefined],
    ['an error without a message', rpc({ id: 1, error: { code: 1 } }), undefined],
    ['nothing of the kind', rpc({ id: 1 }), undefined],
    ['null', null, undefined],
    ['a string', 'ping', undefined],
  ])('%s', (_, value, kind) => {
    expect(messageKind(value)).toBe(kind);
  });
});

describe('messages', () => {
  it('leave out params that are not there', () => {
    expect(request(1, 'ping')).toEqual({ jsonrpc: '2.0', id: 1, method: 'ping' });
    expect('params' in request(1, 'ping')).toBe(false);
    expect('params' in notification('a/b')).toBe(false);
    expect(request('x', 'a', { b: 1 }).params).toEqual({ b: 1 });
    expect(notification('a', { b: 1 }).params).toEqual({ b: 1 });
  });

  it('are told apart', () => {
    const all = [request(1, 'ping'), notification('a/b'), resultMessage(1, {}), errorMessage(null, error)];
    expect(all.map(isRequest)).toEqual([true, false, false, false]);
    expect(all.map(isNotification)).toEqual([false, true, false, false]);
    expect(all.map(isResponse)).toEqual([false, false, true, true]);
    expect(isErrorMessage(errorMessage(1, error))).toBe(true);
    expect(isErrorMessage(resultMessage(1, {}))).toBe(false);
  });

  it.each([{}, { code: 1 }, { code: '1', message: 'm' }, { code: 1, message: 7 }, [], 'no', null])(
    'a result beside an error that is none, %j, is a result',
    (broken) => {
      const message = messageOf({ jsonrpc: '2.0', id: 1, result: { a: 1 }, error: broken });
      expect(message && isResponse(message) && outcomeOf(message)).toEqual({ result: { a: 1 } });
    },
  );

  it('carry an outcome there and back, in the same words', () => {
    const good = { result: { resultType: 'task', unknown: [1] } };
    const bad = { error: { code: -1, message: 'm', data: { a: null } } };
    expect(outcomeOf(responseMessage(7, good))).toEqual(good);
    expect(outcomeOf(responseMessage(7, bad))).toEqual(bad);
    expect(responseMessage('7', bad).id).toBe('7');
  });
});

it('isObject takes plain objects only', () => {
  expect([{}, [], null, 'a', undefined].map(isObject)).toEqual([true, false, false, false, false]);
});

it('isRequestId takes strings and finite numbers', () => {
  expect(['', 0, -1.5, NaN, Infinity, null, {}].map(isRequestId)).toEqual([true, true, true, false, false, false, false]);
});
