import type { ChildProcess } from 'node:child_process';
import { startHub } from './hub-process.ts';
import { nextMessage } from './messages.ts';
import { openClients } from './parts/open-clients.ts';
import type { Crowd, HttpTarget, Payload } from './parts/plan.ts';
import type { Processes } from './processes.ts';
import { median } from './statistics.ts';

const WEIGH_MS = 20_000;
const WARM_UP_CALLS = 300;
const CALLS = 300;
const ROUNDS = 3;

/** What one call costs a process: functions called, and bytes allocated. */
export interface Weight {
  readonly calls: number;
  readonly bytes: number;
}

/** What a call through the hub weighs, as a multiple of what the same answer weighs in a bare proxy. */
export type Weights = Readonly<Record<string, Weight>>;

interface Weighed {
  readonly name: string;
  /** Of the client and the proxy, also before a server over stdio. */
  readonly era: HttpTarget['era'];
  /** Path of the upstream, or `stdio`. */
  readonly upstream: string;
  readonly payload: Payload;
}

const echo: Payload = { kind: 'echo' };
const WEIGHED: readonly Weighed[] = [
  { name: 'legacy-echo', era: 'legacy', upstream: 'legacy', payload: echo },
  { name: 'legacy-100kb', era: 'legacy', upstream: 'legacy', payload: { kind: 'text', bytes: 102_400 } },
  { name: 'modern-echo', era: 'modern', upstream: 'modern', payload: echo },
  { name: 'modern-sse-echo', era: 'modern', upstream: 'modern-sse', payload: echo },
  { name: 'stdio-echo', era: 'legacy', upstream: 'stdio', payload: echo },
];

export interface WeighOptions {
  /** Only this one of the calls. */
  readonly only?: string;
  /** A module that is loaded into the hub first; for the proof that a heavier path is noticed. */
  readonly heavier?: string;
}

/**
 * Weighs calls through the built hub and through a bare proxy, one client at a time. The figures do not depend on how busy the
 * machine is: they are counted.
 */
export async function weighCalls(processes: Processes, { only, heavier }: WeighOptions = {}): Promise<Weights> {
  const upstream = await processes.serve('upstream-http', '0');
  const url = (port: number, path: string): string => `http://127.0.0.1:${port}/${path}`;
  const scales = ['--import', processes.script('scales')];
  const proxy = await processes.serve({ part: 'proxy', nodeArgs: scales }, String(upstream.port));
  const hub = startHub(processes, {
    servers: {
      legacy: { url: url(upstream.port, 'legacy') },
      modern: { url: url(upstream.port, 'modern') },
      modern_sse: { url: url(upstream.port, 'modern-sse') },
      stdio: { command: process.execPath, args: [processes.script('upstream-stdio')] },
    },
    nodeArgs: [...(heavier === undefined ? [] : ['--import', heavier]), ...scales],
    ipc: true,
  });
  try {
    const { port } = await hub.ready;
    const weights: Record<string, Weight> = {};
    for (const { name, era, upstream: server, payload } of WEIGHED.filter((one) => only === undefined || one.name === only)) {
      const throughHub: HttpTarget = { kind: 'http', era, url: url(port, 'mcp'), prefix: `${server.replace('-', '_')}__` };
      const path = server === 'stdio' ? era : server;
      const throughProxy: HttpTarget = { kind: 'http', era, url: url(proxy.port, path), prefix: '' };
      const own = await weigh(hub.child, throughHub, payload);
      const bare = await weigh(proxy.child, throughProxy, payload);
      weights[name] = { calls: own.calls / bare.calls, bytes: own.bytes / bare.bytes };
    }
    return weights;
  } finally {
    await Promise.all([hub, proxy, upstream].map(({ child }) => processes.end(child)));
  }
}

/** Median weight of one call. */
async function weigh(child: ChildProcess, target: HttpTarget, payload: Payload): Promise<Weight> {
  const crowd = await openClients({ target, payload, clients: 1 });
  await callTimes(crowd, WARM_UP_CALLS);
  const rounds: Weight[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await readScales(child);
    await callTimes(crowd, CALLS);
    rounds.push(await readScales(child));
  }
  await crowd.close();
  return { calls: median(rounds.map(({ calls }) => calls)) / CALLS, bytes: median(rounds.map(({ bytes }) => bytes)) / CALLS };
}

async function callTimes({ calls: [call] }: Crowd, times: number): Promise<void> {
  for (let done = 0; done < times; done += 1) await call?.();
}

/** Since the last reading. */
async function readScales(child: ChildProcess): Promise<Weight> {
  const read = nextMessage(child, WEIGH_MS, 'the weight of calls');
  child.send('weigh');
  const { calls, bytes } = await read;
  return { calls: Number(calls), bytes: Number(bytes) };
}
