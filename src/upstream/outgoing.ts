import { type JsonObject, metaKey, patchMeta, progressTokenOf, withoutEnvelope } from '../protocol/index.ts';
import type { ServerIdentity } from '../catalog/index.ts';
import type { Origin } from './types.ts';

/** Who speaks to an upstream. */
export interface Speaker {
  /** What the hub says of itself. */
  readonly hubInfo: JsonObject;
  readonly identity: Pick<ServerIdentity, 'era' | 'protocolVersion'>;
}

/**
 * The envelope of a modern request (spec 2026-07-28 basic/index, "_meta"): the version is the upstream's, the rest the
 * downstream client's as far as it may be told. A legacy client's capabilities are not passed on: it cannot be asked by
 * `input_required`.
 */
export function envelope(protocolVersion: string, hubInfo: JsonObject, origin?: Origin): Record<string, JsonObject | string | undefined> {
  return {
    [metaKey.protocolVersion]: protocolVersion,
    [metaKey.clientInfo]: origin?.clientInfo ?? hubInfo,
    [metaKey.clientCapabilities]: (origin?.era === 'modern' ? origin.clientCapabilities : undefined) ?? {},
    [metaKey.logLevel]: origin?.logLevel,
  };
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
  const { inputResponses: _responses, requestState: _state, ...rest } = withoutEnvelope(params);
  return rest;
}
