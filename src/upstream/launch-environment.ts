import { REDACTED } from '../base/index.ts';

/** One variable of a process's environment, without its value. */
export interface EnvironmentName {
  readonly name: string;
  /** Always the same word: no value leaves the hub. */
  readonly value: string;
  readonly from: EnvironmentOrigin;
}

/** Where the value comes from, in the words of the configuration (docs/configuration.md, "The environment of a server"). */
type EnvironmentOrigin = 'inherited' | 'MCP_HUB_ENV' | 'envFile' | 'env';

/** Each wins over the ones before it. */
export type EnvironmentLayers = readonly (readonly [from: EnvironmentOrigin, variables: Readonly<Record<string, string>>])[];

/** The whole environment that the layers make. */
export function mergedEnvironment(layers: EnvironmentLayers): Record<string, string> {
  return Object.assign({}, ...layers.map(([, variables]) => variables));
}

/** Its names, in alphabetical order, and the layer that each is taken from. */
export function environmentNames(layers: EnvironmentLayers): readonly EnvironmentName[] {
  const origins = new Map<string, EnvironmentOrigin>();
  for (const [from, variables] of layers) for (const name of Object.keys(variables)) origins.set(name, from);
  const entries = [...origins].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.freeze(entries.map(([name, from]) => Object.freeze({ name, value: REDACTED, from })));
}
