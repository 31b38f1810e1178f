import type { CancelSignal } from '../../src/base/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Call } from '../../src/gateway/index.ts';
import { metaKey, notification } from '../../src/protocol/index.ts';
import { failure, hubResult, legacyResult, modernResult } from '../support/fake-gateway.ts';
import { ENVELOPE, type Harness, modern, modernHeaders, open, type Sent, send, startHarness, until } from './harness.ts';

let harness: Harness;
let mcp: string;
beforeEach(async () => {
  harness = await startHarness();
  mcp = `${harness.url}/mcp`;
});
afterEach(() => harness.close());

const ping = modern('tools/list');
const without = (key: string): Sent => ({ ...ping, body: { jsonrpc: '2.0', id: 7, method: 'tools/list', params: { _meta: omit(key) } } });
const omit = (key: string) => Object.fromEntries(Object.entries(ENVELOPE).filter(([name]) => name !== key));

describe('what is refused', () => {
  const cases: [string, Sent, number, number][] = [
    ['no claim under a modern header', without(metaKey.protocolVersion), 400, -32602],
    ['no _meta under a modern header', { ...ping, body: { jsonrpc: '2.0', id: 7, method: 'tools/list' } }, 400, -32602],
    ['a claim that is no string', modern('tools/list', {}, { [metaKey.protocolVersion]: 1 }, 7), 400, -32602],
    ['no capabilities', without(metaKey.clientCapabilities), 400, -32602],
    ['capabilities that are no object', modern('tools/list', {}, { [metaKey.clientCapabilities]: [] }, 7), 400, -32602],
    ['client information that is no object', modern('tools/list', {}, { [metaKey.clientInfo]: 'me' }, 7), 400, -32602],
    ['an unknown log level', modern('tools/list', {}, { [metaKey.logLevel]: 'loud' }, 7), 400, -32602],
    [
      'another version in the header',
      { ...modern('tools/list', {}, {}, 7), headers: { 'mcp-protocol-version': '2025-11-25' } },
      400,
      -32020,
    ],
    ['no version header', { ...modern('tools/list', {}, {}, 7), headers: { 'mcp-method': 'tools/list' } }, 400, -32020],
    ['no method header', { ...modern('tools/list', {}, {}, 7), headers: { 'mcp-protocol-version': '2026-07-28' } }, 400, -32020],
    ['another method in the header', { ...modern('tools/list', {}, {}, 7), headers: modernHeaders('tools/call') }, 400, -32020],
    ['no name header', { ...modern('tools/call', { name: 'a' }, {}, 7), headers: modernHeaders('tools/call') }, 400, -32020],
    [
      'another name in the header',
      { ...modern('tools/call', { name: 'a' }, {}, 7), headers: modernHeaders('tools/call', 'b') },
      400,
      -32020,
    ],
    ['a broken name', { ...modern('tools/call', { name: 'a' }, {}, 7), headers: modernHeaders('tools/call', '=?base64?*?=') }, 400, -32020],
    [
      'an unknown version',
      {
        headers: { ...modernHeaders('tools/list'), 'mcp-protocol-version': '2099-01-01' },
        body: { jsonrpc: '2.0', id: 7, method: 'tools/list', params: { _meta: { ...ENVELOPE, [metaKey.protocolVersion]: '2099-01-01' } } },
      },
      400,
      -32022,
    ],
    ['initialize with a claim', modern('initialize', {}, {}, 7), 404, -32601],
    ['ping', modern('ping', {}, {}, 7), 404, -32601],
    ['logging/setLevel', modern('logging/setLevel', { level: 'info' }, {}, 7), 404, -32601],
    ['a method nobody knows', modern('foo/bar', {}, {}, 7), 404, -32601],
  ];
  it.each(cases)('%s', async (_name, sent, status, code) => {
    const reply = await send(mcp, sent);
    expect(reply.status).toBe(status);
    expect(reply.json).toMatchObject({ jsonrpc: '2.0', id: 7, error: { code } });
    expect(reply.headers['mcp-session-id']).toBeUndefined();
  });

  it('names the missing key, and the versions that are supported', async () => {
    const missing = await send(mcp, without(metaKey.clientCapabilities));
    expect(missing.json).toMatchObject({ error: { message: expect.stringContaining(metaKey.clientCapabilities) } });
    const version = await send(mcp, modern('tools/list', {}, { [metaKey.protocolVersion]: '1999-01-01' }));
    expect(version.json).toMatchObject({ error: { code: -32020 } });
    const { 'mcp-protocol-version': _, ...headers } = modernHeaders('tools/list');
    const unsupported = await send(mcp, { ...modern('tools/list', {}, { [metaKey.protocolVersion]: '1999-01-01' }), headers });
    expect(unsupported.json).toMatchObject({ error: { code: -32022, data: { supported: ['2026-07-28'], requested: '1999-01-01' } } });
  });

  it('batches and responses', async () => {
    const batch = await send(mcp, { body: [modern('tools/list').body as never] });
    expect([batch.status, batch.json]).toMatchObject([400, { error: { code: -32600 } }]);
    const response = await send(mcp, { headers: modernHeaders('x'), body: { jsonrpc: '2.0', id: 1, result: {} } });
    expect([response.status, response.json]).toMatchObject([400, { error: { code: -32600 } }]);
  });
});

describe('headers that mirror arguments', () => {
  beforeEach(() => {
    harness.gateway.headers.set('sql', [{ header: 'Region', path: ['region'], type: 'string' }]);
    harness.gateway.on('tools/call', () => modernResult({ resultType: 'complete', content: [] }));
  });
  const call = (header: string | undefined): Sent => {
    const sent = modern('tools/call', { name: 'sql', arguments: { region: 'süd' } });
    return { ...sent, headers: { ...sent.headers, ...(header !== undefined && { 'mcp-param-region': header }) } };
  };
  it.each([
    ['=?base64?c8O8ZA==?=', 200],
    ['nord', 400],
    ['s\u00fcd', 400],
    [undefined, 400],
  ])('%s', async (header, status) => {
    expect((await send(mcp, call(header))).status).toBe(status);
  });
});

describe('results', () => {
  it('stamps what a legacy server or the hub answered', async () => {
    harness.gateway.on('tools/list', () => legacyResult({ tools: [{ name: 'a' }], extra: { a: 1 } }));
    const { status, json } = await send(mcp, modern('tools/list', {}, {}, 'x'));
    expect(status).toBe(200);
    expect(json).toEqual({
      jsonrpc: '2.0',
      id: 'x',
      result: {
        tools: [{ name: 'a' }],
        extra: { a: 1 },
        resultType: 'complete',
        ttlMs: 0,
        cacheScope: 'private',
        _meta: { [metaKey.serverInfo]: { name: 'test-hub', version: '9.9.9' } },
      },
    });
  });

  it('leaves what a modern server answered as it is', async () => {
    const result = { resultType: 'input_required', requestState: 's', x: [null] };
    harness.gateway.on('tools/call', () => modernResult(result));
    expect((await send(mcp, modern('tools/call', { name: 'a' }))).json['result']).toEqual(result);
  });

  it('keeps the stamps of the hub, and gives tool results no cache hints', async () => {
    const discovered = await send(mcp, modern('server/discover'));
    expect(discovered.json['result']).toMatchObject({ _meta: { [metaKey.serverInfo]: { name: 'fake-hub' } } });
    harness.gateway.on('tools/call', () => legacyResult({ content: [] }));
    const called = await send(mcp, modern('tools/call', { name: 'a' }));
    expect(called.json['result']).not.toHaveProperty('ttlMs');
  });

  it.each([
    ['legacy', -32002, 200, -32602],
    ['legacy', -32042, 200, -32603],
    ['legacy', -32050, 200, -32603],
    ['legacy', -32000, 200, -32000],
    ['modern', -32021, 400, -32021],
    ['modern', -32020, 200, -32603],
    ['modern', 12345, 200, 12345],
    ['hub', -32603, 200, -32603],
  ] as const)('a %s error %i is HTTP %i with %i', async (era, code, status, sentCode) => {
    harness.gateway.on('resources/read', () => failure(era, code, 'no', { uri: 'a:b' }));
    const reply = await send(mcp, modern('resources/read', { uri: 'a:b' }));
    expect(reply.status).toBe(status);
    expect(reply.json['error']).toEqual({ code: sentCode, message: 'no', data: { uri: 'a:b' } });
  });

  it('answers a notification with 202', async () => {
    const reply = await send(mcp, { headers: modernHeaders('notifications/foo'), body: { jsonrpc: '2.0', method: 'notifications/foo' } });
    expect([reply.status, reply.text]).toEqual([202, '']);
  });

  it('answers with an error when the gateway throws', async () => {
    harness.gateway.on('tools/list', () => Promise.reject(new Error('oops')));
    expect((await send(mcp, ping)).json).toMatchObject({ error: { code: -32603, message: 'oops' } });
  });
});

describe('streams', () => {
  const withNotes = (call: Call): void => {
    call.notify(notification('notifications/progress', { progressToken: 't', progress: 1 }));
    call.notify(notification('notifications/message', { level: 'debug', data: 'fine' }));
    call.notify(notification('notifications/message', { level: 'error', data: 'bad' }));
  };
  beforeEach(() => {
    harness.gateway.on('tools/call', (call) => {
      withNotes(call);
      return hubResult({ content: [] });
    });
  });

  it('carries notifications before the result, and log messages only to who asked', async () => {
    const silent = await send(mcp, modern('tools/call', { name: 'a' }));
    expect(silent.headers['content-type']).toBe('text/event-stream');
    expect(silent.events.map(({ method }) => method)).toEqual(['notifications/progress', undefined]);
    const asked = await send(mcp, modern('tools/call', { name: 'a' }, { [metaKey.logLevel]: 'warning' }));
    expect(asked.events.map(({ params }) => params)).toMatchObject([{ progress: 1 }, { level: 'error' }, undefined]);
    expect(silent.text.startsWith(': ping')).toBe(true);
  });

  it('is not opened for a client that cannot read one', async () => {
    const sent = modern('tools/call', { name: 'a' });
    const reply = await send(mcp, { ...sent, headers: { ...sent.headers, accept: 'application/json' } });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    const html = await send(mcp, { ...sent, headers: { ...sent.headers, accept: 'text/html' } });
    expect(html.status).toBe(406);
  });

  it('cancels the call when its client closes it', async () => {
    let signal: CancelSignal | undefined;
    harness.gateway.on('tools/call', (call) => {
      signal = call.signal;
      withNotes(call);
      return new Promise(() => {});
    });
    const reading = await open(mcp, modern('tools/call', { name: 'a' }));
    expect(signal?.aborted).toBe(false);
    reading.close();
    await until(() => signal?.aborted === true, 'the call is cancelled');
  });

  it('answers running calls when the hub stops', async () => {
    harness.gateway.on('tools/call', (call) => {
      withNotes(call);
      return new Promise(() => {});
    });
    const reading = await open(mcp, modern('tools/call', { name: 'a' }));
    await harness.endpoint.close();
    await reading.ended;
    expect(reading.text()).toContain('SHUTTING_DOWN');
  });
});
