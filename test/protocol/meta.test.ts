import { describe, expect, it } from 'vitest';
import { metaKey, metaOf, patchMeta, progressTokenOf, withMeta, withoutEnvelope } from '../../src/protocol/index.ts';

it.each([
  [{ _meta: { a: 1 } }, { a: 1 }],
  [{ _meta: null }, undefined],
  [{ _meta: [1] }, undefined],
  [{}, undefined],
  [undefined, undefined],
])('metaOf %j is %j', (holder, meta) => {
  expect(metaOf(holder)).toEqual(meta);
});

it.each([
  [{ _meta: { progressToken: 'a' } }, 'a'],
  [{ _meta: { progressToken: 0 } }, 0],
  [{ _meta: { progressToken: null } }, undefined],
  [{ _meta: { progressToken: {} } }, undefined],
  [{}, undefined],
])('progressTokenOf %j is %j', (params, token) => {
  expect(progressTokenOf(params)).toBe(token);
});

describe('withMeta', () => {
  it('replaces _meta and leaves the original alone', () => {
    const holder = Object.freeze({ name: 'x', _meta: { a: 1 } });
    expect(withMeta(holder, { b: 2 })).toEqual({ name: 'x', _meta: { b: 2 } });
    expect(holder).toEqual({ name: 'x', _meta: { a: 1 } });
  });

  it('leaves out an empty _meta', () => {
    expect(withMeta({ name: 'x', _meta: { a: 1 } }, {})).toEqual({ name: 'x' });
  });
});

describe('patchMeta', () => {
  it('sets, keeps and removes keys', () => {
    const holder = Object.freeze({ x: 1, _meta: Object.freeze({ keep: 1, change: 1, remove: 1 }) });
    expect(patchMeta(holder, { change: 2, remove: undefined, add: null })).toEqual({ x: 1, _meta: { keep: 1, change: 2, add: null } });
  });

  it('removes _meta with its last key', () => {
    expect(patchMeta({ _meta: { a: 1 } }, { a: undefined })).toEqual({});
  });
});

describe('withoutEnvelope', () => {
  it('takes the four keys of the sender and nothing else', () => {
    const meta = {
      [metaKey.protocolVersion]: '2026-07-28',
      [metaKey.clientInfo]: {},
      [metaKey.clientCapabilities]: {},
      [metaKey.logLevel]: 'info',
      [metaKey.subscriptionId]: 5,
      progressToken: 1,
      traceparent: '00',
    };
    expect(withoutEnvelope({ name: 'x', _meta: meta })).toEqual({
      name: 'x',
      _meta: { [metaKey.subscriptionId]: 5, progressToken: 1, traceparent: '00' },
    });
  });

  it('gives back the same object when there is nothing to take', () => {
    const params = { _meta: { progressToken: 1 } };
    expect(withoutEnvelope(params)).toBe(params);
  });

  it('leaves no empty _meta behind', () => {
    expect(withoutEnvelope({ _meta: { [metaKey.protocolVersion]: '2026-07-28' } })).toEqual({});
  });
});
