import * as fc from 'fast-check';
import { metaKey } from '../../../src/protocol/index.ts';
import { ENVELOPE } from '../../downstream/harness.ts';
import { fields, json, oddText, text } from './values.ts';

const METHODS: readonly string[] = [
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/read',
  'resources/templates/list',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'ping',
  'initialize',
  'server/discover',
  'subscriptions/listen',
  'logging/setLevel',
  'tasks/get',
  'tasks/list',
  'tasks/cancel',
  'tasks/result',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
  'a/b',
  '__proto__',
];

export const version = fc.constantFrom(
  '2026-07-28',
  '2026-07-28',
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '1999-01-01',
  'x',
  '',
);
export const method = fc.constantFrom(...METHODS);
const id = fc.oneof(fc.integer(), fc.string(), oddText);
const name = fc.oneof(fc.constantFrom('echo__echo', 'echo__greet', 'echo__add', 'test://greeting', 'test://echo/{text}', 'a'), text);

const meta = fc.oneof(
  json,
  fields({ [metaKey.protocolVersion]: version, [metaKey.clientCapabilities]: json, [metaKey.clientInfo]: json, progressToken: id }),
  fc.constant(ENVELOPE),
  json.map((odd) => ({ ...ENVELOPE, progressToken: odd })),
);

const params = fields({
  name,
  uri: name,
  arguments: fields({ text, a: fc.integer(), b: fc.integer() }),
  _meta: meta,
  protocolVersion: version,
  capabilities: json,
  clientInfo: json,
  cursor: text,
  level: fc.constantFrom('debug', 'info', 'error'),
  ref: fields({ type: fc.constantFrom('ref/prompt', 'ref/resource'), name, uri: name }),
  argument: fields({ name: text, value: text }),
  requestId: id,
  reason: text,
  taskId: text,
  requestState: text,
  inputResponses: json,
  notifications: fields({ toolsListChanged: fc.boolean(), resourceSubscriptions: fc.array(text, { maxLength: 3 }) }),
});

/** One JSON-RPC message of either era, or nearly one. */
export const message = fields({
  jsonrpc: fc.constantFrom('2.0', '2.0', '2.0', '2.0', '1.0'),
  id,
  method,
  params,
  result: json,
  error: fields({ code: fc.integer(), message: text, data: json }),
});

/** A request that is right as far as the envelope of its era goes, and anything from there on. */
const plausible = fc.tuple(method, params, id, fc.boolean()).map(([called, sent, number, isModern]) => ({
  jsonrpc: '2.0',
  ...(!called.startsWith('notifications/') && { id: number }),
  method: called,
  params: isModern ? { ...sent, _meta: ENVELOPE } : sent,
}));

export const body = fc.oneof(message, plausible, plausible, fc.array(message, { maxLength: 4 }), json);
