import {
  extensionId,
  isObject,
  type JsonObject,
  metaKey,
  patchMeta,
  progressTokenOf,
  withExtension,
  withoutEnvelope,
  withoutExtension,
} from '../../protocol/index.ts';
import type { ServerIdentity } from '../../catalog/index.ts';
import type { Origin } from '../types.ts';

/** Who speaks to an upstream. */
export interface Speaker {
  /** What the hub says of itself. */
  readonly hubInfo: JsonObject;
  readonly identity: Pick<ServerIdentity, 'era' | 'protocolVersion'>;
}

/**
 * The envelope of a modern request (spec 2026-07-28 basic/index, "_meta"): the version is the upstream's, the rest the
 * downstream client's as far as it may be told.
 */
export function envelope(protocolVersion: string, hubInfo: JsonObject, origin?: Origin): Record<string, JsonObject | string | undefined> {
  // One after the other: V8 is slow at literals with computed keys.
  const meta: Record<string, JsonObject | string | undefined> = {};
  meta[metaKey.protocolVersion] = protocolVersion;
  meta[metaKey.clientInfo] = origin?.clientInfo ?? hubInfo;
  meta[metaKey.clientCapabilities] = capabilitiesOf(origin);
  meta[metaKey.logLevel] = origin?.logLevel;
  return meta;
}

/** Tasks of a legacy client are not those of the modern era, of which it can make no use; the hub can in its place. */
function capabilitiesOf({ era, clientCapabilities = {}, runsTasks = false }: Partial<Origin> = {}): JsonObject {
  if (era !== 'legacy') return clientCapabilities;
  const { tasks: _tasks, ...rest } = clientCapabilities;
  return runsTasks ? withExtension(rest, extensionId.tasks) : withoutExtension(rest, extensionId.tasks);
}

/** The params of a request as this upstream is to see them: everything that is not the envelope passes untouched. */
export function outgoingParams(
  { hubInfo, identity }: Speaker,
  method: string,
  params: JsonObject | undefined,
  origin: Origin | undefined,
  hubToken: number,
): JsonObject | undefined {
  const hasToken = progressTokenOf(params) !== undefined;
  const whole = method === 'tools/call' ? withArguments(params ?? {}) : params;
  const tokened = whole && hasToken ? patchMeta(whole, { progressToken: hubToken }) : whole;
  if (identity.era === 'modern') return patchMeta(tokened ?? {}, envelope(identity.protocolVersion, hubInfo, origin));
  return tokened && legacyParams(tokened);
}

/** Some servers refuse a call without `arguments`, although the field is optional. */
function withArguments(params: JsonObject): JsonObject {
  return (params['arguments'] ?? null) === null ? { ...params, arguments: {} } : params;
}

/** The fields of a modern retry mean nothing to a legacy server (spec 2026-07-28 basic/patterns/mrtr). */
function legacyParams(params: JsonObject): JsonObject {
  if (params['inputResponses'] === undefined && params['requestState'] === undefined) return withoutEnvelope(params);
  const { inputResponses: _responses, requestState: _state, ...rest } = withoutEnvelope(params);
  return rest;
}

/** The params of a `subscriptions/listen` of the hub's own; one that names tasks must declare their extension (SEP-2663). */
export function listenParams(speaker: Speaker, params: JsonObject): JsonObject | undefined {
  const { notifications } = params;
  const whole = outgoingParams(speaker, 'subscriptions/listen', params, undefined, 0);
  if (!whole || !isObject(notifications) || notifications['taskIds'] === undefined) return whole;
  return patchMeta(whole, { [metaKey.clientCapabilities]: withExtension({}, extensionId.tasks) });
}
