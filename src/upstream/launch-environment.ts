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
export function mergedEnvironment(layers: EnvironmentLayers, platform = process.platform): Record<string, string> {
  return Object.fromEntries(merged(layers, platform).map(({ name, value }) => [name, value]));
}

/** Its names, in alphabetical order, and the layer that each is taken from. */
export function environmentNames(layers: EnvironmentLayers, platform = process.platform): readonly EnvironmentName[] {
  const sorted = merged(layers, platform).toSorted(({ name: one }, { name: other }) => (one < other ? -1 : 1));
  return Object.freeze(sorted.map(({ name, from }) => Object.freeze({ name, value: REDACTED, from })));
}

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly from: EnvironmentOrigin;
}

/** Windows does not tell upper from lower case in names: of several spellings a process would get any one. */
function merged(layers: EnvironmentLayers, platform: NodeJS.Platform): readonly Variable[] {
  const found = new Map<string, Variable>();
  for (const [from, variables] of layers) {
    for (const [name, value] of Object.entries(variables)) {
      found.set(platform === 'win32' ? name.toUpperCase() : name, { name, value, from });
    }
  }
  return [...found.values()];
}
