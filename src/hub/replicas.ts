import type { ReplicaFacts, Upstream } from '../upstream/index.ts';
import { errorOf, type ServerStatus, statusOf } from './server-status.ts';

/** One of the processes or addresses of a server, as the management API tells it. */
export interface ReplicaReport {
  /** Counted from 1. */
  readonly number: number;
  readonly status: ServerStatus;
  readonly error: string | null;
  readonly inFlight: number;
  readonly circuit: ReplicaFacts['circuit'];
  readonly degraded: boolean;
  readonly nextRetryAt: string | null;
}

/** Each replica of a server; `null` for one that has no others. */
export function replicasOf({ replicas }: Upstream): readonly ReplicaReport[] | null {
  if (!replicas) return null;
  return replicas.map(({ number, state, inFlight, circuit, degraded }) => ({
    number,
    status: statusOf(state),
    error: errorOf(state),
    inFlight,
    circuit,
    degraded: degraded !== undefined,
    nextRetryAt: state.kind === 'backoff' ? new Date(state.untilMs).toISOString() : null,
  }));
}
