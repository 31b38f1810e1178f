import * as fc from 'fast-check';
import type { JsonValue } from '../../../src/protocol/index.ts';
import { fields, json, text } from './values.ts';

const name = fc.oneof(fc.constantFrom('t', 't', 'T', 'a b', 'x'.repeat(300)), text);
const uri = fc.oneof(fc.constantFrom('x://a', 'x://{a}', 'x://{', 'x://{+a*:9}'), text);
const schema = fields({
  type: fc.constantFrom('object', 'string'),
  properties: fc.dictionary(
    text,
    fields({ type: text, 'x-mcp-header': text, $ref: fc.constantFrom('#', '#/a', '#/$defs/a'), items: json, anyOf: json }),
    { maxKeys: 3 },
  ),
  required: fc.array(text, { maxLength: 3 }),
  $defs: json,
  $ref: fc.constantFrom('#', '#/$defs/a', 'http://x/'),
  additionalProperties: fc.boolean(),
});
const tool = fields({
  name,
  title: text,
  description: text,
  inputSchema: schema,
  outputSchema: schema,
  annotations: json,
  _meta: json,
  execution: json,
});
const items = fc.array(tool, { maxLength: 4 });
const page = {
  nextCursor: fc.oneof({ weight: 1, arbitrary: text }, { weight: 4, arbitrary: fc.constant(undefined) }),
  ttlMs: fc.double(),
  cacheScope: fc.constantFrom('public', 'private'),
  _meta: json,
};
const capabilities = fields({
  tools: fields({ listChanged: fc.boolean() }),
  prompts: fields({ listChanged: fc.boolean() }),
  resources: fields({ listChanged: fc.boolean(), subscribe: fc.boolean() }),
  logging: json,
  completions: json,
  extensions: json,
  tasks: json,
});
const info = fields({ name: text, version: text, title: text, icons: json });

/** What a server says to each request; what is not here it answers with anything. */
const RESULTS: Readonly<Record<string, fc.Arbitrary<JsonValue>>> = {
  'server/discover': fields({
    supportedVersions: fc.constant(['2026-07-28']),
    capabilities,
    serverInfo: info,
    instructions: text,
    _meta: json,
    ttlMs: fc.double(),
  }),
  initialize: fields({
    protocolVersion: fc.constantFrom('2025-11-25', '2025-11-25', '2024-11-05', '1'),
    capabilities,
    serverInfo: info,
    instructions: text,
  }),
  'tools/list': fields({ ...page, tools: items }),
  'prompts/list': fields({ ...page, prompts: fc.array(fields({ name, title: text, arguments: json }), { maxLength: 4 }) }),
  'resources/list': fields({ ...page, resources: fc.array(fields({ uri, name, mimeType: text, size: fc.integer() }), { maxLength: 4 }) }),
  'resources/templates/list': fields({ ...page, resourceTemplates: fc.array(fields({ uriTemplate: uri, name }), { maxLength: 4 }) }),
  'tools/call': fields({
    content: fc.array(fields({ type: fc.constantFrom('text', 'image', 'resource_link'), text, data: text, resource: json, uri }), {
      maxLength: 3,
    }),
    structuredContent: json,
    isError: fc.boolean(),
    resultType: fc.constantFrom('complete', 'input_required', 'task', 'x'),
    inputRequests: json,
    requestState: text,
    task: json,
    _meta: json,
  }),
};

const error = fields({ code: fc.oneof(fc.constantFrom(-32601, -32602, -32022, -32042, -32000), fc.double()), message: text, data: json });

/** How one request is answered: with the members of a JSON-RPC response beside `jsonrpc` and `id`, or not at all. */
export interface ServerReply {
  readonly members: JsonValue;
  /** Takes the place of the id of the request. */
  readonly wrongId?: JsonValue | undefined;
  readonly isSilent: boolean;
}

const reply = (method: string): fc.Arbitrary<ServerReply> =>
  fc.record({
    members: fc.oneof(
      { weight: 12, arbitrary: (RESULTS[method] ?? json).map((result) => ({ result })) },
      { weight: 2, arbitrary: error.map((one) => ({ error: one })) },
      { weight: 1, arbitrary: fields({ result: json, error: json, method: text, params: json }) },
    ),
    wrongId: fc.oneof({ weight: 30, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: json }),
    isSilent: fc.nat({ max: 39 }).map((n) => n === 0),
  });

/** A good answer to the handshake of the legacy era, so that what comes after it is reached. */
const shaken = fc.constantFrom<ServerReply>({
  members: {
    result: {
      protocolVersion: '2025-11-25',
      capabilities: { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true } },
      serverInfo: { name: 'h', version: '1' },
    },
  },
  isSilent: false,
});
const unknown = fc.constant<ServerReply>({ members: { error: { code: -32601, message: 'no' } }, isSilent: false });

/** The replies of one hostile server, by method. */
export const replies = fc.record({
  'server/discover': fc.oneof(unknown, reply('server/discover')),
  initialize: fc.oneof(shaken, shaken, reply('initialize')),
  'tools/list': reply('tools/list'),
  'prompts/list': reply('prompts/list'),
  'resources/list': reply('resources/list'),
  'resources/templates/list': reply('resources/templates/list'),
  'tools/call': reply('tools/call'),
  other: reply('other'),
});

/** What a server says of its own accord: notifications, questions, answers to nothing. */
export const unasked = fc.array(
  fields({
    jsonrpc: fc.constant('2.0'),
    id: fc.oneof(fc.nat({ max: 12 }), text),
    method: fc.constantFrom(
      'notifications/tools/list_changed',
      'notifications/resources/updated',
      'notifications/message',
      'notifications/progress',
      'notifications/cancelled',
      'notifications/elicitation/complete',
      'notifications/subscriptions/acknowledged',
      'notifications/tasks/status',
      'sampling/createMessage',
      'elicitation/create',
      'roots/list',
      'ping',
      'a/b',
    ),
    params: fields({
      progressToken: fc.nat({ max: 12 }),
      progress: fc.double(),
      total: fc.double(),
      uri,
      level: text,
      data: json,
      requestId: fc.nat({ max: 12 }),
      _meta: json,
      elicitationId: text,
      taskId: text,
    }),
    result: json,
    error,
  }),
  { maxLength: 5 },
);
