import type { ScenarioResult } from './outcome.ts';
import { type Revision, runSuite } from './suite.ts';
import type { OpenRoad, Road } from './targets.ts';

/** Most roads at once: some scenarios do nothing but wait, others keep a processor busy. */
const AT_ONCE = 4;

/** What the suite says of one road. */
export interface RoadResults {
  readonly road: Road;
  readonly results: readonly ScenarioResult[];
}

/** Runs one requirement set on every road, some at a time; the results are in the order of the roads. */
export async function runRoads(roads: readonly OpenRoad[], revision: Revision): Promise<readonly RoadResults[]> {
  const done: RoadResults[] = [];
  const waiting = [...roads.entries()];
  const walk = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [at, road] = next;
      done[at] = { road, results: await runSuite(road.url, revision) };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walk));
  return done;
}
