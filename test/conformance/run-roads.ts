import type { ScenarioResult } from './outcome.ts';
import { type Revision, runSuite } from './suite.ts';
import type { Road } from './targets.ts';

/** What the suite says of one road. */
export interface RoadResults {
  readonly road: Road;
  readonly results: readonly ScenarioResult[];
}

/**
 * Runs one requirement set on every road: the chains side by side, because some scenarios do nothing but wait, the roads of a
 * chain one after the other. All roads through one hub belong in one chain: what runs at the same time would see each other.
 */
export async function runRoads(chains: readonly (readonly Road[])[], revision: Revision): Promise<readonly RoadResults[]> {
  const runChain = async (roads: readonly Road[]): Promise<readonly RoadResults[]> => {
    const done: RoadResults[] = [];
    for (const road of roads) done.push({ road, results: await runSuite(road.url, revision) });
    return done;
  };
  return (await Promise.all(chains.map(runChain))).flat();
}
