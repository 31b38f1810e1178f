import { ExactNumber } from '../base/index.ts';
import type { JsonObject, JsonValue } from './envelope.ts';
import { isObject } from './envelope.ts';

/** The keys that the modern envelope reserves in `_meta` (spec 2026-07-28 basic/index, "_meta"). */
export const metaKey = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** The four keys of a request that describe the sender; a legacy upstream must never see them. */
const ENVELOPE_KEYS: ReadonlySet<string> = new Set([
  metaKey.protocolVersion,
  metaKey.clientInfo,
  metaKey.clientCapabilities,
  metaKey.logLevel,
]);

/** By which a message names the task of 2025-11-25 that it belongs to (basic/utilities/tasks, "Related Task Metadata"). */
export const RELATED_TASK_KEY = 'io.modelcontextprotocol/related-task';

export type ProgressToken = string | number | ExactNumber;

export function metaOf(holder: JsonObject | undefined): JsonObject | undefined {
  const meta = holder?.['_meta'];
  return isObject(meta) ? meta : undefined;
}

export function progressTokenOf(params: JsonObject | undefined): ProgressToken | undefined {
  const token = metaOf(params)?.['progressToken'];
  return typeof token === 'string' || typeof token === 'number' || token instanceof ExactNumber ? token : undefined;
}

/** `holder` with `_meta` replaced; an empty `_meta` is left out. The original is not touched. */
export function withMeta(holder: JsonObject, meta: JsonObject): JsonObject {
  // A field that is new stands first: behind what is copied, it would give every copy a shape of its own (CONTRIBUTING.md).
  if (Object.keys(meta).length > 0) return '_meta' in holder ? { ...holder, _meta: meta } : { _meta: meta, ...holder };
  const { _meta, ...rest } = holder;
  return rest;
}

/** `holder` with `entries` laid over its `_meta`; an entry that is `undefined` removes the key. Where that changes nothing, `holder` itself. */
export function patchMeta(holder: JsonObject, entries: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const before = metaOf(holder);
  let meta: Record<string, JsonValue | undefined> | undefined;
  for (const key in entries) {
    const value = entries[key];
    if (before?.[key] === value) continue;
    meta ??= { ...before };
    if (value === undefined) delete meta[key];
    else meta[key] = value;
  }
  return meta ? withMeta(holder, meta) : holder;
}

function hasEnvelope(meta: JsonObject): boolean {
  for (const key in meta) if (ENVELOPE_KEYS.has(key)) return true;
  return false;
}

/** `params` without the envelope: what may go to a legacy upstream. All other `_meta` keys stay. */
export function withoutEnvelope(params: JsonObject): JsonObject {
  const meta = metaOf(params);
  if (!meta || !hasEnvelope(meta)) return params;
  return withMeta(params, Object.fromEntries(Object.entries(meta).filter(([key]) => !ENVELOPE_KEYS.has(key))));
}
