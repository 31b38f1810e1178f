import { HubError, isAlive, sleep, systemClock } from '../../base/index.ts';
import { type ApiClient, connectHub } from '../api-client.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { socketOf } from '../hub-address.ts';
import { listOf, memberOf, numberOf } from '../json.ts';
import { patiently } from '../patience.ts';
import { duration, plural } from '../render.ts';

/** What hubs give their calls that do not say it, in milliseconds. */
const DEFAULT_CALLS_MS = 10_000;
/** How long a hub may take beside that to end its servers and itself, in milliseconds; its own limit is half of it. */
const MARGIN_MS = 10_000;
const LOOK_EVERY_MS = 50;
/** After this it is told what is waited for, in milliseconds. */
const TELL_AFTER_MS = 1_000;

export const command: CommandSpec = {
  configure: (line) => line.description('Stops the hub with all its servers, and waits until its process is gone.'),
  examples: ['mcp-hub shutdown', 'mcp-hub shutdown --port 37373'],
  async run(_args, options, io) {
    const client = await connectHub(options, io);
    const { pid, port, origin, health } = client.hub;
    const socket = socketOf(origin);
    const isHere = socket !== undefined || (port !== undefined && isOnLoopback(origin));
    if (pid === undefined || !isHere) {
      throw new HubError('HUB_NOT_FOUND', `The hub at ${origin} does not run on this machine. Stop it where it runs.`);
    }
    const callsMs = numberOf(health, 'shutdownTimeout') ?? DEFAULT_CALLS_MS;
    await askToEnd(client, pid, io);
    const name = `The hub (pid ${pid}, ${socket === undefined ? `port ${port}` : socket})`;
    const what = `${name} ${ending(health, callsMs)}`;
    await patiently(gone(pid, callsMs + MARGIN_MS, io.signal), what, io, TELL_AFTER_MS);
    if (io.isJson) return io.printJson({ pid, port: port ?? null });
    io.print(`${name} has stopped.`);
  },
};

/** A signal would end it at once on Windows, and its servers would learn of it by the end of their input. */
async function askToEnd(client: ApiClient, pid: number, { process }: CommandIo): Promise<void> {
  if (process.platform === 'win32') await client.post('/api/hard-restart', {});
  else process.kill(pid, 'SIGTERM');
}

/** What it has to do before it is gone. */
function ending(health: unknown, callsMs: number): string {
  const loads = listOf(health, 'servers').map((server) => memberOf(server, 'load'));
  const calls = loads.reduce<number>((sum, load) => sum + (numberOf(load, 'running') ?? 0) + (numberOf(load, 'waiting') ?? 0), 0);
  if (calls === 0) return 'ends its servers.';
  return `lets ${plural(calls, 'call')} end, for at most ${duration(callsMs)}, and then its servers.`;
}

/** Resolves when the process has ended: a hub whose port is closed may still let calls end. @throws HubError TIMEOUT */
async function gone(pid: number, withinMs: number, signal: AbortSignal): Promise<void> {
  const end = systemClock.now() + withinMs;
  while (isAlive(pid)) {
    if (systemClock.now() > end) throw new HubError('TIMEOUT', `The hub (pid ${pid}) was asked to stop, and still runs.`);
    await sleep(systemClock, LOOK_EVERY_MS, signal);
  }
}

const isOnLoopback = (origin: string): boolean => /^http:\/\/(?:127\.|localhost|\[::1\])/.test(origin);
