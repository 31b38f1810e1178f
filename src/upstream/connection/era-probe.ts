import {
  isLegacyVersion,
  isModernVersion,
  isObject,
  type JsonObject,
  type JsonValue,
  metaKey,
  metaOf,
  MODERN_VERSIONS,
  type Outcome,
  rpcCode,
} from '../../protocol/index.ts';
import type { ServerIdentity } from '../../catalog/index.ts';

/** What the answer to a `server/discover` says of the server (spec 2026-07-28 basic/versioning). */
export type ProbeVerdict =
  | { readonly kind: 'modern'; readonly identity: ServerIdentity }
  /** Modern, but not with the version that was offered: ask once more with this one. */
  | { readonly kind: 'retry'; readonly version: string }
  /** Not modern, as far as one can tell: `initialize` decides. */
  | { readonly kind: 'legacy' }
  /** Modern, and it speaks no version that the hub speaks. */
  | { readonly kind: 'incompatible'; readonly supported: readonly string[] };

/** Revisions are dates; every one from the first modern one on is modern, known here or not. */
const FIRST_MODERN = '2026-07-28';

/** Judges a probe. Only a DiscoverResult and -32022 with a list of versions are evidence of a modern server; all else is not. */
export function judgeProbe({ result, error }: Outcome): ProbeVerdict {
  if (result) return judgeResult(result);
  if (error.code !== rpcCode.unsupportedProtocolVersion) return { kind: 'legacy' };
  const supported = versions(isObject(error.data) ? error.data['supported'] : undefined);
  const version = MODERN_VERSIONS.find((known) => supported.includes(known));
  if (version !== undefined) return { kind: 'retry', version };
  const isModernOnly = supported.some((name) => name >= FIRST_MODERN) && !supported.some(isLegacyVersion);
  return isModernOnly ? { kind: 'incompatible', supported } : { kind: 'legacy' };
}

function judgeResult(result: JsonObject): ProbeVerdict {
  const supported = versions(result['supportedVersions']);
  const protocolVersion = supported.find(isModernVersion);
  // A server of later revisions only may still take `initialize`; if not, its refusal is what is told.
  if (protocolVersion === undefined) return { kind: 'legacy' };
  const { capabilities, instructions } = result;
  const serverInfo = metaOf(result)?.[metaKey.serverInfo] ?? result['serverInfo'];
  return {
    kind: 'modern',
    identity: Object.freeze({
      era: 'modern',
      protocolVersion,
      serverInfo: isObject(serverInfo) ? serverInfo : {},
      capabilities: isObject(capabilities) ? capabilities : {},
      ...(typeof instructions === 'string' && { instructions }),
    }),
  };
}

function versions(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}
