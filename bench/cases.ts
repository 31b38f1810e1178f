import type { Payload } from './parts/plan.ts';

export type Era = 'legacy' | 'modern';

/** What is behind the process under test: a server whose answers are JSON, or event streams, or lines; one over stdio made with the SDK; or ten servers with long lists. */
export type Upstream = 'json' | 'sse' | 'stdio' | 'sdk' | 'list';

export interface Case {
  /** `<era>-<payload>-<clients>`, with `sse`, `stdio` or `stdio-sdk` in front of the payload where the upstream is not plain HTTP. */
  readonly name: string;
  /** Of the client, and of an HTTP upstream. */
  readonly era: Era;
  readonly upstream: Upstream;
  readonly payload: Payload;
  readonly clients: number;
  /** Whether other hubs take part. */
  readonly hasPeers: boolean;
  /** Whether it belongs to the short run. */
  readonly isQuick: boolean;
}

export const LIST_SERVERS = 10;
export const LIST_TOOLS_EACH = 100;

const PAYLOADS: Readonly<Record<string, Payload>> = {
  echo: { kind: 'echo' },
  '1kb': { kind: 'text', bytes: 1_024 },
  '100kb': { kind: 'text', bytes: 102_400 },
  '1mb': { kind: 'text', bytes: 1_048_576 },
  list: { kind: 'list', tools: LIST_SERVERS * LIST_TOOLS_EACH },
};
const CLIENTS = [1, 16, 64];
/** Other hubs are compared in these only: what they do differs by case less than what it costs to measure them. */
const WITH_PEERS: ReadonlySet<string> = new Set([
  'legacy-echo-16',
  'legacy-echo-64',
  'legacy-1mb-16',
  'legacy-sse-echo-16',
  'stdio-echo-1',
  'stdio-echo-16',
  'stdio-echo-64',
  'stdio-1mb-1',
  'stdio-1mb-16',
  'legacy-list-16',
]);
const QUICK: ReadonlySet<string> = new Set([
  'legacy-echo-16',
  'legacy-1mb-16',
  'modern-echo-16',
  'modern-100kb-16',
  'modern-sse-echo-16',
  'stdio-echo-16',
  'legacy-list-16',
]);

function cases(era: Era, upstream: Upstream, payloads: readonly string[], clients: readonly number[]): Case[] {
  const prefix = { json: era, sse: `${era}-sse`, stdio: 'stdio', sdk: 'stdio-sdk', list: era }[upstream];
  return payloads.flatMap((label) =>
    clients.map((count) => {
      const name = `${prefix}-${label}-${count}`;
      const payload = PAYLOADS[label];
      if (payload === undefined) throw new Error(`No payload is named ${label}.`);
      return { name, era, upstream, payload, clients: count, hasPeers: WITH_PEERS.has(name), isQuick: QUICK.has(name) };
    }),
  );
}

const TEXTS = ['echo', '1kb', '100kb', '1mb'];
export const CASES: readonly Case[] = [
  ...cases('legacy', 'json', TEXTS, CLIENTS),
  ...cases('modern', 'json', TEXTS, CLIENTS),
  ...cases('legacy', 'sse', ['echo', '100kb'], [16]),
  ...cases('modern', 'sse', ['echo', '100kb'], [16]),
  ...cases('legacy', 'stdio', TEXTS, CLIENTS),
  ...cases('legacy', 'sdk', ['echo'], CLIENTS),
  ...cases('legacy', 'list', ['list'], [1, 16]),
  ...cases('modern', 'list', ['list'], [1, 16]),
];

/**
 * The cases that have all parts of one of the `wanted` names: `echo-16` means that case in every era, `modern` all of
 * that era; all cases when nothing is wanted.
 *
 * @throws Error when a wanted name is none of any case.
 */
export function selectCases(wanted: readonly string[], isQuick = false): readonly Case[] {
  const all = isQuick && wanted.length === 0 ? CASES.filter((one) => one.isQuick) : CASES;
  if (wanted.length === 0) return all;
  const matches = ({ name }: Case, want: string): boolean => {
    const parts = name.split('-');
    return want.split('-').every((part) => parts.includes(part));
  };
  const unknown = wanted.find((want) => !all.some((one) => matches(one, want)));
  if (unknown !== undefined) throw new Error(`No case is named ${unknown}. There are: ${all.map(({ name }) => name).join(', ')}`);
  return all.filter((one) => wanted.some((want) => matches(one, want)));
}
