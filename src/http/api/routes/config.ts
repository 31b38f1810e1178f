import { z } from 'zod';
import type { ErrorCode } from '../../../base/index.ts';
import type { ConfigEditResult } from '../../management.ts';
import { NO_INPUT, type Reply, type Route, route } from '../route.ts';
import { EXAMPLE_SERVER, EXAMPLE_TIME, flag, jsonObject, nameInPath, ok, server, timestamp } from '../schemas.ts';
import { invalidField } from '../validate.ts';

const editQuery = z.looseObject({ dryRun: flag('whether to check and answer only, and to change nothing.') });

const edited = z.looseObject({
  status: ok,
  dryRun: z.boolean().describe('Whether nothing was changed.'),
  file: z.string().describe('The config file that was, or would be, written.'),
  etag: z.string().describe('Of that file after the change.'),
  diff: z.string().describe('Unified diff of that file, with secrets masked.'),
  server: server.nullable().describe('The server after the change; `null` when there is none.'),
  timestamp,
});

const EDIT_ERRORS: readonly ErrorCode[] = ['CONFIG_ERROR', 'PLACEHOLDER_ERROR', 'PRECONDITION_FAILED', 'CONFLICT'];
const ETAG = { ETag: 'Of the config file after the change.' };

const DIFF = '--- servers.json\n+++ servers.json\n@@ -2,1 +2,2 @@\n+    "time": { "command": "uvx", "args": ["mcp-server-time"] },\n';
const editExample = {
  status: 'ok',
  dryRun: false,
  file: EXAMPLE_SERVER.config_source,
  etag: '1f3a',
  diff: DIFF,
  server: EXAMPLE_SERVER,
  timestamp: EXAMPLE_TIME,
};

const add = route({
  ...NO_INPUT,
  method: 'post',
  path: '/api/servers',
  tag: 'Configuration',
  summary: 'Add a server',
  description: 'Writes it into its config file, whose comments and formatting stay, and starts it. With `dryRun` it answers 200.',
  query: editQuery,
  body: z.looseObject({
    name: z
      .string()
      .min(1)
      .refine((name) => !/\p{Surrogate}/u.test(name), 'half of a character, which no file can hold')
      .describe('the name of the new server, a string.'),
    config: jsonObject.describe('its entry, an object as it stands in a config file under `mcpServers`.'),
    file: z
      .string()
      .min(1)
      .nullish()
      .describe('the config file to write to, a string as it was given with `--config`; the last one when it is not given.'),
  }),
  ifMatch: true,
  localOnly: true,
  answer: edited,
  status: 201,
  answerHeaders: { ...ETAG, Location: 'The path of the new server.' },
  errors: [...EDIT_ERRORS, 'ALREADY_EXISTS'],
  example: { body: { name: 'time', config: { command: 'uvx', args: ['mcp-server-time'] } }, answer: editExample },
  run: async ({ body, query: { dryRun }, headers, isLocal }, { management }) => {
    const { name, config, file } = body;
    const options = { file: file ?? undefined, dryRun, ifMatch: etagOf(headers['if-match']), isFromElsewhere: !isLocal };
    const reply = editReply(await management.config.add(name, config, options), dryRun);
    if (dryRun) return reply;
    return { ...reply, status: 201, headers: { ...reply.headers, location: `/api/servers/${encodeURIComponent(name)}` } };
  },
});

const change = route({
  ...NO_INPUT,
  method: 'patch',
  path: '/api/servers/:name',
  tag: 'Configuration',
  summary: 'Change a server',
  description:
    'The body is a JSON Merge Patch (RFC 7396) of the entry in its config file: what is named is set, `null` removes it, the rest stays. ' +
    '`Content-Type: application/merge-patch+json` is taken too. The server restarts if what it runs with changed.',
  params: nameInPath,
  query: editQuery,
  body: jsonObject.describe('the keys to change, an object.'),
  ifMatch: true,
  localOnly: true,
  answer: edited,
  answerHeaders: ETAG,
  errors: ['SERVER_NOT_FOUND', ...EDIT_ERRORS],
  example: { params: { name: 'time' }, body: { args: ['mcp-server-time', '--utc'], disabled: null }, answer: editExample },
  run: async ({ params, query: { dryRun }, body, headers, isLocal }, { management }) => {
    const options = { dryRun, ifMatch: etagOf(headers['if-match']), isFromElsewhere: !isLocal };
    return editReply(await management.config.change(params.name, body, options), dryRun);
  },
});

const remove = route({
  ...NO_INPUT,
  method: 'delete',
  path: '/api/servers/:name',
  tag: 'Configuration',
  summary: 'Remove a server',
  description: 'Stops it and takes it out of its config file.',
  params: nameInPath,
  query: editQuery,
  ifMatch: true,
  localOnly: true,
  answer: edited,
  answerHeaders: ETAG,
  errors: ['SERVER_NOT_FOUND', ...EDIT_ERRORS],
  example: { params: { name: 'time' }, answer: { ...editExample, server: null } },
  run: async ({ params, query: { dryRun }, headers }, { management }) =>
    editReply(await management.config.remove(params.name, { dryRun, ifMatch: etagOf(headers['if-match']) }), dryRun),
});

const entry = route({
  ...NO_INPUT,
  method: 'get',
  path: '/api/servers/:name/config',
  tag: 'Configuration',
  summary: 'The entry of a server in its config file',
  description: 'As it stands there, placeholders unresolved; literal secrets are masked. Send its `ETag` as `If-Match` with a change.',
  params: nameInPath,
  answer: z.looseObject({
    name: z.string(),
    file: z.string(),
    etag: z.string().describe('Of the config file.'),
    config: z.looseObject({}),
    timestamp,
  }),
  answerHeaders: { ETag: 'Of the config file.' },
  errors: ['SERVER_NOT_FOUND', 'CONFIG_ERROR'],
  example: {
    params: { name: 'time' },
    answer: {
      name: 'time',
      file: EXAMPLE_SERVER.config_source,
      etag: '1f3a',
      config: { command: 'uvx', args: ['mcp-server-time'] },
      timestamp: EXAMPLE_TIME,
    },
  },
  run: async ({ params: { name } }, { management }) => {
    const { entry: config, file, etag } = await management.config.entry(name);
    return { body: { name, file, etag, config }, headers: { etag: quoted(etag) } };
  },
});

function editReply({ file, etag, diff, server: after }: ConfigEditResult, dryRun: boolean): Reply {
  return { body: { status: 'ok', dryRun, file, etag, diff, server: after ?? null }, headers: { etag: quoted(etag) } };
}

const quoted = (etag: string): string => `"${etag}"`;

/** The etag that `If-Match` asks for; `*` asks for none in particular. */
function etagOf(header: string | undefined): string | undefined {
  const value = header?.trim();
  if (value === undefined || value === '*') return undefined;
  const etag = /^"([^"]*)"$/.exec(value)?.[1] ?? (/^[^",\s]+$/.test(value) ? value : undefined);
  if (etag !== undefined) return etag;
  throw invalidField('header', 'If-Match', 'is not one etag', 'It takes: what stood in `ETag` when the config was read, in quotes.');
}

/** Edits of the config files. */
export const configRoutes: readonly Route[] = [add, change, remove, entry];
