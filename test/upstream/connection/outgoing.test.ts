import { describe, expect, it } from 'vitest';
import type { Era, JsonObject } from '../../../src/protocol/index.ts';
import { outgoingParams } from '../../../src/upstream/connection/outgoing.ts';
import type { Origin } from '../../../src/upstream/index.ts';

const hubInfo = { name: 'mcp-hub', version: '1' };
const V = 'io.modelcontextprotocol/protocolVersion';
const I = 'io.modelcontextprotocol/clientInfo';
const C = 'io.modelcontextprotocol/clientCapabilities';
const L = 'io.modelcontextprotocol/logLevel';

function shaped(era: Era, method: string, params: JsonObject | undefined, origin?: Origin): JsonObject | undefined {
  return outgoingParams({ hubInfo, identity: { era, protocolVersion: '2026-07-28' } }, method, params, origin, 42);
}

describe('outgoingParams', () => {
  it.each<[string, JsonObject | undefined, JsonObject | undefined]>([
    ['ping', undefined, undefined],
    ['prompts/get', { name: 'p' }, { name: 'p' }],
    ['tools/call', undefined, { arguments: {} }],
    ['tools/call', { name: 't', arguments: null }, { name: 't', arguments: {} }],
    ['tools/call', { name: 't', arguments: { a: null } }, { name: 't', arguments: { a: null } }],
    [
      'tools/call',
      { name: 't', arguments: {}, later: 1, _meta: { [V]: 'x', [I]: {}, [C]: {}, [L]: 'info' } },
      { name: 't', arguments: {}, later: 1 },
    ],
    ['tools/call', { arguments: {}, requestState: 's', inputResponses: { a: {} } }, { arguments: {} }],
    ['resources/read', { uri: 'u', _meta: { progressToken: 'mine', own: 1 } }, { uri: 'u', _meta: { progressToken: 42, own: 1 } }],
    ['resources/read', { uri: 'u', _meta: { progressToken: 0 } }, { uri: 'u', _meta: { progressToken: 42 } }],
  ])('for a legacy server: %s %j', (method, params, expected) => {
    expect(shaped('legacy', method, params)).toEqual(expected);
  });

  it('stamps the hub itself where nobody is behind the request', () => {
    expect(shaped('modern', 'tools/list', undefined)).toEqual({ _meta: { [V]: '2026-07-28', [I]: hubInfo, [C]: {} } });
  });

  it('passes what a modern client declared, and retry fields', () => {
    const origin = {
      principalId: 'local',
      era: 'modern',
      clientInfo: { name: 'c' },
      clientCapabilities: { sampling: {} },
      logLevel: 'debug',
    } as const;
    const params = { name: 'p', requestState: 's', inputResponses: {}, _meta: { [C]: { stale: {} } } };
    expect(shaped('modern', 'prompts/get', params, origin)).toEqual({
      name: 'p',
      requestState: 's',
      inputResponses: {},
      _meta: { [V]: '2026-07-28', [I]: { name: 'c' }, [C]: { sampling: {} }, [L]: 'debug' },
    });
  });

  it('declares what a legacy client can be asked for, and none of its tasks', () => {
    const ui = { 'io.modelcontextprotocol/ui': {} };
    const asked = { sampling: { tools: {} }, elicitation: {}, roots: { listChanged: true } };
    const clientCapabilities = { ...asked, tasks: { list: {} }, extensions: { ...ui, 'io.modelcontextprotocol/tasks': {} } };
    const origin = { principalId: 'local', era: 'legacy', clientInfo: { name: 'c' }, clientCapabilities } as const;
    const declared = { ...asked, extensions: ui };
    expect(shaped('modern', 'prompts/get', {}, origin)).toEqual({ _meta: { [V]: '2026-07-28', [I]: { name: 'c' }, [C]: declared } });
    expect(shaped('modern', 'prompts/get', {}, { principalId: 'local', era: 'legacy' })).toMatchObject({ _meta: { [C]: {} } });
  });

  it('leaves the caller\u2019s params as they were', () => {
    const params = Object.freeze({ name: 't', _meta: Object.freeze({ progressToken: 1 }) });
    shaped('modern', 'tools/call', params);
    expect(params).toEqual({ name: 't', _meta: { progressToken: 1 } });
  });
});
