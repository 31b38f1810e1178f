import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerKind } from '../../src/base/index.ts';
import { headerFilter } from '../../src/upstream/forwarded-headers.ts';

const NEVER = [
  [
    'connection',
    'keep-alive',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'proxy-authorization',
    'proxy-connection',
    'http2-settings',
  ],
  ['host', 'content-length', 'content-type', 'content-encoding', 'accept', 'accept-encoding', 'expect', 'last-event-id'],
  ['mcp-session-id', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-param-region'],
  ['authorization', 'x-api-key', 'cookie', 'set-cookie', 'origin', 'referer', 'sec-fetch-site'],
].flat();

describe('the headers that are handed on', () => {
  it('are those that are listed, whatever else the client sends', () => {
    const filter = headerFilter(['x-request-id', 'x-tenant']);
    expect(filter?.({ 'x-request-id': '1', 'x-other': '2', authorization: 'Bearer hub', host: 'h' })).toEqual({ 'x-request-id': '1' });
    expect(filter?.({ 'x-other': '2' })).toBeUndefined();
    expect(filter?.(undefined)).toBeUndefined();
    expect(filter?.({ 'x-tenant': ['a', 'b'] })).toEqual({ 'x-tenant': 'a, b' });
  });

  it('are none where nothing is listed', () => {
    expect(headerFilter()).toBeUndefined();
    expect(headerFilter([])).toBeUndefined();
  });

  it('may be all that begin in one way', () => {
    const filter = headerFilter(['x-*']);
    expect(filter?.({ 'x-a': '1', 'x-b-c': '2', 'x-api-key': 'hub', xa: '3', y: '4' })).toEqual({ 'x-a': '1', 'x-b-c': '2' });
  });

  it('are not those that the config sets', () => {
    const filter = headerFilter(['x-tenant', 'x-user'], ['X-Tenant']);
    expect(filter?.({ 'x-tenant': 'mine', 'x-user': 'ada' })).toEqual({ 'x-user': 'ada' });
  });

  it('are not those that the client means for the hub alone', () => {
    const filter = headerFilter(['x-*']);
    expect(filter?.({ connection: 'keep-alive, X-Hop', 'x-hop': '1', 'x-far': '2' })).toEqual({ 'x-far': '2' });
    expect(filter?.({ connection: 'X-Hop', 'x-hop': '1' })).toBeUndefined();
  });

  it.each(NEVER)('are never %s', (name) => {
    expect(headerFilter([name, 'x-ok'])?.({ [name]: 'v', 'x-ok': '1' })).toEqual({ 'x-ok': '1' });
    expect(headerKind(name)).not.toBe('free');
  });

  it('have every property that they must have, whatever is listed and sent', () => {
    const name = fc.oneof(
      fc.constantFrom(...NEVER, 'x-a', 'x-b', 'traceparent', '__proto__', 'constructor', 'bad name', 'x-\u00e9'),
      fc.string({ maxLength: 12 }).map((text) => text.toLowerCase()),
    );
    const pattern = fc.oneof(name, fc.constantFrom('x-*', 'mcp-*', 'proxy-*', 'content-*', 'sec-*', '*', 'a-*'));
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('a\r\nAuthorization: x', '\u0000', 'ü', '名'),
      fc.array(fc.string(), { maxLength: 3 }),
    );
    const headers = fc.array(fc.tuple(name, value)).map((entries) => Object.fromEntries(entries));
    const connection = fc.oneof(fc.constant(undefined), name);
    fc.assert(
      fc.property(fc.array(pattern), headers, fc.array(name), connection, (patterns, sent, own, hop) => {
        const all = hop === undefined ? sent : { ...sent, connection: hop };
        const passed = headerFilter(patterns, own)?.(all) ?? {};
        for (const [key, text] of Object.entries(passed)) {
          expect(NEVER).not.toContain(key);
          expect(own).not.toContain(key);
          expect(patterns.some((one) => one === key || (one.endsWith('*') && key.startsWith(one.slice(0, -1))))).toBe(true);
          expect([sent[key]].flat().join(', ')).toBe(text);
          expect(text).not.toMatch(/[\r\n\0]/);
          expect(() => new Headers([[key, text]])).not.toThrow();
          expect((hop ?? '').split(',').map((one) => one.trim())).not.toContain(key);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
