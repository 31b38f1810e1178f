/**
 * What may stand in a config file: the one source of the checks, of the published JSON Schema and of the tables in
 * docs/configuration.md (`npm run generate`).
 */
import { loginFields } from './login-fields.ts';

import { outgoingFields, outgoingSettings } from './outgoing-fields.ts';
import {
  addressOrOff,
  anything,
  type Fields,
  flag,
  integer,
  listOf,
  mapOf,
  nonEmptyText,
  objectOf,
  oneOf,
  text,
  textLike,
  textLikeOrNull,
  textOrTexts,
} from './types.ts';

/** The longest delay that a Node.js timer can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const milliseconds = integer(1, MAX_TIMER_MS, 'milliseconds');

export const DEFAULT_DEV_WATCH = ['**/*.js', '**/*.ts', '**/*.py', '**/*.json'] as const;

/** The fields of one tool in `toolTimeouts`. */
export const toolTimeoutFields = {
  requestTimeout: { type: milliseconds, about: 'As `requestTimeout` of the server, for calls of this tool.' },
  totalTimeout: { type: milliseconds, about: 'As `totalTimeout` of the server, for calls of this tool.' },
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
    type: nonEmptyText,
    about: 'The folder to run it in. Default: the workspace folder.',
    elsewhere: ['workingDirectory', 'working_directory', 'workdir'],
  },
  envFile: { type: nonEmptyText, about: 'A dotenv file with more environment variables; `env` wins.', elsewhere: ['env_file'] },
  replicas: {
    type: integer(1, 64, 'processes'),
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
    type: oneOf('stdio', 'http', 'sse', 'streamable-http', 'streamableHttp'),
    about:
      'The transport. Not needed: `command` means stdio; `url` means Streamable HTTP with HTTP+SSE as the fallback, as does `http`. `streamable-http` tries no fallback, `sse` uses HTTP+SSE at once.',
    elsewhere: ['transport', 'transportType'],
  },
  disabled: { type: flag, about: 'Keeps the server in the list without starting it.', default: false, elsewhere: ['enabled', 'active'] },
  name: { type: text, about: 'A name for people. Exposed names are always made from the key.', elsewhere: ['title', 'displayName'] },
  description: { type: text, about: 'What the server is for.' },
  initTimeout: {
    type: milliseconds,
    about: 'Milliseconds for start, handshake and the first lists. A first `npx` or `uvx` downloads the server.',
    default: 300_000,
    elsewhere: ['startup_timeout_sec', 'startupTimeout', 'initializationTimeout'],
  },
  requestTimeout: {
    type: milliseconds,
    about: 'Milliseconds for one request; progress of the request starts it anew.',
    default: 300_000,
    elsewhere: ['timeout', 'tool_timeout_sec'],
  },
  totalTimeout: {
    type: milliseconds,
    about: 'Most milliseconds for one request in all, whatever progress it tells of. Default: ten times its `requestTimeout`.',
    elsewhere: ['maxTotalTimeout'],
  },
  toolTimeouts: {
    type: mapOf(objectOf(toolTimeoutFields)),
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
    type: milliseconds,
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
    type: integer(0, MAX_TIMER_MS, 'milliseconds'),
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
    type: oneOf('eager', 'lazy', 'manual'),
    about:
      'When the server is started. `eager`: with the hub. `lazy`: by its first call, or by the first list as long as the hub does not know what it offers. `manual`: only by `mcp-hub start` or the API.',
    default: 'eager' as const,
  },
  idleTimeout: {
    type: milliseconds,
    about:
      'Milliseconds without a call after which the server is stopped until its next call or subscription; what it offers stays listed. Default: never. It does not sleep while a call is in flight, a resource is subscribed to, or a client has a connection of its own to it.',
    elsewhere: ['idleTimeoutMs', 'idle_timeout'],
  },
  restart: {
    type: oneOf('overlap', 'stop-first'),
    about:
      'How a restart goes. `overlap`: the new process or connection is started first and takes over when it is ready, so that no call fails; if it does not become ready, the old one stays. `stop-first`: for servers that cannot run twice at once, because of a port, a lock, or a file that they hold in memory.',
    default: 'overlap' as const,
  },
} satisfies Fields;

/** What of a server is not offered. The same keys are written by mcphub.nvim. */
export const filterFields = {
  disabled_tools: {
    type: listOf(text),
    about: "Tools that are not offered, by the server's own names.",
    default: [],
    elsewhere: ['disabledTools', 'excludeTools', 'disabled-tools'],
  },
  disabled_prompts: { type: listOf(text), about: "Prompts that are not offered, by the server's own names.", default: [] },
  disabled_resources: { type: listOf(text), about: "Resources that are not offered, by the server's own URIs.", default: [] },
  disabled_resourceTemplates: {
    type: listOf(text),
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

/** The fields of `marketplace`. */
export const marketplaceFields = {
  registryUrl: {
    type: addressOrOff,
    about: 'The community registry: one JSON file. `false` leaves it out.',
    default: 'https://ravitemer.github.io/mcp-registry/registry.json',
    elsewhere: ['registry'],
  },
  officialUrl: {
    type: addressOrOff,
    about: 'A registry that speaks the official MCP Registry API: the part of its address before `/v0.1`. `false` leaves it out.',
    default: 'https://registry.modelcontextprotocol.io',
  },
  officialLimit: {
    type: integer(1, 20_000, 'servers'),
    about: 'Most servers of the official registry in an unfiltered list. Searches and installs reach the others too.',
    default: 1000,
  },
  readmeUrl: {
    type: addressOrOff,
    about: 'Where the READMEs of GitHub repositories are read. `false` reads none.',
    default: 'https://raw.githubusercontent.com',
  },
} satisfies Fields;

export const settingFields = {
  maxToolNameLength: {
    type: integer(16, 128, 'characters'),
    about: 'Most characters in an exposed tool or prompt name. Large model APIs take 64, and clients put a prefix in front.',
    default: 54,
  },
  startupWait: {
    type: integer(0, MAX_TIMER_MS, 'milliseconds'),
    about: 'Milliseconds that a first request waits for servers that are still starting.',
    default: 5000,
  },
  maxBodySize: {
    type: integer(1024, 2 ** 30, 'bytes'),
    about: 'Largest accepted request body, in bytes.',
    default: 8_388_608,
    elsewhere: ['maxBodyBytes', 'bodyLimit'],
  },
  sessionIdleTimeout: { type: milliseconds, about: 'Milliseconds after which an unused session ends.', default: 1_800_000 },
  maxSessions: {
    type: integer(1, 100_000, 'sessions'),
    about:
      'Most sessions at once, and most open streams of the old HTTP+SSE transport. A new session ends the longest unused one of whoever has most; when all of them have an open stream or a call in flight, it is refused.',
    default: 1000,
  },
  shutdownTimeout: {
    type: integer(0, 3_600_000, 'milliseconds'),
    about: 'Milliseconds that calls in flight have when the hub stops. Their servers are stopped after that.',
    default: 1500,
    elsewhere: ['gracefulShutdownTimeout'],
  },
  allowedHosts: {
    type: listOf(nonEmptyText),
    about: 'Host names, without a port, that requests may carry in `Host` and `Origin` beside the loopback ones.',
    default: [],
    elsewhere: ['allowed_hosts'],
  },
  trustedHosts: {
    type: listOf(nonEmptyText),
    about:
      'Reverse proxies in front of the hub. Their names are allowed as in `allowedHosts`. From their addresses and networks (`10.0.0.0/8`) the last address in `X-Forwarded-For` is taken for that of the client when wrong keys are counted, and `X-Forwarded-Host` must be an allowed name too; what comes from there is never taken for a program on this machine (docs/security.md).',
    default: [],
    elsewhere: ['trusted_hosts', 'trustedProxies', 'trustProxy'],
  },
  auth: {
    type: oneOf('auto', 'keys'),
    about:
      'Whether requests need an API key. `auto`: they do when `--host` lets other machines reach the hub. `keys`: always (docs/security.md).',
    default: 'auto' as const,
    elsewhere: ['authentication', 'requireKey'],
  },
  ...outgoingSettings,
  marketplace: { type: objectOf(marketplaceFields), about: 'The registries that servers are found in.' },
} satisfies Fields;

/** Top-level keys of other programs. */
export const keptTopFields = {
  $schema: { type: anything, about: 'The JSON Schema that an editor checks the file with.' },
  inputs: { type: anything, about: 'The questions of a VS Code file. The answers come from `MCP_HUB_ENV`.' },
  nativeMCPServers: { type: anything, about: 'Kept for mcphub.nvim.' },
} satisfies Fields;
