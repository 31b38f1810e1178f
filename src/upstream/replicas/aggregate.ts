import type { Supervision } from '../history.ts';
import type { Load, LogLine, ReplicaFacts, UpstreamState } from '../types.ts';
import type { Replica } from './replica.ts';

/** How good a state is for those who want to call; the smaller the better. */
const RANK: Readonly<Record<UpstreamState['kind'], number>> = {
  ready: 0,
  starting: 1,
  backoff: 2,
  'auth-required': 3,
  failed: 4,
  stopped: 5,
  stopping: 6,
  disabled: 7,
};

/** The replica that stands for all: one in the best state, and the one that did before among equals. */
export function leadOf(replicas: readonly [Replica, ...Replica[]], before: Replica | undefined): Replica {
  const rank = ({ supervisor }: Replica): number => RANK[supervisor.state.kind];
  let best = before && replicas.includes(before) ? before : replicas[0];
  for (const replica of replicas) if (rank(replica) < rank(best)) best = replica;
  return best;
}

/** How all of them have fared together. */
export function supervisionOf(replicas: readonly Replica[]): Supervision {
  const all = replicas.map(({ supervisor }) => supervisor.supervision);
  const errors = all.flatMap(({ lastError }) => lastError ?? []).toSorted((one, other) => other.atMs - one.atMs);
  const successes = all.flatMap(({ lastSuccessMs }) => lastSuccessMs ?? []);
  return Object.freeze({
    restarts: all.reduce((sum, { restarts }) => sum + restarts, 0),
    lastError: errors[0],
    lastSuccessMs: successes.length > 0 ? Math.max(...successes) : undefined,
    crashLoop: all.find(({ crashLoop }) => crashLoop)?.crashLoop,
  });
}

export function loadOf(replicas: readonly Replica[]): Load {
  const loads = replicas.map(({ supervisor }) => supervisor.load);
  return {
    running: loads.reduce((sum, { running }) => sum + running, 0),
    waiting: loads.reduce((sum, { waiting }) => sum + waiting, 0),
  };
}

/** Last lines of all of them in the order of time, with the number of the replica that each is of. */
export function stderrOf(replicas: readonly Replica[]): readonly LogLine[] {
  const lines = replicas.flatMap(({ number, supervisor }) =>
    supervisor.stderrTail().map(({ atMs, text }) => ({ atMs, text: `[${number}] ${text}` })),
  );
  return lines.toSorted((one, other) => one.atMs - other.atMs);
}

/** Why all that are ready are in doubt; `undefined` as long as one is not. */
export function degradedOf(replicas: readonly Replica[]): string | undefined {
  const ready = replicas.filter(({ isReady }) => isReady);
  const isSound = ready.some(({ supervisor }) => supervisor.degraded === undefined);
  return isSound ? undefined : ready[0]?.supervisor.degraded;
}

export function factsOf({ number, supervisor, breaker, inFlight }: Replica): ReplicaFacts {
  const { state, supervision, degraded } = supervisor;
  return { number, state, lastError: supervision.lastError, degraded, inFlight, circuit: breaker.circuit };
}
