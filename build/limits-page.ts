import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commonFields } from '../src/config/schema.ts';
import { settingFields } from '../src/config/setting-fields.ts';
import type { Field } from '../src/config/types.ts';

type Unit = 'ms' | 'bytes' | 'characters' | 'count';

interface SettingRow {
  readonly name: string;
  readonly unit: Unit;
  /** Where the schema has no default. */
  readonly value?: string;
  readonly effect: string;
}

/** A constant in the sources: `file#NAME`. */
interface FixedRow {
  readonly of: string;
  readonly what: string;
  readonly unit: Unit;
  readonly effect: string;
}

const hub: readonly SettingRow[] = [
  { name: 'maxBodySize', unit: 'bytes', effect: '413 `BODY_TOO_LARGE`; the rest is not read' },
  {
    name: 'maxSessions',
    unit: 'count',
    effect:
      'the longest unused session of whoever has most ends; when none may, because all have an open stream or a call in flight or are of those who have no more, 429 `LIMIT_EXCEEDED`',
  },
  { name: 'sessionIdleTimeout', unit: 'ms', effect: 'the session ends; its next request gets 404, upon which clients initialize anew' },
  {
    name: 'startupWait',
    unit: 'ms',
    effect: 'lists come without the servers that still start; calls to them fail with `SERVER_NOT_CONNECTED`',
  },
  { name: 'shutdownTimeout', unit: 'ms', effect: 'calls still in flight are taken back and answered with `SHUTTING_DOWN`' },
  { name: 'maxToolNameLength', unit: 'characters', effect: 'longer names are shortened, with a hash' },
];

const server: readonly SettingRow[] = [
  { name: 'initTimeout', unit: 'ms', effect: 'the start has failed (`TIMEOUT`) and is tried again later' },
  { name: 'requestTimeout', unit: 'ms', effect: '`TIMEOUT`; the server is told that the call is taken back. Progress begins it anew' },
  { name: 'totalTimeout', unit: 'ms', value: '10 × `requestTimeout`', effect: '`TIMEOUT`, whatever progress there was' },
  {
    name: 'maxConcurrency',
    unit: 'count',
    value: 'none',
    effect: 'the call waits for its turn, clients in rotation; no time limit runs yet',
  },
  {
    name: 'maxQueue',
    unit: 'count',
    effect: '`LIMIT_EXCEEDED` for the newest call of the client that has the most waiting; it was not sent',
  },
  { name: 'queueTimeout', unit: 'ms', effect: '`LIMIT_EXCEEDED`; the call was not sent' },
  {
    name: 'maxMessageSize',
    unit: 'bytes',
    effect:
      'the message is skipped; the call that it answered fails with `UPSTREAM_PROTOCOL`, the others go on (over HTTP+SSE, where all share one stream, it is connected anew)',
  },
  { name: 'maxConnections', unit: 'count', effect: 'a call that needs a connection of its own waits for one until its `requestTimeout`' },
];

const fixed: readonly FixedRow[] = [
  {
    of: 'upstream/process/start-turns.ts#TURN_MS',
    what: 'time that a local server that says nothing keeps others from starting',
    unit: 'ms',
    effect: 'the next one begins; there are as many turns at once as processors',
  },
  {
    of: 'upstream/process/start-turns.ts#MAX_WAIT_MS',
    what: 'time that a local server waits for its turn to start',
    unit: 'ms',
    effect: 'it begins all the same',
  },
  { of: 'http/http-server.ts#MAX_HEADER_BYTES', what: 'headers of a request', unit: 'bytes', effect: '431' },
  {
    of: 'http/http-server.ts#HEADERS_WITHIN_MS',
    what: 'time for the headers of a request',
    unit: 'ms',
    effect: '408, and the connection is closed',
  },
  { of: 'downstream/body.ts#BODY_WITHIN_MS', what: 'time for the body of a request', unit: 'ms', effect: '408 `REQUEST_TIMEOUT`' },
  { of: 'downstream/classify.ts#MAX_BATCH', what: 'messages of a legacy batch', unit: 'count', effect: '`INVALID_REQUEST`' },
  { of: 'downstream/stdio-clients.ts#MAX_STREAMS', what: 'clients by `mcp-hub stdio`', unit: 'count', effect: '`LIMIT_EXCEEDED`' },
  { of: 'downstream/stdio.ts#MAX_RUNNING', what: 'requests in flight of one such client', unit: 'count', effect: '`LIMIT_EXCEEDED`' },
  {
    of: 'downstream/line-stream.ts#MAX_UNREAD_BYTES',
    what: 'bytes that such a client does not read',
    unit: 'bytes',
    effect: 'its connection is closed',
  },
  {
    of: 'downstream/event-stream.ts#MAX_UNREAD_BYTES',
    what: 'bytes that the reader of a stream does not read',
    unit: 'bytes',
    effect: 'the stream is closed; legacy clients can resume it',
  },
  {
    of: 'downstream/unread.ts#UNREAD_MS',
    what: 'time that a finished answer waits to be read',
    unit: 'ms',
    effect: 'the connection is closed',
  },
  {
    of: 'downstream/unread.ts#MAX_TOTAL_BYTES',
    what: 'bytes that clients by HTTP leave unread, all together',
    unit: 'bytes',
    effect: 'the connection of the one who began first is closed; a single answer may be larger',
  },
  { of: 'downstream/event-store.ts#MAX_EVENTS', what: 'events of a session kept for resuming', unit: 'count', effect: 'the oldest goes' },
  { of: 'downstream/event-store.ts#MAX_SESSION_CHARS', what: '… and their size', unit: 'characters', effect: 'the oldest goes' },
  { of: 'downstream/event-store.ts#MAX_TOTAL_CHARS', what: '… of all sessions together', unit: 'characters', effect: 'the oldest goes' },
  { of: 'downstream/subscriptions.ts#MAX_STREAMS', what: 'open `subscriptions/listen`', unit: 'count', effect: '`LIMIT_EXCEEDED`' },
  { of: 'downstream/subscriptions.ts#MAX_RESOURCES', what: 'resources in one of them', unit: 'count', effect: 'invalid params' },
  { of: 'downstream/subscriptions.ts#MAX_TASKS', what: 'tasks in one of them', unit: 'count', effect: 'invalid params' },
  {
    of: 'gateway/resource-watch.ts#MAX_WANTED',
    what: 'resources that one session subscribes to',
    unit: 'count',
    effect: '`LIMIT_EXCEEDED`',
  },
  {
    of: 'downstream/questions.ts#MAX_OPEN',
    what: 'open questions to one client',
    unit: 'count',
    effect: 'the server is told that there is no answer',
  },
  {
    of: 'downstream/questions.ts#ANSWER_WITHIN_MS',
    what: 'time for a client to answer a question',
    unit: 'ms',
    effect: 'the server is told that there is no answer',
  },
  {
    of: 'gateway/parks.ts#MAX_PER_PRINCIPAL',
    what: 'calls of one modern client that wait for its answers',
    unit: 'count',
    effect: 'the server is told that there is no answer',
  },
  {
    of: 'gateway/login-visits.ts#LOGIN_WITHIN_MS',
    what: 'time for a person to log in at a server that a call waits for',
    unit: 'ms',
    effect: '`INPUT_NOT_GIVEN`; the call was not sent',
  },
  { of: 'gateway/parks.ts#MAX_PARKED', what: '… of all clients', unit: 'count', effect: 'the server is told that there is no answer' },
  { of: 'gateway/input-rounds.ts#MAX_ROUNDS', what: 'rounds of questions in one call', unit: 'count', effect: '`UPSTREAM_PROTOCOL`' },
  { of: 'gateway/input-rounds.ts#MAX_QUESTIONS', what: 'questions in one round', unit: 'count', effect: '`UPSTREAM_PROTOCOL`' },
  { of: 'gateway/roots.ts#MAX_ROOTS', what: 'roots of one client', unit: 'count', effect: 'the rest is left out' },
  {
    of: 'gateway/task-work.ts#MAX_TASK_MS',
    what: 'time for a task that the hub sees through for a client',
    unit: 'ms',
    effect: '`TIMEOUT`; the task is cancelled',
  },
  {
    of: 'gateway/read-cache.ts#MAX_BYTES',
    what: 'cached results of `resources/read`',
    unit: 'bytes',
    effect: 'the one used longest ago goes',
  },
  { of: 'gateway/read-cache.ts#MAX_ENTRIES', what: '… and their number', unit: 'count', effect: 'the one used longest ago goes' },
  {
    of: 'config/placeholder-sources.ts#MAX_FILE_BYTES',
    what: 'a file behind `${file:path}`',
    unit: 'bytes',
    effect: '`PLACEHOLDER_ERROR`, and the server does not start',
  },
  {
    of: 'config/secrets/keyring.ts#KEYRING_WITHIN_MS',
    what: 'time for the keyring of the system to answer',
    unit: 'ms',
    effect: '`PLACEHOLDER_ERROR`, and the server does not start',
  },
  {
    of: 'upstream/lists/fetch-listing.ts#MAX_PAGES',
    what: 'pages of one list of a server',
    unit: 'count',
    effect: 'the rest is left out, with a warning and a line in `notes`',
  },
  {
    of: 'upstream/sharing/side-connections.ts#MAX_WAITING',
    what: 'calls that wait for a connection of their own',
    unit: 'count',
    effect: '`LIMIT_EXCEEDED`',
  },
  {
    of: 'upstream/process/stdio-transport.ts#MAX_QUEUED_BYTES',
    what: 'bytes that a local server does not read',
    unit: 'bytes',
    effect: '`LIMIT_EXCEEDED`',
  },
  {
    of: 'upstream/process/log-buffer.ts#MAX_LINES',
    what: 'lines kept of the standard error of a server',
    unit: 'count',
    effect: 'the oldest goes',
  },
  { of: 'upstream/process/log-buffer.ts#MAX_BYTES', what: '… and their size', unit: 'bytes', effect: 'the oldest goes' },
  {
    of: 'upstream/process/stderr-intake.ts#BYTES_PER_WINDOW',
    what: 'standard error read of a server in a tenth of a second',
    unit: 'bytes',
    effect: 'the server has to wait',
  },
  {
    of: 'protocol/line-reader.ts#LONG_LINE',
    what: 'a message of a server that is read as fast as it comes',
    unit: 'bytes',
    effect: 'the rest of a longer one is read at 5 MiB a second, from a remote server at 4',
  },
  {
    of: 'hub/event-log.ts#MAX_EVENTS',
    what: 'events of `/api/events` kept for readers that come back',
    unit: 'count',
    effect: 'the oldest goes',
  },
  { of: 'hub/event-log.ts#MAX_BYTES', what: '… and their size', unit: 'bytes', effect: 'the oldest goes' },
  {
    of: 'http/auth/wrong-keys.ts#MAX_WRONG',
    what: 'wrong API keys of one address within a minute',
    unit: 'count',
    effect: '429 `LIMIT_EXCEEDED` in place of 401; right ones are taken all the same',
  },
  { of: 'config/api-keys/key-edits.ts#MAX_KEYS', what: 'API keys', unit: 'count', effect: '`LIMIT_EXCEEDED`' },
  { of: 'http/event-streams.ts#MAX_READERS', what: 'readers of `/api/events`', unit: 'count', effect: '`LIMIT_EXCEEDED`' },
  {
    of: 'http/event-reader.ts#MAX_UNREAD_BYTES',
    what: 'bytes that one of them does not read',
    unit: 'bytes',
    effect: 'it is disconnected and can come back',
  },
  {
    of: 'hub/log-writer.ts#MAX_PENDING_BYTES',
    what: 'log that waits for a slow disk',
    unit: 'bytes',
    effect: 'records are dropped and counted',
  },
];

/** docs/limits.md: the settings with the defaults of the schema, the rest with the values in the sources. */
export function limitsPage(root: string): string {
  return `# Limits

<!-- Written by \`npm run generate\` from build/limits-page.ts, the fields in src/config and the constants in src. -->

Everything that could grow has a limit. An error at one that can be set names the setting; \`data.setting\` has it for programs.

## Settings of the hub

${table(hub.map((row) => settingRow(row, settingFields)))}

## Settings of a server

${table(server.map((row) => settingRow(row, commonFields)))}

\`GET /api/servers\` and \`mcp-hub servers\` tell under \`load\` how many calls a server works on (\`running\`) and how many wait (\`waiting\`), also without
\`maxConcurrency\`; a limit that is set meanwhile knows of those that run.

\`toolTimeouts\` gives single tools another \`requestTimeout\` or \`totalTimeout\`. A REST call brings its own limits (\`request_options\`).

## Fixed

${table(fixed.map(({ of, what, unit, effect }) => [what, shown(constantIn(root, of), unit), effect]))}
`;
}

function table(rows: readonly (readonly string[])[]): string {
  return ['| limit | value | what happens at it |', '|---|---|---|', ...rows.map((cells) => `| ${cells.join(' | ')} |`)].join('\n');
}

function settingRow({ name, unit, value, effect }: SettingRow, fields: Readonly<Record<string, Field<unknown>>>): readonly string[] {
  const field = fields[name];
  if (!field) throw new Error(`build/limits-page.ts names a setting that does not exist: ${name}`);
  if (typeof field.default === 'number') return [`\`${name}\``, shown(field.default, unit), effect];
  if (value === undefined) throw new Error(`The setting has no default, so build/limits-page.ts has to say one: ${name}`);
  return [`\`${name}\``, value, effect];
}

/** The value of a constant, which is a number or a product of numbers. */
function constantIn(root: string, of: string): number {
  const [file = '', name = ''] = of.split('#');
  const source = readFileSync(join(root, 'src', file), 'utf8');
  const product = new RegExp(String.raw`const ${name} = ([\w *]+);`).exec(source)?.[1];
  const factors = (product ?? '').split('*').map((factor) => (factor.trim() === 'MIB' ? 2 ** 20 : Number(factor.replaceAll('_', ''))));
  const value = factors.reduce((one, other) => one * other, 1);
  if (product === undefined || !Number.isFinite(value)) throw new Error(`build/limits-page.ts finds no number in src/${of}`);
  return value;
}

const UNITS: Readonly<Record<Unit, readonly (readonly [number, string])[]>> = {
  ms: [
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
    [1, 'ms'],
  ],
  bytes: [
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
    [1, 'bytes'],
  ],
  characters: [
    [2 ** 20, 'Mi characters'],
    [1, 'characters'],
  ],
  count: [[1, '']],
};

function shown(value: number, unit: Unit): string {
  const [size, name] = UNITS[unit].find(([least]) => value >= least && value % (least / (unit === 'ms' ? 2 : 1)) === 0) ?? [1, ''];
  return `${(value / size).toLocaleString('en')} ${name}`.trim();
}
