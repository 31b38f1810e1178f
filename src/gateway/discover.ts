import type { JsonObject } from '../protocol/index.ts';
import { isObject, metaKey, MODERN_VERSIONS } from '../protocol/index.ts';
import type { ServerIdentity } from '../catalog/index.ts';

/** How the hub introduces itself. */
export interface HubIdentity {
  readonly name: string;
  readonly title: string;
  readonly version: string;
}

/**
 * What the merged endpoint can do. Fixed, whatever servers there are: a legacy client never hears of a change of
 * capabilities, and clients act on `list_changed` only where it was advertised (field: cc #66084).
 */
const HUB_CAPABILITIES: JsonObject = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
};

/** Longest instructions of one server that are merged, in characters: a client puts all of them before its model. */
const MAX_INSTRUCTIONS = 16_384;

const LISTING_CAPABILITIES = ['tools', 'prompts', 'resources'] as const;

/** Instructions as they are merged; cut off, and said to be, when one server would drown the others. */
function merged(instructions: string): string {
  if (instructions.length <= MAX_INSTRUCTIONS) return instructions;
  // Not in the middle of a character.
  const start = instructions.slice(0, MAX_INSTRUCTIONS).replace(/[\uD800-\uDBFF]$/, '');
  return `${start}\n\n[Shortened by the hub: the server gave ${instructions.length} characters.]`;
}

/** The `DiscoverResult` of the merged endpoint (spec 2026-07-28 server/discover). */
export function discoverAll(hub: HubIdentity, servers: readonly { readonly id: string; readonly identity: ServerIdentity }[]): JsonObject {
  const instructions = servers
    .flatMap(({ id, identity: { instructions: own } }) => (own ? [`## ${id}\n\n${merged(own)}`] : []))
    .join('\n\n');
  return discoverResult({ ...hub }, HUB_CAPABILITIES, instructions);
}

/** The `DiscoverResult` of one server's endpoint: its own words, with `listChanged` on every list it has. */
export function discoverOne(hub: HubIdentity, id: string, identity: ServerIdentity | undefined): JsonObject {
  if (!identity) return discoverResult({ ...hub, title: `${hub.title}: ${id}` }, HUB_CAPABILITIES, '');
  const capabilities: Record<string, JsonObject[string]> = { ...identity.capabilities };
  for (const name of LISTING_CAPABILITIES) {
    const own = capabilities[name];
    if (isObject(own)) capabilities[name] = { ...own, listChanged: true };
  }
  return discoverResult(identity.serverInfo, capabilities, identity.instructions ?? '');
}

function discoverResult(serverInfo: JsonObject, capabilities: JsonObject, instructions: string): JsonObject {
  return {
    resultType: 'complete',
    supportedVersions: MODERN_VERSIONS,
    capabilities,
    ...(instructions !== '' && { instructions }),
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { [metaKey.serverInfo]: serverInfo },
  };
}
