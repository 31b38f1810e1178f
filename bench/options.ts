import { parseArgs } from 'node:util';

/** A whole run of all cases takes less than ten minutes with these, a short one less than a minute. */
const DEFAULTS = { rounds: '5', seconds: '0.35' };
const QUICK = { rounds: '3', seconds: '0.25' };

export interface RunOptions {
  readonly rounds: number;
  /** Of one round of one target. */
  readonly seconds: number;
  readonly cases: readonly string[];
  /** Fewer cases and shorter rounds. */
  readonly isQuick: boolean;
  /** Whether other hubs are installed and take part. */
  readonly hasPeers: boolean;
  /** Where the hub's CPU profile goes. */
  readonly profile: string | undefined;
  /** The file that the results are written to as JSON. */
  readonly json: string | undefined;
  /** The folder that plots are written to. */
  readonly svg: string | undefined;
  /** Measure what a call weighs, and keep it as what later versions are compared with. */
  readonly recordsBaseline: boolean;
}

/** @throws Error of a wrong command line. */
export function readOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      case: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      'no-peers': { type: 'boolean', default: false },
      profile: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      'record-baseline': { type: 'boolean', default: false },
    },
  });
  const defaults = values.quick ? QUICK : DEFAULTS;
  return {
    rounds: within('--rounds', values.rounds ?? defaults.rounds, 1, 100, Number.isInteger),
    seconds: within('--seconds', values.seconds ?? defaults.seconds, 0.05, 600, Number.isFinite),
    cases: values.case,
    isQuick: values.quick,
    hasPeers: !values['no-peers'],
    profile: values.profile,
    json: values.json,
    svg: values.svg,
    recordsBaseline: values['record-baseline'],
  };
}

/** The number that an option says. Throws when it is outside the bounds or does not fit. */
export function within(name: string, text: string, min: number, max: number, fits: (value: number) => boolean): number {
  const value = Number(text);
  if (!fits(value) || value < min || value > max) throw new Error(`${name} ${text} cannot be used: from ${min} to ${max}.`);
  return value;
}
