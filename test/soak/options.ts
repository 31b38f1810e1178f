import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly minutes: number;
  readonly clients: number;
  /** Makes the same choices again, as far as their timing allows. */
  readonly seed: number;
}

/** @throws Error when an option is not a number */
export function readOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      clients: { type: 'string', default: '12' },
      seed: { type: 'string', default: '1' },
    },
  });
  const numberOf = (name: 'minutes' | 'clients' | 'seed'): number => {
    const value = Number(values[name]);
    if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} must be a number above 0, not ${values[name]}`);
    return value;
  };
  return { minutes: numberOf('minutes'), clients: numberOf('clients'), seed: numberOf('seed') };
}

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
