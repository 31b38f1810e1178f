import type { Payload } from './parts/plan.ts';

export type Era = 'legacy' | 'modern';

export interface Case {
  /** `<era>-<payload>-<clients>`, or `stdio-<payload>-<clients>`. */
  readonly name: string;
  readonly upstream: Era | 'stdio';
  readonly payload: Payload;
  readonly clients: number;
}

const echo: Payload = { kind: 'echo' };
const SIZES: readonly (readonly [label: string, payload: Payload, clients: number])[] = [
  ['echo', echo, 1],
  ['echo', echo, 16],
  ['echo', echo, 64],
  ['1kb', { kind: 'text', bytes: 1_024 }, 16],
  ['100kb', { kind: 'text', bytes: 102_400 }, 16],
];

const over = (upstream: Case['upstream'], sizes: typeof SIZES): Case[] =>
  sizes.map(([label, payload, clients]) => ({ name: `${upstream}-${label}-${clients}`, upstream, payload, clients }));

export const CASES: readonly Case[] = [...over('legacy', SIZES), ...over('modern', SIZES), ...over('stdio', SIZES.slice(0, 3))];

/**
 * The cases that have all parts of one of the `wanted` names: `echo-16` means that case in every era, `modern` all of
 * that era; all cases when nothing is wanted.
 *
 * @throws Error when a wanted name is none of any case.
 */
export function selectCases(wanted: readonly string[]): readonly Case[] {
  if (wanted.length === 0) return CASES;
  const matches = ({ name }: Case, want: string): boolean => {
    const parts = name.split('-');
    return want.split('-').every((part) => parts.includes(part));
  };
  const unknown = wanted.find((want) => !CASES.some((one) => matches(one, want)));
  if (unknown !== undefined) throw new Error(`No case is named ${unknown}. There are: ${CASES.map(({ name }) => name).join(', ')}`);
  return CASES.filter((one) => wanted.some((want) => matches(one, want)));
}
