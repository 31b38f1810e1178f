import { parseArgs } from 'node:util';

/** A whole run of all cases takes about two minutes with these. */
const DEFAULTS = { rounds: '5', seconds: '0.5' };

export interface RunOptions {
  readonly rounds: number;
  /** Of one round of one target. */
  readonly seconds: number;
  readonly cases: readonly string[];
  /** Where the hub's CPU profile goes. */
  readonly profile: string | undefined;
}

/** @throws Error of a wrong command line. */
export function readOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: DEFAULTS.rounds },
      seconds: { type: 'string', default: DEFAULTS.seconds },
      case: { type: 'string', multiple: true, default: [] },
      profile: { type: 'string' },
    },
  });
  return {
    rounds: within('--rounds', values.rounds, 1, 100, Number.isInteger),
    seconds: within('--seconds', values.seconds, 0.05, 600, Number.isFinite),
    cases: values.case,
    profile: values.profile,
  };
}

/** The number that an option says. Throws when it is outside the bounds or does not fit. */
export function within(name: string, text: string, min: number, max: number, fits: (value: number) => boolean): number {
  const value = Number(text);
  if (!fits(value) || value < min || value > max) throw new Error(`${name} ${text} cannot be used: from ${min} to ${max}.`);
  return value;
}
