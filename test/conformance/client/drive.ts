import { bundleSource } from '../../support/bundle-source.ts';
import type { ScenarioResult } from '../outcome.ts';
import { type ClientScenario, clientScenarios, REVISIONS, runClientScenario } from '../suite.ts';
import { ENDPOINTS } from '../targets.ts';

/** What a client speaks to the hub, and at which endpoint. */
export interface ClientRoad {
  readonly era: 'legacy' | 'modern';
  readonly endpoint: (typeof ENDPOINTS)[number];
}

/** Every road from a client through a hub to the suite's server. */
export const CLIENT_ROADS: readonly ClientRoad[] = (['legacy', 'modern'] as const).flatMap((era) =>
  ENDPOINTS.map((endpoint) => ({ era, endpoint })),
);

/** One client scenario where it ran. */
export interface ClientRun {
  readonly scenario: ClientScenario;
  readonly direct: ScenarioResult;
  /** In the order of the roads that were asked for. */
  readonly through: readonly ScenarioResult[];
}

/** How the command of client/wrapper.ts names the endpoints. */
const PLACES = { '/mcp/<server>': 'server', '/mcp': 'merged' } as const;

/** Most scenarios about logins at once: they are full of waiting. Those about messages measure times, and run one by one. */
const LOGINS_AT_ONCE = 4;

const isAboutLogins = ({ name }: ClientScenario): boolean => name.startsWith('auth/');

/** The client scenarios of both requirement sets that are about messages. */
export async function messageScenarios(): Promise<readonly ClientScenario[]> {
  return (await allScenarios()).filter((scenario) => !isAboutLogins(scenario));
}

/** … and those that are about authorization. */
export async function loginScenarios(): Promise<readonly ClientScenario[]> {
  return (await allScenarios()).filter(isAboutLogins);
}

async function allScenarios(): Promise<readonly ClientScenario[]> {
  return (await Promise.all(REVISIONS.map(clientScenarios))).flat();
}

/** Runs client scenarios with a client that has no hub, in the era of the scenario's revision, and through the hub. */
export async function runClients(scenarios: readonly ClientScenario[], roads = CLIENT_ROADS): Promise<readonly ClientRun[]> {
  const wrapper = bundleSource('test/conformance/client/wrapper.ts');
  const run = (scenario: ClientScenario, era: string, place: string): Promise<ScenarioResult> =>
    runClientScenario(`"${process.execPath}" "${wrapper.file}" ${era} ${place}`, scenario);
  try {
    const one = async (scenario: ClientScenario): Promise<ClientRun> => {
      const direct = await run(scenario, scenario.revision === '2026-07-28' ? 'modern' : 'legacy', 'direct');
      const through: ScenarioResult[] = [];
      for (const { era, endpoint } of roads) through.push(await run(scenario, era, PLACES[endpoint]));
      return { scenario, direct, through };
    };
    const runs: ClientRun[] = [];
    const waiting = [...scenarios.entries()];
    const walk = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) runs[next[0]] = await one(next[1]);
    };
    await Promise.all(Array.from({ length: scenarios.every(isAboutLogins) ? LOGINS_AT_ONCE : 1 }, walk));
    return runs;
  } finally {
    wrapper.remove();
  }
}
