import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { familyOf } from './family.ts';
import { type HubProcess, settled, startHub } from './hub-process.ts';
import { askProbe, openFiles, PROBE_ARGS, PROBE_FILE, type Probe } from './probe.ts';

/**
 * How much the heap may grow per cycle, in bytes. Measured are up to 300 in the first thousand cycles after the warm-up (code that had not run
 * yet, tables that double), and 0 to 20 after that. A leak of 1 KiB per cycle is twice as much as is allowed.
 */
const ALLOWED_PER_CYCLE = 512;
/** The same for a few cycles only: not less than this, in bytes. */
const ALLOWED_AT_LEAST = 128 * 1024;
/** Compiled code counts as heap: optimised, and thrown away when it is unused, it would come and go by the MiB. */
const STEADY_CODE = ['--no-opt', '--no-flush-bytecode'];
/** Of so many samples the lowest counts: what is finished late is in the higher ones. */
const SAMPLES = 3;
const SAMPLE_EVERY_MS = 40;
/** How long what is over may take to be closed, in milliseconds. */
const SETTLE_MS = 10_000;
/** So many handles of each kind come and go by themselves: a timer that sweeps the sessions while there are any, one that writes the log. */
const BY_THEMSELVES = 2;

/** What a hub holds while nothing is going on. */
export interface Footprint {
  /** In bytes, after a garbage collection. */
  readonly heap: number;
  readonly rss: number;
  /** How many there are of each kind of what keeps the process alive. */
  readonly resources: Readonly<Record<string, number>>;
  readonly files: number;
  readonly sockets: number;
  /** Commands of its processes, grandchildren and zombies too. */
  readonly processes: readonly string[];
}

/** A built hub that can be asked what it holds. */
export interface ProbedHub {
  readonly hub: HubProcess;
  probe(): Promise<Probe>;
  footprint(): Promise<Footprint>;
  /** What a POST to the API answers, which must be a success. */
  post(path: string, body?: object): Promise<unknown>;
}

/** Starts the hub and waits until its servers run. */
export async function startProbedHub(config: object): Promise<ProbedHub> {
  // Relative to the hub's own folder, which is known only when it runs.
  const hub = await startHub({ config, nodeArgs: [...PROBE_ARGS, ...STEADY_CODE], env: { [PROBE_FILE]: 'probe.json' } });
  await settled(hub);
  const file = join(hub.folder, 'probe.json');
  const probe = (): Promise<Probe> => askProbe(hub.pid, file);
  return {
    hub,
    probe,
    footprint: () => footprint(hub, probe),
    async post(path, body = {}) {
      const headers = { 'content-type': 'application/json', connection: 'close' };
      const response = await fetch(`${hub.origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      const text = await response.text();
      expect(response.ok, `${path}: ${text}`).toBe(true);
      return JSON.parse(text);
    },
  };
}

async function footprint(hub: HubProcess, probe: () => Promise<Probe>): Promise<Footprint> {
  const probes: Probe[] = [];
  for (let n = 0; n < SAMPLES; n += 1) {
    probes.push(await probe());
    await delay(SAMPLE_EVERY_MS);
  }
  const links = openFiles(hub.pid);
  const last = probes.at(-1);
  const resources: Record<string, number> = {};
  for (const kind of last?.resources.toSorted() ?? []) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    heap: Math.min(...probes.map(({ heapUsed }) => heapUsed)),
    rss: last?.rss ?? 0,
    resources,
    files: links.length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
    processes: familyOf(join(hub.folder, 'home'))
      .map(({ command, state }) => `${state === 'Z' ? 'zombie ' : ''}${command}`)
      .toSorted(),
  };
}

/** Does something so many times, a few at once; the first failure ends it. */
export async function repeat(times: number, atOnce: number, action: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < times) {
      next += 1;
      await action(next - 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));
}

/** Waits until there are not more handles, files and sockets than before, and the same processes. @returns what is still more then */
export async function moreThanBefore(probed: ProbedHub, before: Footprint): Promise<readonly string[]> {
  const endMs = Date.now() + SETTLE_MS;
  for (;;) {
    const more = moreThan(await probed.footprint(), before);
    if (more.length === 0 || Date.now() > endMs) return more;
    await delay(100);
  }
}

function moreThan(now: Footprint, before: Footprint): readonly string[] {
  const handles = Object.entries(now.resources).filter(([kind, count]) => count > (before.resources[kind] ?? 0) + BY_THEMSELVES);
  const told = handles.map(([kind, count]) => `${kind}: ${count} instead of ${before.resources[kind] ?? 0}`);
  for (const kind of ['files', 'sockets'] as const) {
    if (now[kind] > before[kind]) told.push(`${kind}: ${now[kind]} instead of ${before[kind]}`);
  }
  const processes = (of: Footprint): string => of.processes.join('; ');
  return processes(now) === processes(before) ? told : [...told, `processes: ${processes(now)} instead of ${processes(before)}`];
}

export interface Cycles {
  readonly times: number;
  /** Until code is compiled and every bounded store is full. */
  readonly warmUp: number;
  readonly atOnce: number;
  /** Fills what is bounded in the same way before both looks. */
  readonly prepare?: () => Promise<void>;
  /** Where a cycle leaves something on purpose, in bytes of heap. */
  readonly allowedPerCycle?: number;
}

/** Does something many times. @returns what the hub holds more of after it than before; empty when nothing leaks */
export async function leaksOf(
  probed: ProbedHub,
  { times, warmUp, atOnce, prepare = async () => {}, allowedPerCycle = ALLOWED_PER_CYCLE }: Cycles,
  cycle: (n: number) => Promise<unknown>,
): Promise<readonly string[]> {
  const idle = await probed.footprint();
  await repeat(warmUp, atOnce, cycle);
  await prepare();
  const before = await quiet(probed, idle);
  await repeat(times, atOnce, (n) => cycle(warmUp + n));
  await prepare();
  const more = await moreThanBefore(probed, before);
  const after = await probed.footprint();
  const grown = after.heap - before.heap;
  const perCycle = `${Math.round(grown / times)} bytes of heap per cycle`;
  console.info(`heap ${kib(before.heap)} → ${kib(after.heap)} KiB, ${perCycle}; RSS ${kib(before.rss)} → ${kib(after.rss)} KiB`);
  const heap = grown > Math.max(ALLOWED_AT_LEAST, allowedPerCycle * times) ? [perCycle] : [];
  return [...more, ...heap, ...(await warningsOf(probed))];
}

/** What the hub holds when all connections of clients are gone, and the processes are those that were there when it was idle. */
async function quiet(probed: ProbedHub, idle: Footprint): Promise<Footprint> {
  const endMs = Date.now() + SETTLE_MS;
  for (;;) {
    const now = await probed.footprint();
    const handles = Object.entries(now.resources).every(([kind, count]) => count <= (idle.resources[kind] ?? 0) + BY_THEMSELVES);
    if (handles && now.sockets <= idle.sockets && now.processes.join() === idle.processes.join()) return now;
    if (Date.now() > endMs) expect(now, 'after the warm-up').toEqual(idle);
    await delay(100);
  }
}

/** What Node has warned of, such as too many listeners, and errors inside the hub. */
export async function warningsOf({ hub, probe }: ProbedHub): Promise<readonly string[]> {
  const written = hub
    .output()
    .split('\n')
    .filter((line) => /Warning:|UNHANDLED_ERROR/.test(line));
  return [...(await probe()).warnings, ...written];
}

export const kib = (bytes: number): number => Math.round(bytes / 1_024);
