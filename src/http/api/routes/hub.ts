import { z } from 'zod';
import { scopeProblem } from '../../auth/refusals.ts';
import { TAGGED } from '../etag.ts';
import { NO_INPUT, type Route, route } from '../route.ts';
import { EXAMPLE_SERVER, EXAMPLE_TIME, ok, servers, timestamp } from '../schemas.ts';

const hub = { ...NO_INPUT, tag: 'Hub' } as const;
const okAnswer = z.looseObject({ status: ok, timestamp });
const okExample = { answer: { status: 'ok', timestamp: EXAMPLE_TIME } };

const names = z.array(z.string());
const changes = z
  .looseObject({
    added: names,
    removed: names,
    changed: z.record(z.string(), names).describe('By the name of a server: the keys of its entry that are different.'),
    settings: names.describe('The settings that are different.'),
  })
  .describe('What the files say now that they did not say before.');

const workspace = z.looseObject({ pid: z.number(), port: z.number() });
const WORKSPACE = {
  pid: 4242,
  port: 37373,
  cwd: '/home/ada/project',
  config_files: ['~/.config/mcphub/servers.json'],
  startTime: EXAMPLE_TIME,
  state: 'active',
  activeConnections: 1,
  shutdownStartedAt: null,
  shutdownDelay: null,
};
const byPort = z.record(z.string(), workspace).describe('By port.');

const report = z.looseObject({
  status: ok,
  state: z.enum(['starting', 'ready', 'restarting', 'restarted', 'stopping', 'stopped', 'error']),
  server_id: z.literal('mcp-hub'),
  version: z.string(),
  hubVersion: z.string(),
  pid: z.number().describe("The hub's process."),
  shutdownTimeout: z.number().optional().describe('The setting in force: milliseconds that calls in flight have when the hub stops.'),
  activeClients: z.number().describe('How many read `/api/events`.'),
  servers,
  connections: z.looseObject({
    totalConnections: z.number(),
    connections: z.array(z.looseObject({ id: z.string(), state: z.string(), connectedAt: z.string(), lastEventAt: z.string().nullable() })),
  }),
  mcpEndpoint: z.looseObject({
    activeClients: z.number(),
    registeredCapabilities: z.looseObject({
      tools: z.number(),
      resources: z.number(),
      resourceTemplates: z.number(),
      prompts: z.number(),
    }),
    totalCapabilities: z.number(),
  }),
  workspaces: z.looseObject({ current: z.string().describe('The port of this hub.'), allActive: byPort }),
  timestamp,
});

/** What a hub that asks for keys tells those who have none. */
const sign = z
  .looseObject({ status: ok, server_id: z.literal('mcp-hub'), auth: z.literal('keys'), timestamp })
  .meta({ id: 'SignOfLife', description: 'Where a key is needed, and none of scope `read` was sent: that a hub is here, and no more.' });

const health = route({
  ...hub,
  method: 'get',
  path: '/api/health',
  needs: 'nothing',
  summary: 'How the hub and its servers are',
  description:
    'Answers 200 as soon as the hub listens, also while servers start. `version` is the release whose API the hub is compatible with; ' +
    "`hubVersion` is the hub's own. Where a key is needed, and none of scope `read` was sent, it says only that a hub is here: `status`, " +
    '`server_id` and `auth: "keys"`.',
  answer: z.union([report, sign]),
  errors: [],
  example: {
    answer: {
      status: 'ok',
      state: 'ready',
      server_id: 'mcp-hub',
      version: '4.2.1',
      hubVersion: '4.3.0',
      pid: 4242,
      shutdownTimeout: 1500,
      activeClients: 0,
      servers: [EXAMPLE_SERVER],
      connections: { totalConnections: 0, connections: [] },
      mcpEndpoint: {
        activeClients: 0,
        registeredCapabilities: { tools: 1, resources: 0, resourceTemplates: 0, prompts: 0 },
        totalCapabilities: 1,
      },
      workspaces: { current: '37373', allActive: { '37373': WORKSPACE } },
      timestamp: EXAMPLE_TIME,
    },
  },
  run: async ({ caller }, { management, readers }) => {
    if (scopeProblem(caller, 'read')) return { body: { status: 'ok', server_id: 'mcp-hub', auth: 'keys' } };
    return { body: { ...(await management.health()), ...readers() } };
  },
});

const workspaces = route({
  ...hub,
  method: 'get',
  path: '/api/workspaces',
  summary: 'All hubs that run for this user',
  ...TAGGED,
  answer: z.looseObject({ workspaces: byPort, timestamp }),
  errors: [],
  example: { answer: { workspaces: { '37373': WORKSPACE }, timestamp: EXAMPLE_TIME } },
  run: async (_, { management }) => {
    const body = { workspaces: await management.workspaces() };
    return { body, taggedBy: body };
  },
});

const restart = route({
  ...hub,
  method: 'post',
  path: '/api/restart',
  summary: 'Read the config files again',
  description: 'Servers whose definition changed restart, those that are down are started; the others do not notice.',
  answer: okAnswer.extend({ changes }),
  errors: ['CONFIG_ERROR', 'CONFLICT'],
  example: {
    answer: { ...okExample.answer, changes: { added: ['files'], removed: [], changed: { github: ['disabled_tools'] }, settings: [] } },
  },
  run: async (_, { management }) => {
    return { body: { status: 'ok', changes: await management.restart() } };
  },
});

const hardRestart = route({
  ...hub,
  method: 'post',
  path: '/api/hard-restart',
  summary: 'End the process, for its owner to start it again',
  description: 'For a fresh environment. The answer is sent before the hub goes down.',
  answer: okAnswer,
  errors: [],
  example: okExample,
  run: (_, { management }) => ({
    body: { status: 'ok' },
    headers: { connection: 'close' },
    afterwards: () => management.hardRestart(),
  }),
});

/** The stream is served on the bare response, apart from the other routes; this row only describes it. */
const events: Route = {
  ...hub,
  method: 'get',
  path: '/api/events',
  summary: 'What happens in the hub, as a stream of server-sent events',
  description:
    'Events are `heartbeat`, `hub_state`, `log` and `subscription_event`; docs/events.md describes each. The first is the state of the hub. ' +
    'A reader that comes back sends the id that it read last as `Last-Event-ID`, or as `lastEventId` in the query, and misses nothing.',
  answer: z.string(),
  mediaType: 'text/event-stream',
  errors: ['SHUTTING_DOWN', 'LIMIT_EXCEEDED'],
  example: { answer: 'event: hub_state\ndata: {"state":"ready","server_id":"mcp-hub"}\n\n' },
};

const openApi = route({
  ...hub,
  method: 'get',
  path: '/api/openapi.json',
  summary: 'This API as an OpenAPI 3.1 document',
  ...TAGGED,
  answer: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
  errors: [],
  example: { answer: { openapi: '3.1.1', info: { title: 'mcp-hub', version: '4.3.0' }, paths: {} } },
  run: (_, context) => {
    const body = context.openApi();
    return { body, bare: true, taggedBy: body };
  },
});

/** The hub itself. */
export const hubRoutes: readonly Route[] = [health, events, workspaces, restart, hardRestart, openApi];
