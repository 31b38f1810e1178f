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

/** The scenarios of servers that ask for input. */
const ASKS = /^(?:input-required-result-|server-stateless$)/;

const ABANDONED =
  'Over stdio a server of an older revision does not say which call a question is for. Some scenarios leave a call with an open question ' +
  'behind, as a client may; until it expires, ten minutes later, the hub cannot tell whose the next question is, and refuses it. ' +
  'In a hub of its own each of these scenarios passes.';

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
    reason: ABANDONED,
    covers: (revision, lane, scenario) => isOldToNew(revision, lane) && lane.group.startsWith('stdio') && ASKS.test(scenario),
  },
  {
    kind: 'thinner',
    reason: ABANDONED,
    covers: (revision, lane, scenario) => isOldToNew(revision, lane) && lane.group.startsWith('stdio') && ASKS.test(scenario),
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
