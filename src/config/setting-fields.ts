/** What may stand in a config file beside the servers, as schema.ts has it for their entries. */
import { outgoingSettings } from './outgoing-fields.ts';
import { orAbsent, orElse } from './tolerant.ts';
import {
  addressOrOff,
  anything,
  type Fields,
  integer,
  listOf,
  MAX_TIMER_MS,
  milliseconds,
  nonEmptyText,
  objectOf,
  oneOf,
} from './types.ts';

/** A wrong one asks nobody: the default would be another registry than was meant. */
const registryAddress = orElse(addressOrOff, false, 'the registry is left out');

/** The fields of `marketplace`. */
export const marketplaceFields = {
  registryUrl: {
    type: registryAddress,
    about: 'The community registry: one JSON file. `false` leaves it out.',
    default: 'https://ravitemer.github.io/mcp-registry/registry.json',
    elsewhere: ['registry'],
  },
  officialUrl: {
    type: registryAddress,
    about: 'A registry that speaks the official MCP Registry API: the part of its address before `/v0.1`. `false` leaves it out.',
    default: 'https://registry.modelcontextprotocol.io',
  },
  officialLimit: {
    type: orAbsent(integer(1, 20_000, 'servers')),
    about: 'Most servers of the official registry in an unfiltered list. Searches and installs reach the others too.',
    default: 1000,
  },
  readmeUrl: {
    type: registryAddress,
    about: 'Where the READMEs of GitHub repositories are read. `false` reads none.',
    default: 'https://raw.githubusercontent.com',
  },
} satisfies Fields;

export const settingFields = {
  maxToolNameLength: {
    type: orAbsent(integer(16, 128, 'characters')),
    about: 'Most characters in an exposed tool or prompt name. Large model APIs take 64, and clients put a prefix in front.',
    default: 54,
  },
  startupWait: {
    type: orAbsent(integer(0, MAX_TIMER_MS, 'milliseconds')),
    about: 'Milliseconds that a first request waits for servers that are still starting.',
    default: 5000,
  },
  maxBodySize: {
    type: orAbsent(integer(1024, 2 ** 30, 'bytes')),
    about: 'Largest accepted request body, in bytes.',
    default: 8_388_608,
    elsewhere: ['maxBodyBytes', 'bodyLimit'],
  },
  sessionIdleTimeout: { type: orAbsent(milliseconds), about: 'Milliseconds after which an unused session ends.', default: 1_800_000 },
  maxSessions: {
    type: orAbsent(integer(1, 100_000, 'sessions')),
    about:
      'Most sessions at once, and most open streams of the old HTTP+SSE transport. A new session ends the longest unused one of whoever has most; when all of them have an open stream or a call in flight, it is refused.',
    default: 1000,
  },
  shutdownTimeout: {
    type: orAbsent(integer(0, 3_600_000, 'milliseconds')),
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
  marketplace: { type: orAbsent(objectOf(marketplaceFields)), about: 'The registries that servers are found in.' },
} satisfies Fields;

/** Top-level keys of other programs. */
export const keptTopFields = {
  $schema: { type: anything, about: 'The JSON Schema that an editor checks the file with.' },
  inputs: { type: anything, about: 'The questions of a VS Code file. The answers come from `MCP_HUB_ENV`.' },
  nativeMCPServers: { type: anything, about: 'Kept for mcphub.nvim.' },
} satisfies Fields;
