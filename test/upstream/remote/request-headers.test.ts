import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/protocol/index.ts';
import { httpTarget } from '../../../src/upstream/remote/http-target.ts';
import { RequestHeaders } from '../../../src/upstream/remote/request-headers.ts';
import { remoteLaunch } from '../../support/remote.ts';

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };

function headers(configured: Record<string, string> = {}, url = 'http://a.test/mcp', session?: string, version?: string): RequestHeaders {
  return new RequestHeaders(httpTarget('a', remoteLaunch(url, { headers: configured })), session, version);
}

function asObject(list: readonly string[]): Record<string, string> {
  const names = list.filter((_, at) => at % 2 === 0);
  expect(new Set(names).size, 'each name once').toBe(names.length);
  return Object.fromEntries(names.map((name, at) => [name, list[at * 2 + 1] ?? '']));
}

const call = (params: object, method = 'tools/call'): Message => ({ jsonrpc: '2.0', id: 1, method, params: { ...params } });
const ALWAYS = { 'user-agent': 'node', 'accept-encoding': 'gzip, deflate' };
const JSON_AND_EVENTS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

describe('the headers of a request', () => {
  it('to a legacy server have the session and the version, but for the handshake', () => {
    const legacy = headers({}, undefined, 's1', '2025-11-25');
    const version = { 'mcp-protocol-version': '2025-11-25' };
    const session = { 'mcp-session-id': 's1' };
    expect(asObject(legacy.post(call({ name: 'a' }), undefined))).toEqual({ ...ALWAYS, ...session, ...version, ...JSON_AND_EVENTS });
    expect(asObject(legacy.post({ jsonrpc: '2.0', method: 'x' }, undefined))).toEqual({
      ...ALWAYS,
      ...session,
      ...version,
      ...JSON_AND_EVENTS,
    });
    expect(asObject(legacy.post(call({}, 'initialize'), undefined))).toEqual({ ...ALWAYS, ...version, ...JSON_AND_EVENTS });
    expect(asObject(legacy.get(undefined))).toEqual({ ...ALWAYS, ...session, ...version, accept: 'text/event-stream' });
    expect(asObject(legacy.get('e7'))).toMatchObject({ 'last-event-id': 'e7' });
    expect(asObject(legacy.delete())).toEqual({ ...ALWAYS, ...session, ...version, accept: '*/*' });
  });

  it.each([
    ['tools/call', { name: 'echo' }, 'echo'],
    ['prompts/get', { name: 'größe' }, '=?base64?Z3LDtsOfZQ==?='],
    ['resources/read', { uri: 'file:///a' }, 'file:///a'],
    ['tasks/cancel', { taskId: 't' }, 't'],
    ['tools/call', { name: 7 }, undefined],
    ['tools/list', { name: 'echo' }, undefined],
  ])('to a modern server repeat what the body says: %s %j', (method, params, name) => {
    const modern = headers({}, undefined, undefined, '2026-01-01');
    expect(asObject(modern.post(call({ ...params, _meta: META }, method), undefined))).toEqual({
      ...ALWAYS,
      ...JSON_AND_EVENTS,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(name !== undefined && { 'mcp-name': name }),
    });
  });

  it('are those of the config where it says so, those of the call above them, and those of the transport above all', () => {
    const configured = {
      'User-Agent': 'mine',
      Accept: 'text/html, application/json',
      'Accept-Encoding': 'br',
      'X-A': '1',
      'Content-Type': 'x/y',
    };
    const made = headers(configured, undefined, 's1', '2025-11-25');
    const more = { 'x-a': '2', 'Mcp-Param-B': '3', authorization: 'no', 'MCP-Session-Id': 'no', 'content-type': 'no/no' };
    expect(asObject(made.post(call({}), more))).toEqual({
      'user-agent': 'mine',
      'accept-encoding': 'br',
      'x-a': '2',
      'mcp-param-b': '3',
      'mcp-session-id': 's1',
      'mcp-protocol-version': '2025-11-25',
      'content-type': 'application/json',
      accept: 'text/html, application/json, text/event-stream',
    });
  });

  it('ask a server out in the world for Brotli as well', () => {
    expect(asObject(headers({}, 'https://a.test/mcp').delete())).toMatchObject({ 'accept-encoding': 'br, gzip, deflate' });
  });
});
