import type { Upstream } from '../upstream/index.ts';

/** How a server fares, as the management API tells it: times in ISO 8601, `null` for what there is not. */
export interface SupervisionFacts {
  readonly nextRetryAt: string | null;
  readonly lastError: { readonly message: string; readonly at: string } | null;
  readonly lastSuccessAt: string | null;
  readonly restarts: number;
  readonly crashLoop: { readonly reason: string; readonly failures: number; readonly since: string } | null;
  /** What runs is its entry as it was before its last change: why, since when, and when it is tried again. */
  readonly outdated: { readonly reason: string; readonly since: string; readonly nextAttemptAt: string | null } | null;
  /** Whether it is connected and has not answered for a while, and why that is thought. */
  readonly degraded: boolean;
  readonly degradedReason: string | null;
  /** The calls that it works on, and those that wait because of `maxConcurrency`. */
  readonly load: { readonly running: number; readonly waiting: number };
  /** Whether what it offers is what was last known, because it does not run. */
  readonly stale: boolean;
  /** Why it does not run although nobody has stopped it. */
  readonly stopReason: 'lazy' | 'idle' | 'manual' | null;
}

export function supervisionOf({ state, listing, supervision, degraded, load }: Upstream): SupervisionFacts {
  const { restarts, lastError, lastSuccessMs, crashLoop, outdated } = supervision;
  return {
    nextRetryAt: state.kind === 'backoff' ? isoTime(state.untilMs) : null,
    lastError: lastError ? { message: lastError.message, at: isoTime(lastError.atMs) } : null,
    lastSuccessAt: lastSuccessMs === undefined ? null : isoTime(lastSuccessMs),
    restarts,
    crashLoop: crashLoop ? { reason: crashLoop.reason, failures: crashLoop.failures, since: isoTime(crashLoop.sinceMs) } : null,
    outdated: outdated
      ? {
          reason: outdated.reason,
          since: isoTime(outdated.sinceMs),
          nextAttemptAt: outdated.nextMs === undefined ? null : isoTime(outdated.nextMs),
        }
      : null,
    degraded: degraded !== undefined,
    degradedReason: degraded ?? null,
    load: { running: load.running, waiting: load.waiting },
    stale: listing !== undefined && state.kind !== 'ready',
    stopReason: state.kind === 'stopped' ? (state.reason ?? null) : null,
  };
}

const isoTime = (atMs: number): string => new Date(atMs).toISOString();
