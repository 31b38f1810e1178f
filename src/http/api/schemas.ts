import { z } from 'zod';
import { type ErrorCode, errorTable } from '../../base/index.ts';
import type { DirectCall } from '../../downstream/index.ts';

type Arguments = Extract<DirectCall['what'], { readonly kind: 'tool' }>['arguments'];
type Json = Arguments[string];

/** Whatever came out of `JSON.parse`. */
const json = z.custom<Json>(() => true);

/** A JSON object; `[]` is what some languages make of an empty one. */
export const jsonObject = z.preprocess((value) => (Array.isArray(value) && value.length === 0 ? {} : value), z.record(z.string(), json));

const someObject = z.looseObject({});

export const timestamp = z.string().meta({ format: 'date-time', description: 'When it was answered, ISO 8601.' });
export const ok = z.literal('ok').describe('Always `"ok"`: a failure is told by the HTTP status.');

/** One server, in the fields of ServerObject. */
export const server = z
  .looseObject({
    name: z.string(),
    displayName: z.string(),
    description: z.string(),
    transportType: z.enum(['stdio', 'sse']).describe('`sse` for every server that is reached by a URL.'),
    status: z.enum(['connected', 'connecting', 'disconnected', 'unauthorized', 'disabled']),
    error: z.string().nullable().describe('What is wrong with it, in words.'),
    capabilities: z.looseObject({
      tools: z.array(someObject),
      resources: z.array(someObject),
      resourceTemplates: z.array(someObject),
      prompts: z.array(someObject),
    }),
    uptime: z.number().describe('Seconds since it is connected.'),
    lastStarted: z.string().nullable().meta({ format: 'date-time' }),
    authorizationUrl: z
      .string()
      .nullable()
      .describe('Where to log in: when its status is `unauthorized`, or when it wants more rights than the login has.'),
    loggedIn: z
      .boolean()
      .nullish()
      .describe(
        'Where each logs in by itself (`"logins": "each"`): whether whoever asks is logged in. `status` and `authorizationUrl` are its own then, too. `null` where all share one login.',
      ),
    serverInfo: someObject.nullable().describe('What the server says of itself while it is connected: `name`, `version`, …'),
    config_source: z.string().describe('The config file that it stands in, as it was given with `--config`.'),
    nextRetryAt: z.string().nullish().meta({ format: 'date-time', description: 'When it is started again after a failure.' }),
    lastError: z
      .looseObject({ message: z.string(), at: z.string().meta({ format: 'date-time' }) })
      .nullish()
      .describe('Its last failure, also when it runs again since, or when a restart of it did not succeed and it goes on as it was.'),
    lastSuccessAt: z.string().nullish().meta({ format: 'date-time', description: 'When it last became ready or answered a request.' }),
    restarts: z.number().optional().describe('How often it was started anew since the hub runs.'),
    crashLoop: z
      .looseObject({ reason: z.string(), failures: z.number(), since: z.string().meta({ format: 'date-time' }) })
      .nullish()
      .describe('Set while it fails again and again: why, and how often within ten minutes. It is tried for ever, at most once a minute.'),
    outdated: z
      .looseObject({
        reason: z.string(),
        since: z.string().meta({ format: 'date-time' }),
        nextAttemptAt: z.string().nullable().meta({ format: 'date-time' }),
      })
      .nullish()
      .describe(
        'Set while what runs is its entry as it was before its last change, because it does not become ready as it is now: why, since when, and when it is tried again (`null`: not by itself, or just now).',
      ),
    degraded: z.boolean().optional().describe('`true` when it is connected and did not answer three pings in a row.'),
    degradedReason: z.string().nullish().describe('Why it is called degraded.'),
    load: z
      .looseObject({
        running: z.number().describe('Calls that were sent to it and are not answered yet; requests about tasks are not counted.'),
        waiting: z.number().describe('Calls that wait for their turn because of its `maxConcurrency`.'),
      })
      .optional()
      .describe('The calls of clients that it has at the moment.'),
    stale: z.boolean().optional().describe('`true` when `capabilities` are the last known ones, because it does not run.'),
    notes: z
      .array(z.string())
      .optional()
      .describe(
        'What is wrong with what it offers, a line each: lists that could not be fetched or are not complete, tools that are hidden, names that were changed.',
      ),
    noiseCount: z
      .number()
      .optional()
      .describe('Lines of a local server on its standard output that were no JSON-RPC, since its process began.'),
    stopReason: z
      .enum(['lazy', 'idle', 'manual'])
      .nullish()
      .describe(
        'Why it does not run although nobody stopped it: with `lazy` and `idle` its next call starts it, with `manual` nothing but a start.',
      ),
    replicas: z
      .array(
        z.looseObject({
          number: z.number().describe('Counted from 1.'),
          status: z.enum(['connected', 'connecting', 'disconnected', 'unauthorized', 'disabled']),
          error: z.string().nullable(),
          inFlight: z.number().describe('Requests on their way to it, those that wait for their turn included.'),
          circuit: z
            .enum(['closed', 'open', 'half-open'])
            .describe('`open` while it is left out because its calls failed, `half-open` when a single call is to find out.'),
          degraded: z.boolean(),
          nextRetryAt: z.string().nullable().meta({ format: 'date-time' }),
        }),
      )
      .nullish()
      .describe('Each of the processes or addresses that share its calls (docs/replicas.md); `null` when there is one only.'),
  })
  .meta({ id: 'Server', description: 'One server.' });

export const servers = z.array(server).describe('In the order of the config files.');

export const problem = z
  .looseObject({
    error: z.string().describe('What happened, to what, and what to do.'),
    code: z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]).describe('See docs/errors.md.'),
    data: someObject.describe('Facts for programs. A VALIDATION_ERROR has `field`, `in` and all `issues`.'),
    timestamp,
  })
  .meta({ id: 'Problem', description: 'The answer to every request that fails.' });

/** The body field that names a server. */
export const serverName = z.string().min(1).describe("a server's name, a string, as GET /api/servers lists it.");

export const namedServer = z.looseObject({ server_name: serverName });

/** The path parameter that names a server. */
export const nameInPath = z.object({ name: z.string().describe("a server's name, percent-encoded (`/` is `%2F`).") });

/** A yes or no in the query; its bare name means yes. */
export const flag = (description: string) =>
  z
    .enum(['true', 'false', '1', '0', ''])
    .optional()
    .transform((value) => value === 'true' || value === '1' || value === '')
    .describe(`${description} \`true\` or \`false\`; its bare name means \`true\`.`);

/** What servers look like in examples. */
export const EXAMPLE_TIME = '2026-11-21T12:00:00.000Z';
export const EXAMPLE_SERVER = {
  name: 'time',
  displayName: 'time',
  description: '',
  transportType: 'stdio',
  status: 'connected',
  error: null,
  capabilities: {
    tools: [{ name: 'now', description: 'Tells the time.', inputSchema: { type: 'object' } }],
    resources: [],
    resourceTemplates: [],
    prompts: [],
  },
  uptime: 42,
  lastStarted: '2026-11-21T11:59:18.000Z',
  authorizationUrl: null,
  loggedIn: null,
  serverInfo: { name: 'time', version: '1.0.0' },
  config_source: '~/.config/mcphub/servers.json',
  nextRetryAt: null,
  lastError: null,
  lastSuccessAt: '2026-11-21T11:59:58.000Z',
  restarts: 0,
  crashLoop: null,
  outdated: null,
  degraded: false,
  degradedReason: null,
  load: { running: 1, waiting: 0 },
  stale: false,
  stopReason: null,
  replicas: null,
};
