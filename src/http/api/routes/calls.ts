import { z } from 'zod';
import type { ErrorCode } from '../../../base/index.ts';
import type { DirectCall } from '../../../downstream/index.ts';
import { NO_INPUT, type Route, route } from '../route.ts';
import { EXAMPLE_TIME, jsonObject, serverName, timestamp } from '../schemas.ts';

/** How long a call may take when it does not say, in milliseconds. */
const TIMEOUT_MS = 60_000;
/** The longest that a call may ask for, in milliseconds: a day. */
const MAX_MS = 24 * 60 * 60_000;

const milliseconds = (description: string) => z.number().int().min(1).max(MAX_MS).nullish().describe(description);

const requestOptions = z
  .looseObject({
    timeout: milliseconds(`milliseconds that the server may take; ${TIMEOUT_MS} when it is not given, ${MAX_MS} at most.`),
    resetTimeoutOnProgress: z
      .boolean()
      .nullish()
      .describe('whether progress of the server begins that time anew, true or false (the default).'),
    maxTotalTimeout: milliseconds('milliseconds that the call may take with all its progress; ten times `timeout` when it is not given.'),
  })
  .nullish()
  .describe('an object with limits of time.');

const callArguments = jsonObject.nullish().describe('an object with the arguments by name; nothing is the same as `{}`.');

type Limits = Pick<DirectCall, 'timeoutMs' | 'resetOnProgress' | 'maxTotalMs'>;

function limitsOf(options: z.output<typeof requestOptions>): Limits {
  return {
    timeoutMs: options?.timeout ?? TIMEOUT_MS,
    resetOnProgress: options?.resetTimeoutOnProgress ?? false,
    maxTotalMs: options?.maxTotalTimeout ?? undefined,
  };
}

/** What every call can end in. */
const CALL_ERRORS: readonly ErrorCode[] = [
  'SERVER_NOT_FOUND',
  'SERVER_NOT_CONNECTED',
  'CONNECTION_ERROR',
  'UPSTREAM_EXITED',
  'UPSTREAM_PROTOCOL',
  'UNAUTHORIZED',
  'TIMEOUT',
  'LIMIT_EXCEEDED',
  'INPUT_NOT_GIVEN',
  'SHUTTING_DOWN',
];

const LIMITS_TEXT =
  'A client that closes the connection takes the call back, and the server is told. ' +
  'A server that asks its client for input cannot be answered here: use an MCP client on `/mcp` for that.';

const content = z.looseObject({ type: z.string().describe('`text`, `image`, `audio`, `resource`, `resource_link`, …') });

const tools = route({
  ...NO_INPUT,
  method: 'post',
  path: '/api/servers/tools',
  tag: 'Calls',
  summary: 'Call a tool',
  description: `A result with \`isError\` is a result like any other, with HTTP status 200. ${LIMITS_TEXT}`,
  body: z.looseObject({
    server_name: serverName,
    tool: z.string().min(1).describe("a tool's own name, a string, without the name of its server."),
    arguments: callArguments,
    request_options: requestOptions,
  }),
  answer: z.looseObject({
    result: z
      .looseObject({ content: z.array(content), isError: z.boolean().optional() })
      .describe('The `CallToolResult` of the MCP specification.'),
    timestamp,
  }),
  errors: [...CALL_ERRORS, 'TOOL_NOT_FOUND', 'TOOL_ERROR'],
  example: {
    body: { server_name: 'time', tool: 'now', arguments: { zone: 'UTC' }, request_options: { timeout: 60000 } },
    answer: { result: { content: [{ type: 'text', text: '12:00' }] }, timestamp: EXAMPLE_TIME },
  },
  run: async ({ body, headers, controller }, { call }) => {
    const what = { kind: 'tool', name: body.tool, arguments: body.arguments ?? {} } as const;
    return { body: { result: await call({ server: body.server_name, what, headers, ...limitsOf(body.request_options) }, controller) } };
  },
});

const prompts = route({
  ...NO_INPUT,
  method: 'post',
  path: '/api/servers/prompts',
  tag: 'Calls',
  summary: 'Get a prompt',
  description: LIMITS_TEXT,
  body: z.looseObject({
    server_name: serverName,
    prompt: z.string().min(1).describe("a prompt's own name, a string, without the name of its server."),
    arguments: callArguments,
    request_options: requestOptions,
  }),
  answer: z.looseObject({
    result: z
      .looseObject({ messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })) })
      .describe('The `GetPromptResult` of the MCP specification.'),
    timestamp,
  }),
  errors: [...CALL_ERRORS, 'PROMPT_NOT_FOUND', 'PROMPT_ERROR'],
  example: {
    body: { server_name: 'time', prompt: 'greet', arguments: { name: 'Ada' } },
    answer: { result: { messages: [{ role: 'user', content: { type: 'text', text: 'Greet Ada.' } }] }, timestamp: EXAMPLE_TIME },
  },
  run: async ({ body, headers, controller }, { call }) => {
    const what = { kind: 'prompt', name: body.prompt, arguments: body.arguments ?? {} } as const;
    return { body: { result: await call({ server: body.server_name, what, headers, ...limitsOf(body.request_options) }, controller) } };
  },
});

const resources = route({
  ...NO_INPUT,
  method: 'post',
  path: '/api/servers/resources',
  tag: 'Calls',
  summary: 'Read a resource',
  description: LIMITS_TEXT,
  body: z.looseObject({
    server_name: serverName,
    uri: z.string().min(1).describe("a resource's own URI, a string."),
    request_options: requestOptions,
  }),
  answer: z.looseObject({
    result: z
      .looseObject({ contents: z.array(z.looseObject({ uri: z.string() })) })
      .describe('The `ReadResourceResult` of the MCP specification.'),
    timestamp,
  }),
  errors: [...CALL_ERRORS, 'RESOURCE_NOT_FOUND', 'RESOURCE_ERROR'],
  example: {
    body: { server_name: 'time', uri: 'time://zones' },
    answer: { result: { contents: [{ uri: 'time://zones', mimeType: 'text/plain', text: 'UTC' }] }, timestamp: EXAMPLE_TIME },
  },
  run: async ({ body, headers, controller }, { call }) => {
    const what = { kind: 'resource', uri: body.uri } as const;
    return { body: { result: await call({ server: body.server_name, what, headers, ...limitsOf(body.request_options) }, controller) } };
  },
});

/** Calls of tools, prompts and resources. */
export const callRoutes: readonly Route[] = [tools, resources, prompts];
