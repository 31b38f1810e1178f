import type { Revision } from './suite.ts';
import type { Lane, Loss } from './table.ts';

/** A loss that is known: where it happens, and why. */
interface Gap {
  readonly kind: Loss['kind'];
  readonly reason: string;
  readonly covers: (revision: Revision, lane: Lane, scenario: string) => boolean;
}

/** Whether a server of an older revision answers a client of 2026-07-28. */
const isOldToNew = (revision: Revision, { side, era }: Lane): boolean =>
  side === 'server' ? revision === '2026-07-28' && era === 'legacy' : revision === '2025-11-25' && era === 'modern';

/** The scenarios in which a server asks for input, under the names of both sides of the suite. */
const ASKS = /^(?:input-required-result-|server-stateless$|elicitation-sep1034-client-defaults$)/;

const NOT_PARKED =
  'A server of an older revision asks for input with a request of its own while it works on a call, and a client of 2026-07-28 takes ' +
  'questions only inside a result: the call would have to wait in the hub between two requests of the client, which it does not yet.';

/**
 * What the hub is known to lose, the first that fits. Anything else that is lost fails the tests. Nothing stays here that passes:
 * `npm run conformance` names what has become needless.
 */
export const GAPS: readonly Gap[] = [
  {
    kind: 'thinner',
    reason:
      'The scenario sends its answers with its first request, before it was asked and without the state of a round. That suits a server ' +
      'that keeps nothing; one of an older revision has not asked yet, so the hub asks, and the suite warns that answers were not used.',
    covers: (revision, lane, scenario) => isOldToNew(revision, lane) && scenario === 'input-required-result-ignore-extra-params',
  },
  {
    kind: 'lost',
    reason: NOT_PARKED,
    covers: (revision, lane, scenario) => isOldToNew(revision, lane) && ASKS.test(scenario),
  },
  {
    kind: 'thinner',
    reason: NOT_PARKED,
    covers: (revision, lane, scenario) => isOldToNew(revision, lane) && ASKS.test(scenario),
  },
  {
    kind: 'lost',
    reason: 'The hub gives its streams no event ids yet, so that the suite has nothing to come back with and checks nothing.',
    covers: (_revision, _lane, scenario) => scenario === 'server-sse-polling',
  },
  {
    kind: 'lost',
    reason: 'Tasks as an extension are of 2026-07-28: a server of an older revision cannot have them.',
    covers: (revision, lane, scenario) => isOldToNew(revision, lane) && scenario.startsWith('tasks-'),
  },
  {
    kind: 'thinner',
    reason:
      'The suite asks for a list on several streams at once. The hub answers a list with plain JSON, which is as good, and leaves no ' +
      'stream to be looked at.',
    covers: (_revision, _lane, scenario) => scenario === 'server-sse-multiple-streams',
  },
  {
    kind: 'thinner',
    reason:
      'The hub asks for the lists itself, for no client in particular, and declares no capabilities then: what the suite checks of ' +
      'declared capabilities has nothing to look at.',
    covers: (_revision, { side }, scenario) => side === 'client' && scenario === 'request-metadata',
  },
];

/** Why a scenario is lost on a road, as far as it is known. */
export function reasonFor(kind: Loss['kind'], revision: Revision, lane: Lane, scenario: string): string | undefined {
  return GAPS.find((gap) => gap.kind === kind && gap.covers(revision, lane, scenario))?.reason;
}
