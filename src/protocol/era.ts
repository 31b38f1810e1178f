/**
 * `legacy`: revisions 2024-11-05 … 2025-11-25, with an `initialize` handshake and sessions.
 * `modern`: 2026-07-28, stateless, with an envelope in every request's `_meta`.
 * Era is a property of each side: decided per request downstream, once per connection upstream.
 */
export type Era = 'legacy' | 'modern';

/** Legacy revisions that the hub speaks, newest first. */
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
/** Modern revisions that the hub speaks, newest first. */
export const MODERN_VERSIONS = ['2026-07-28'] as const;

export const NEWEST_LEGACY: string = LEGACY_VERSIONS[0];
export const NEWEST_MODERN: string = MODERN_VERSIONS[0];

export const isLegacyVersion = (version: unknown): version is string => LEGACY_VERSIONS.some((known) => known === version);
export const isModernVersion = (version: unknown): version is string => MODERN_VERSIONS.some((known) => known === version);

/** The version an `initialize` is answered with: the asked one when known, else the newest legacy one (spec 2025-11-25 basic/lifecycle). */
export function negotiateLegacy(requested: unknown): string {
  return isLegacyVersion(requested) ? requested : NEWEST_LEGACY;
}
