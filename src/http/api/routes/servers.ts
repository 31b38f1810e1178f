import { z } from 'zod';
import { notFromThisMachine } from '../../guards/this-machine.ts';
import type { ServerObject } from '../../management.ts';
import { TAGGED } from '../etag.ts';
import { seenBy } from '../seen-by.ts';
import { NO_INPUT, type Route, route } from '../route.ts';
import { EXAMPLE_SERVER, EXAMPLE_TIME, flag, namedServer, nameInPath, ok, server, servers, timestamp } from '../schemas.ts';

const oneServer = z.looseObject({ server, timestamp });
const okServer = z.looseObject({ status: ok, server, timestamp });

/** The uptime says no more than when the server was started. */
const withoutUptime = ({ uptime: _uptime, ...rest }: ServerObject): object => rest;

const named = { ...NO_INPUT, tag: 'Servers', body: namedServer } as const;
const bodyExample = { server_name: 'time' };
const answerExample = { status: 'ok', server: EXAMPLE_SERVER, timestamp: EXAMPLE_TIME };

const list = route({
  ...NO_INPUT,
  method: 'get',
  path: '/api/servers',
  tag: 'Servers',
  summary: 'List all servers',
  description: 'Also those that are disabled or cannot be started.',
  ...TAGGED,
  answer: z.looseObject({ servers, timestamp }),
  errors: [],
  example: { answer: { servers: [EXAMPLE_SERVER], timestamp: EXAMPLE_TIME } },
  run: async ({ caller }, { management }) => {
    const all = await Promise.all(management.servers.all().map(seenBy(caller, management)));
    return { body: { servers: all }, taggedBy: all.map(withoutUptime) };
  },
});

const info = route({
  ...named,
  method: 'post',
  path: '/api/servers/info',
  needs: 'read',
  summary: 'Get one server',
  answer: oneServer,
  errors: ['SERVER_NOT_FOUND'],
  example: { body: bodyExample, answer: { server: EXAMPLE_SERVER, timestamp: EXAMPLE_TIME } },
  run: async ({ body, caller }, { management }) => ({
    body: { server: await seenBy(caller, management)(management.servers.get(body.server_name)) },
  }),
});

const get = route({
  ...NO_INPUT,
  method: 'get',
  path: '/api/servers/:name',
  tag: 'Servers',
  summary: 'Get one server',
  description: 'The same as `POST /api/servers/info`.',
  params: nameInPath,
  ...TAGGED,
  answer: oneServer,
  errors: ['SERVER_NOT_FOUND'],
  example: { params: { name: 'time' }, answer: { server: EXAMPLE_SERVER, timestamp: EXAMPLE_TIME } },
  run: async ({ params, caller }, { management }) => {
    const one = await seenBy(caller, management)(management.servers.get(params.name));
    return { body: { server: one }, taggedBy: withoutUptime(one) };
  },
});

const start = route({
  ...named,
  method: 'post',
  path: '/api/servers/start',
  summary: 'Start a server',
  description:
    'A disabled one is enabled in its config file, which takes a program on the same machine or a key of scope `admin`. Answers when the first attempt has ended. A failed one is an error; the hub goes on trying.',
  answer: okServer,
  errors: [
    'SERVER_NOT_FOUND',
    'CONFIG_ERROR',
    'CONFLICT',
    'PLACEHOLDER_ERROR',
    'CONNECTION_ERROR',
    'UPSTREAM_EXITED',
    'UPSTREAM_PROTOCOL',
    'TIMEOUT',
  ],
  example: { body: bodyExample, answer: answerExample },
  run: async ({ body: { server_name: name }, mayEdit, caller }, { management }) => {
    if (!mayEdit && management.servers.get(name).status === 'disabled') throw notFromThisMachine(`Enabling server "${name}"`);
    return { body: { status: 'ok', server: await seenBy(caller, management)(await management.servers.start(name)) } };
  },
});

const stop = route({
  ...named,
  method: 'post',
  path: '/api/servers/stop',
  summary: 'Stop a server',
  description: 'With `disable` it is disabled in its config file too, which takes a program on the same machine or a key of scope `admin`.',
  query: z.looseObject({ disable: flag('whether to disable it in its config file too, so that it stays stopped.') }),
  answer: okServer,
  errors: ['SERVER_NOT_FOUND', 'CONFIG_ERROR', 'CONFLICT'],
  example: {
    query: 'disable=true',
    body: bodyExample,
    answer: { status: 'ok', server: { ...EXAMPLE_SERVER, status: 'disabled', uptime: 0, lastStarted: null }, timestamp: EXAMPLE_TIME },
  },
  run: async ({ body: { server_name: name }, query: { disable }, mayEdit, caller }, { management }) => {
    if (disable && !mayEdit) throw notFromThisMachine(`Disabling server "${name}"`);
    return { body: { status: 'ok', server: await seenBy(caller, management)(await management.servers.stop(name, { disable })) } };
  },
});

const restart = route({
  ...named,
  method: 'post',
  path: '/api/servers/restart',
  summary: 'Start a server anew',
  description:
    'The new process or connection is started first and takes over when it is ready; the old one has 30 seconds to finish its calls. If the new one does not become ready, the old one stays: `status` of the server is still `connected` then, and `notRenewed` says why. Replicas are renewed one after the other, up to the first that is refused. A server whose entry says `"restart": "stop-first"` is stopped first.',
  answer: z.looseObject({
    status: ok.describe('That it was asked to; `notRenewed` says whether it did.'),
    server,
    notRenewed: z
      .array(
        z.looseObject({
          replica: z.number().describe('Counted from 1.'),
          status: z
            .enum(['connected', 'connecting', 'disconnected', 'unauthorized', 'disabled'])
            .describe('`connected`: it goes on as it was.'),
          reason: z.string(),
        }),
      )
      .describe('The processes or addresses that are not new, and why; empty after a restart that did what it should.'),
    timestamp,
  }),
  errors: ['SERVER_NOT_FOUND', 'CONFLICT'],
  example: { body: bodyExample, answer: { ...answerExample, notRenewed: [] } },
  run: async ({ body, caller }, { management }) => {
    const { server: restarted, notRenewed } = await management.servers.restart(body.server_name);
    return { body: { status: 'ok', server: await seenBy(caller, management)(restarted), notRenewed } };
  },
});

const refresh = route({
  ...named,
  method: 'post',
  path: '/api/servers/refresh',
  summary: 'Ask a server anew for everything that it offers',
  answer: okServer,
  errors: ['SERVER_NOT_FOUND', 'SERVER_NOT_CONNECTED', 'TIMEOUT', 'CONNECTION_ERROR', 'UPSTREAM_EXITED', 'UPSTREAM_PROTOCOL'],
  example: { body: bodyExample, answer: answerExample },
  run: async ({ body, caller }, { management }) => ({
    body: { status: 'ok', server: await seenBy(caller, management)(await management.servers.refresh(body.server_name)) },
  }),
});

const refreshAll = (method: 'get' | 'post'): Route =>
  route({
    ...NO_INPUT,
    method,
    path: '/api/refresh',
    noHead: true,
    tag: 'Servers',
    summary: 'Ask all servers anew for everything that they offer',
    ...(method === 'get' && { description: 'The same as the POST, for clients that know only this one.' }),
    answer: z.looseObject({ status: ok, servers, timestamp }),
    errors: [],
    example: { answer: { status: 'ok', servers: [EXAMPLE_SERVER], timestamp: EXAMPLE_TIME } },
    run: async ({ caller }, { management }) => {
      const all = await management.servers.refreshAll();
      return { body: { status: 'ok', servers: await Promise.all(all.map(seenBy(caller, management))) } };
    },
  });

const log = route({
  ...NO_INPUT,
  method: 'get',
  path: '/api/servers/:name/log',
  tag: 'Servers',
  summary: "The last lines of a server's standard error",
  params: nameInPath,
  query: z.looseObject({
    lines: z
      .string()
      .regex(/^[1-9]\d{0,4}$/, 'not a whole number from 1 to 99999')
      .default('100')
      .transform(Number)
      .describe('how many lines at most, a whole number; 100 when it is not given.'),
  }),
  answer: z.looseObject({
    server_name: z.string(),
    lines: z.array(z.looseObject({ timestamp: z.string().meta({ format: 'date-time' }), text: z.string() })).describe('Oldest first.'),
    timestamp,
  }),
  errors: ['SERVER_NOT_FOUND'],
  example: {
    params: { name: 'time' },
    query: 'lines=20',
    answer: { server_name: 'time', lines: [{ timestamp: EXAMPLE_TIME, text: 'listening' }], timestamp: EXAMPLE_TIME },
  },
  run: ({ params, query }, { management }) => {
    const lines = management.servers.log(params.name).slice(-query.lines);
    return {
      body: { server_name: params.name, lines: lines.map(({ atMs, text }) => ({ timestamp: new Date(atMs).toISOString(), text })) },
    };
  },
});

const environment = route({
  ...NO_INPUT,
  method: 'get',
  path: '/api/servers/:name/environment',
  tag: 'Servers',
  summary: "The variables of a server's process",
  description: 'Their names and where each comes from; values are redacted.',
  params: nameInPath,
  answer: z.looseObject({
    server_name: z.string(),
    environment: z.array(z.looseObject({ name: z.string(), value: z.string().describe('Redacted.'), from: z.string() })),
    timestamp,
  }),
  errors: ['SERVER_NOT_FOUND', 'PLACEHOLDER_ERROR', 'CONFIG_ERROR'],
  example: {
    params: { name: 'time' },
    answer: { server_name: 'time', environment: [{ name: 'PATH', value: '…', from: 'inherited' }], timestamp: EXAMPLE_TIME },
  },
  run: async ({ params }, { management }) => ({
    body: { server_name: params.name, environment: await management.servers.environment(params.name) },
  }),
});

/** The servers, what they are and do. */
export const serverRoutes: readonly Route[] = [
  list,
  info,
  start,
  stop,
  restart,
  refresh,
  refreshAll('post'),
  refreshAll('get'),
  get,
  log,
  environment,
];
