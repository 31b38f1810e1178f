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
    reason:
      'Tasks as an extension are of 2026-07-28. A fixture of the older revisions only does not have them, and the hub does not make ' +
      'them up.',
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
      'The suite looks at the capabilities that a client declares, if it declares any. The requests that it gets here are the hub’s own, ' +
      'for the lists, which it makes for no client in particular: they rightly declare none.',
    covers: (_revision, { side }, scenario) => side === 'client' && scenario === 'request-metadata',
  },
  {
    kind: 'thinner',
    reason:
      'The server describes another resource than itself. The hub refuses that before it asks the authorization server for anything; the ' +
      'SDK’s client reads the metadata of the authorization server first, which the suite counts.',
    covers: (_revision, { side }, scenario) => side === 'client' && scenario === 'auth/resource-mismatch',
  },
];

/** Why a scenario is lost on a road, as far as it is known. */
export function reasonFor(kind: Loss['kind'], revision: Revision, lane: Lane, scenario: string): string | undefined {
  return GAPS.find((gap) => gap.kind === kind && gap.covers(revision, lane, scenario))?.reason;
}
