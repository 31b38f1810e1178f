import type { NotRenewed } from '../http/index.ts';
import type { ReplicaFacts, Upstream } from '../upstream/index.ts';
import { errorOf, statusOf } from './server-status.ts';

/** One process or address of a server, as it is at a moment. */
export type Life = Pick<ReplicaFacts, 'number' | 'state' | 'lastError'>;

/** All of a server as they are now. */
export function livesOf({ replicas, state, supervision }: Pick<Upstream, 'replicas' | 'state' | 'supervision'>): readonly Life[] {
  return replicas ?? [{ number: 1, state, lastError: supervision.lastError }];
}

/** Which of them a restart has not made new, and why. One that asks for a login, or was stopped meanwhile, is not counted. */
export function notRenewed(before: readonly Life[], after: readonly Life[]): readonly NotRenewed[] {
  const pairs = after.map((now) => ({ now, was: before.find(({ number }) => number === now.number) }));
  const left = pairs.filter(({ now, was }) => isDown(now) || isTheSame(now, was));
  const isRefused = ({ now, was }: (typeof pairs)[number]): boolean => isDown(now) || now.lastError !== was?.lastError;
  const untried = left.some(isRefused) ? 'It was not tried, because another one did not become ready.' : 'Its successor is not ready yet.';
  return left.map((one) => ({
    replica: one.now.number,
    status: statusOf(one.now.state),
    reason: (isRefused(one) && (errorOf(one.now.state) ?? one.now.lastError?.message)) || untried,
  }));
}

const isDown = ({ state }: Life): boolean => state.kind === 'backoff' || state.kind === 'failed';

function isTheSame({ state }: Life, was: Life | undefined): boolean {
  return state.kind === 'ready' && was?.state.kind === 'ready' && state.sinceMs === was.state.sinceMs;
}
