import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/gateway/index.ts';
import { bindingOf, type OwnState, randomId, RequestStates } from '../../src/gateway/request-state.ts';
import type { JsonObject } from '../../src/protocol/index.ts';

const state: OwnState = { kind: 'parked', park: randomId(), round: randomId(), expiresMs: 1_785_000_000_123.5 };

function call(params: JsonObject | undefined, more: Partial<Call> = {}): Call {
  return {
    scope: { kind: 'all' },
    method: 'tools/call',
    params,
    downstream: { principal: { id: 'ada' }, era: 'modern', protocolVersion: '2026-07-28' },
    signal: new AbortController().signal,
    notify: () => {},
    ...more,
  };
}

describe('RequestStates', () => {
  it.each<OwnState>([state, { kind: 'anew', expiresMs: 7 }])('opens what it has sealed: %j', (one) => {
    const states = new RequestStates();
    const sealed = states.seal('b', one);
    expect(states.open(() => 'b', sealed)).toEqual(one);
    expect(states.seal('b', one)).not.toBe(sealed);
    expect(sealed).toMatch(/^hub1\.[\w-]+$/);
  });

  it('opens nothing else: no bit changed, no character more or less, no other binding, no other key', () => {
    const states = new RequestStates();
    const sealed = states.seal('b', state);
    const text = sealed.slice('hub1.'.length);
    const bytes = Buffer.from(text, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(states.open(() => 'b', `hub1.${changed.toString('base64url')}`)).toBeUndefined();
    }
    const wrong: string[] = [];
    for (let at = 0; at < sealed.length; at += 1) {
      for (const other of 'Aa0-_=+/ \n')
        wrong.push(sealed.slice(0, at) + other + sealed.slice(at + 1), sealed.slice(0, at) + other + sealed.slice(at));
      wrong.push(sealed.slice(0, at));
    }
    for (const one of wrong.filter((one) => one !== sealed)) expect(states.open(() => 'b', one)).toBeUndefined();
    for (const more of ['=', 'A', '-TAMPERED', '\0', sealed]) expect(states.open(() => 'b', sealed + more)).toBeUndefined();
    expect(states.open(() => 'c', sealed)).toBeUndefined();
    expect(new RequestStates().open(() => 'b', sealed)).toBeUndefined();
    expect(states.open(() => 'b', sealed)).toEqual(state);
  });

  it('does not work out the binding for a state that is not its own at first sight', () => {
    const open = (sealed: string) =>
      new RequestStates().open(() => {
        throw new Error('needless');
      }, sealed);
    for (const sealed of ['', 'x', 'hub1.', 'hub1.AAAA', `hub2.${'A'.repeat(92)}`, 'x'.repeat(1_000_000)])
      expect(open(sealed)).toBeUndefined();
  });
});

describe('bindingOf', () => {
  const params = { name: 't', arguments: { a: 1, b: { c: [1, { d: 2, e: 3 }] } } };
  const bound = bindingOf(call(params));

  it.each<[string, JsonObject]>([
    ['the order of keys', { arguments: { b: { c: [1, { e: 3, d: 2 }] }, a: 1 }, name: 't' }],
    ['`_meta`', { ...params, _meta: { progressToken: 3 } }],
    ['the fields of a retry', { ...params, inputResponses: { x: {} }, requestState: 's' }],
    ['what is undefined', { ...params, more: undefined }],
  ])('is the same whatever %s', (_, same) => {
    expect(bindingOf(call(same))).toBe(bound);
  });

  it.each<[string, Call]>([
    ['name', call({ ...params, name: 'u' })],
    ['argument', call({ ...params, arguments: { ...params.arguments, a: 2 } })],
    ['type', call({ ...params, arguments: { ...params.arguments, a: '1' } })],
    ['order of a list', call({ ...params, arguments: { a: 1, b: { c: [{ d: 2, e: 3 }, 1] } } })],
    ['nesting', call({ ...params, arguments: { a: 1, b: { c: [1, { d: 2 }], e: 3 } } })],
    ['field beside', call({ ...params, task: {} })],
    ['method', call(params, { method: 'prompts/get' })],
    ['endpoint', call(params, { scope: { kind: 'server', id: 'all' } })],
    ['principal', call(params, { downstream: { principal: { id: 'bob' }, era: 'modern', protocolVersion: '2026-07-28' } })],
    ['params at all', call(undefined)],
  ])('differs with the %s', (_, other) => {
    expect(bindingOf(other)).not.toBe(bound);
  });
});
