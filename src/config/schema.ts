/**
 * What may stand in the entry of a server: the one source of the checks, of the published JSON Schema and of the tables in
 * docs/configuration.md (`npm run generate`). What stands beside the servers is in setting-fields.ts.
 */
import { loginFields } from './login-fields.ts';
import { outgoingFields } from './outgoing-fields.ts';
import { hiddenNames, orAbsent, textOrNone, truthyFlag } from './tolerant.ts';
import { transportType } from './transport-type.ts';
import {
  anything,
  type Fields,
  flag,
  integer,
  listOf,
  mapOf,
  MAX_TIMER_MS,
  milliseconds,
  nonEmptyText,
  objectOf,
  oneOf,
  text,
  textLike,
  textLikeOrNull,
  textOrTexts,
} from './types.ts';

/** A time. Without one that counts there is the default, which is a limit too. */
const time = orAbsent(milliseconds);

export const DEFAULT_DEV_WATCH = ['**/*.js', '**/*.ts', '**/*.py', '**/*.json'] as const;

/** The fields of one tool in `toolTimeouts`. */
export const toolTimeoutFields = {
  requestTimeout: { type: time, about: 'As `requestTimeout` of the server, for calls of this tool.' },
  totalTimeout: { type: time, about: 'As `totalTimeout` of the server, for calls of this tool.' },
} satisfies Fields;

/** The fields of `dev`. */
export const devFields = {
  enabled: { type: flag, about: 'Whether the files are watched.', default: true },
  watch: { type: textOrTexts, about: 'A glob, or a list of them, relative to `cwd`.', default: DEFAULT_DEV_WATCH },
  cwd: { type: nonEmptyText, about: "The folder to watch, an absolute path. Default: the server's `cwd`, else the workspace folder." },
  debug: { type: anything, about: 'A setting of VS Code; ignored.' },
} satisfies Fields;

export const stdioFields = {
  command: {
    type: nonEmptyText,
    about: 'The program to run: a name that is looked up in PATH, or a path.',
    elsewhere: ['cmd', 'exec', 'executable'],
  },
  args: { type: listOf(textLike), about: 'Its arguments. No shell is involved.', default: [], elsewhere: ['arguments'] },
  cwd: {
    type: textOrNone,
    about: 'The folder to run it in. Default: the workspace folder.',
    elsewhere: ['workingDirectory', 'working_directory', 'workdir'],
  },
  envFile: { type: orAbsent(textOrNone), about: 'A dotenv file with more environment variables; `env` wins.', elsewhere: ['env_file'] },
  replicas: {
    type: orAbsent(integer(1, 64, 'processes')),
    about:
      'How many processes of the server share its calls: for a server that keeps nothing between calls, or with `isolation: "session"` nothing beyond a session (docs/replicas.md). Other limits, as `maxConcurrency`, count for each.',
    default: 1,
  },
  dev: {
    type: objectOf(devFields),
    about: 'Development mode: the server restarts when its files change (docs/dev-mode.md).',
  },
} satisfies Fields;

export const remoteFields = {
  url: {
    type: nonEmptyText,
    about: 'The address of a remote server, http or https.',
    elsewhere: ['serverUrl', 'httpUrl', 'endpoint', 'uri'],
  },
  urls: {
    type: listOf(nonEmptyText),
    about:
      'In place of `url`: several addresses of the same server, which share its calls (docs/replicas.md). Other limits, as `maxConcurrency`, count for each.',
  },
  headers: { type: mapOf(textLike), about: 'HTTP headers of every request.', default: {}, elsewhere: ['http_headers', 'requestInit'] },
  ...outgoingFields,
} satisfies Fields;

export const commonFields = {
  env: {
    type: mapOf(textLikeOrNull),
    about:
      'Environment variables, which the server\'s other fields may refer to. `null` or `""` takes the value from the environment of the hub.',
    default: {},
    elsewhere: ['environment', 'envs', 'envVars'],
  },
  type: {
    type: transportType,
    about:
      'The transport. Not needed: `command` means stdio; `url` means Streamable HTTP with HTTP+SSE as the fallback, as does `http`. `streamable-http` tries no fallback, `sse` uses HTTP+SSE at once.',
    elsewhere: ['transport', 'transportType'],
  },
  disabled: {
    type: truthyFlag,
    about: 'Keeps the server in the list without starting it.',
    default: false,
    elsewhere: ['enabled', 'active'],
  },
  name: {
    type: orAbsent(textOrNone),
    about: 'A name for people. Exposed names are always made from the key.',
    elsewhere: ['title', 'displayName'],
  },
  description: { type: orAbsent(text), about: 'What the server is for.' },
  initTimeout: {
    type: time,
    about: 'Milliseconds for start, handshake and the first lists. A first `npx` or `uvx` downloads the server.',
    default: 300_000,
    elsewhere: ['startup_timeout_sec', 'startupTimeout', 'initializationTimeout'],
  },
  requestTimeout: {
    type: time,
    about: 'Milliseconds for one request; progress of the request starts it anew.',
    default: 300_000,
    elsewhere: ['timeout', 'tool_timeout_sec'],
  },
  totalTimeout: {
    type: time,
    about: 'Most milliseconds for one request in all, whatever progress it tells of. Default: ten times its `requestTimeout`.',
    elsewhere: ['maxTotalTimeout'],
  },
  toolTimeouts: {
    type: orAbsent(mapOf(objectOf(toolTimeoutFields))),
    about: "Other `requestTimeout` and `totalTimeout` for single tools, by the server's own names.",
    default: {},
  },
  maxConcurrency: {
    type: integer(1, 10_000, 'requests'),
    about:
      'Most requests of clients that the server works on at once. Others wait for their turn, clients in rotation; their time limits begin with it. Default: no limit.',
    elsewhere: ['maxConcurrent', 'max_concurrency', 'max_concurrent', 'concurrency'],
  },
  maxQueue: {
    type: integer(0, 100_000, 'requests'),
    about: 'Most requests that wait because of `maxConcurrency`. One more is refused, of the client that has the most waiting.',
    default: 100,
  },
  queueTimeout: {
    type: time,
    about: 'Most milliseconds that a request waits because of `maxConcurrency`.',
    default: 60_000,
  },
  maxMessageSize: {
    type: integer(1024, 2 ** 28, 'bytes'),
    about: 'Largest message that is read from the server, in bytes. A call whose answer is larger fails; the others go on.',
    default: 67_108_864,
    elsewhere: ['maxMessageBytes', 'maxResponseSize'],
  },
  pingInterval: {
    type: orAbsent(integer(0, MAX_TIMER_MS, 'milliseconds')),
    about:
      'Milliseconds of silence, with no request in flight, after which the server is asked by `ping` whether it is there; `0` for never. Three missed answers in a row make it degraded, a fourth one makes the connection anew. Servers of revision 2026-07-28 are not asked: it has no `ping`. A change counts from the next connection on. Default: 30000 for a remote server, 0 for a local one.',
  },
  isolation: {
    type: oneOf('auto', 'shared', 'session'),
    about:
      'Whether clients share one connection to the server, which for a local server is one process. `auto`: they do, until the server asks its clients something and sharing would leave open whom it means. `shared`: always. `session`: every client has its own. Servers of revision 2026-07-28 are always shared.',
    default: 'auto' as const,
  },
  maxConnections: {
    type: integer(1, 1000, 'connections'),
    about: 'Most connections (local: processes) for single clients beside the shared one; of each principal, if `logins` is `each`.',
    default: 32,
  },
  start: {
    type: orAbsent(oneOf('eager', 'lazy', 'manual')),
    about:
      'When the server is started. `eager`: with the hub. `lazy`: by its first call, or by the first list as long as the hub does not know what it offers. `manual`: only by `mcp-hub start` or the API.',
    default: 'eager' as const,
  },
  idleTimeout: {
    type: time,
    about:
      'Milliseconds without a call after which the server is stopped until its next call or subscription; what it offers stays listed. Default: never. It does not sleep while a call is in flight, a resource is subscribed to, or a client has a connection of its own to it.',
    elsewhere: ['idleTimeoutMs', 'idle_timeout'],
  },
  restart: {
    type: orAbsent(oneOf('overlap', 'stop-first')),
    about:
      'How a restart goes. `overlap`: the new process or connection is started first and takes over when it is ready, so that no call fails; if it does not become ready, the old one stays. `stop-first`: for servers that cannot run twice at once, because of a port, a lock, or a file that they hold in memory.',
    default: 'overlap' as const,
  },
} satisfies Fields;

/** What of a server is not offered. The same keys are written by mcphub.nvim. */
export const filterFields = {
  disabled_tools: {
    type: hiddenNames,
    about: "Tools that are not offered, by the server's own names.",
    default: [],
    elsewhere: ['disabledTools', 'excludeTools', 'disabled-tools'],
  },
  disabled_prompts: { type: hiddenNames, about: "Prompts that are not offered, by the server's own names.", default: [] },
  disabled_resources: { type: hiddenNames, about: "Resources that are not offered, by the server's own URIs.", default: [] },
  disabled_resourceTemplates: {
    type: hiddenNames,
    about:
      'Resource templates that are not offered, as the server lists them. What fits no other template and is not listed cannot be read then.',
    default: [],
  },
} satisfies Fields;

/** Keys of other programs that may stand at a server and change nothing here. */
export const keptFields = {
  autoApprove: { type: anything, about: 'Kept for mcphub.nvim and other clients.' },
  alwaysAllow: { type: anything, about: 'Kept for other clients.' },
  custom_instructions: { type: anything, about: 'Kept for mcphub.nvim.' },
  gallery: { type: anything, about: 'Kept for VS Code.' },
  version: { type: anything, about: 'Kept for VS Code.' },
  sandbox: { type: anything, about: 'A setting of VS Code: accepted with a warning, because the hub runs servers without a sandbox.' },
  sandboxEnabled: {
    type: anything,
    about: 'A setting of VS Code: accepted with a warning, because the hub runs servers without a sandbox.',
  },
} satisfies Fields;

export const serverFields = { ...stdioFields, ...remoteFields, ...loginFields, ...commonFields, ...filterFields, ...keptFields };
