import type { CacheHint } from '../catalog/index.ts';
import type { ListKind } from '../protocol/index.ts';
import type { Upstream } from '../upstream/index.ts';

const UNKNOWN: CacheHint = Object.freeze({ ttlMs: 0, cacheScope: 'private' });

/** Has the lists fetched again that are stale; resolves when all are there or the old ones have to do. Never rejects. */
export async function freshenList(upstreams: readonly Upstream[], kind: ListKind): Promise<void> {
  const waits = upstreams.flatMap((upstream) => upstream.freshen(kind) ?? []);
  if (waits.length > 0) await Promise.all(waits);
}

/**
 * How long and for whom the merged list may be cached from now on: the shortest time that is left and the narrowest scope
 * of its parts (spec 2026-07-28 server/utilities/caching). Legacy servers promise nothing, and neither does a list in which
 * a server is missing that is not ready; one that is switched off is no part of it.
 */
export function listHint(upstreams: readonly Upstream[], kind: ListKind): CacheHint {
  const hints = upstreams.flatMap((upstream) => {
    if (upstream.state.kind === 'disabled') return [];
    return upstream.state.kind === 'ready' ? (upstream.listHint(kind) ?? []) : UNKNOWN;
  });
  if (hints.length === 0) return UNKNOWN;
  return {
    ttlMs: Math.min(...hints.map(({ ttlMs }) => ttlMs)),
    cacheScope: hints.every(({ cacheScope }) => cacheScope === 'public') ? 'public' : 'private',
  };
}
