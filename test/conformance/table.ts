import type { ClientRoad, ClientRun } from './client/drive.ts';
import { reasonFor } from './gaps.ts';
import { passes, type ScenarioResult } from './outcome.ts';
import type { RoadResults } from './run-roads.ts';
import type { Revision } from './suite.ts';

/** One road through the hub, as a half of a column: columns hold the two endpoints of one kind of road. */
export interface Lane {
  readonly side: 'server' | 'client';
  /** The kind of road, the heading of its column. */
  readonly group: string;
  readonly endpoint: string;
  /** The era of whatever is at the far end of the hub from the suite: the fixture behind it, or the client in front of it. */
  readonly era: 'both' | 'legacy' | 'modern';
}

/** The results of one scenario in all places; `through` is in the order of the table's lanes. */
export interface Row {
  readonly name: string;
  readonly notScored: string | undefined;
  readonly direct: ScenarioResult;
  readonly through: readonly (ScenarioResult | undefined)[];
}

export interface Table {
  readonly side: Lane['side'];
  readonly revision: Revision;
  readonly lanes: readonly Lane[];
  readonly rows: readonly Row[];
}

/** Something that is not on one road as it is directly. */
export interface Loss {
  /** It passes directly and not here; or it passes here too, with fewer checks. */
  readonly kind: 'lost' | 'thinner';
  readonly revision: Revision;
  readonly scenario: string;
  readonly lane: Lane;
  /** Why, if it is known and written down in gaps.ts. */
  readonly reason: string | undefined;
  /** In the suite's words. */
  readonly complaints: readonly string[];
}

/** Puts the results of one server set side by side, in the suite's order. */
export function serverTable(revision: Revision, direct: readonly ScenarioResult[], through: readonly RoadResults[]): Table {
  const lanes = through.map(({ road: { transport, era, endpoint } }): Lane => {
    const group = `${transport === 'http' ? 'HTTP' : 'stdio'}, ${era === 'both' ? 'both eras' : era}`;
    return { side: 'server', group, endpoint, era };
  });
  const rows = direct.map((result) => ({
    name: result.name,
    notScored: result.notScored,
    direct: result,
    through: through.map(({ results }) => results.find(({ name }) => name === result.name)),
  }));
  return { side: 'server', revision, lanes, rows };
}

/** Puts the results of one client set side by side. */
export function clientTable(revision: Revision, runs: readonly ClientRun[], roads: readonly ClientRoad[]): Table {
  const lanes = roads.map(({ era, endpoint }): Lane => ({ side: 'client', group: `${era} client`, endpoint, era }));
  const rows = runs
    .filter(({ scenario }) => scenario.revision === revision)
    .map(({ scenario: { name, notScored }, direct, through }) => ({ name, notScored, direct, through }));
  return { side: 'client', revision, lanes, rows };
}

/** Everything that passes directly and is lost, or passes with fewer checks, on a road through the hub. */
export function losses({ revision, lanes, rows }: Table): readonly Loss[] {
  return rows
    .filter(({ direct }) => passes(direct))
    .flatMap(({ name, direct, through }) =>
      lanes.flatMap((lane, at): readonly Loss[] => {
        const result = through[at];
        const isLost = !passes(result);
        if (!isLost && result && result.passed >= direct.passed) return [];
        const complaints = result ? result.complaints : ['It did not run'];
        const kind = isLost ? 'lost' : 'thinner';
        return [{ kind, revision, scenario: name, lane, reason: reasonFor(kind, revision, lane, name), complaints }];
      }),
    );
}
