import type { Revision } from './suite.ts';
import type { Lane } from './table.ts';

/** A loss that is known: where it happens, and why. */
interface Gap {
  readonly reason: string;
  readonly covers: (revision: Revision, lane: Lane, scenario: string) => boolean;
}

/** The scenarios in which a server asks for input, under the names of both sides of the suite. */
const ASKS = /^(?:input-required-result-|server-stateless$|elicitation-sep1034-client-defaults$)/;

/**
 * What the hub is known to lose. Anything else that is lost fails the tests. Nothing stays here that passes:
 * `npm run conformance` names what has become needless.
 */
export const GAPS: readonly Gap[] = [
  {
    reason:
      'A server of an older revision asks for input with a request of its own while it works on a call, and a client of 2026-07-28 takes questions only inside a result: the call would have to wait in the hub between two requests of the client, which it does not yet.',
    covers: (revision, lane, scenario) =>
      ASKS.test(scenario) &&
      (lane.side === 'server' ? revision === '2026-07-28' && lane.era === 'legacy' : revision === '2025-11-25' && lane.era === 'modern'),
  },
  {
    reason: 'The hub gives its streams no event ids yet, so that the suite has nothing to come back with and checks nothing.',
    covers: (_revision, _lane, scenario) => scenario === 'server-sse-polling',
  },
  {
    reason: 'Tasks are an extension that the hub does not carry yet.',
    covers: (_revision, _lane, scenario) => scenario.startsWith('tasks-'),
  },
];

/** Why a scenario is lost on a road, as far as it is known. */
export function reasonFor(revision: Revision, lane: Lane, scenario: string): string | undefined {
  return GAPS.find(({ covers }) => covers(revision, lane, scenario))?.reason;
}
