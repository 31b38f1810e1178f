import { type Clock, type HubError, sleep, systemClock } from '../base/index.ts';
import { type RunningHub, probeHub } from './health-probe.ts';
import { findListener, type ProcessInfo } from './listeners.ts';
import { printable } from './style.ts';

/** For finding out who has the port; the whole answer must come within a second. */
const SEARCH_LIMIT_MS = 350;

/** Who has a port, as far as that can be found out. */
export interface PortOwner {
  readonly process: ProcessInfo | undefined;
  readonly hub: RunningHub | undefined;
}

/** Looks for the process that listens on `port`, and whether it is an mcp-hub. Never rejects. */
export async function findPortOwner(port: number, platform: NodeJS.Platform, clock: Clock): Promise<PortOwner> {
  const end = new AbortController();
  const limit = sleep(clock, SEARCH_LIMIT_MS, end.signal).then(() => undefined);
  const [process, hub] = await Promise.all([Promise.race([findListener(port, platform), limit]), Promise.race([probeHub(port), limit])]);
  end.abort();
  return { process, hub };
}

/** The lines for a person whose hub found its port taken. `EADDRINUSE` is what editors look for. */
export function describePortInUse(port: number, owner: PortOwner): string[] {
  const { process, hub } = owner;
  const pid = process?.pid ?? hub?.pid;
  const who = process ? `${printable(process.name)} (pid ${process.pid})` : pid === undefined ? 'another process' : `pid ${pid}`;
  const name = hubName(owner);
  const first = `EADDRINUSE: port ${port} is in use by ${who}${apposition(name, process)}.`;
  const other = port < 65_535 ? port + 1 : port - 1;
  if (name === undefined) {
    const unseen = process
      ? []
      : [
          `Nobody is seen there: it belongs to another user (with their rights, "lsof -i :${port}" names it), is too busy to answer, or is a connection that is about to end. Try again.`,
        ];
    return [first, ...unseen, `End that process, or choose another port: --port ${other}`];
  }
  const stop = pid === undefined ? 'stop it' : `stop it (kill ${pid})`;
  return [
    first,
    `Clients can use it as it is: http://localhost:${port}/mcp`,
    `To replace it, ${stop} and start again. To run a second one, choose another port: --port ${other}`,
  ];
}

/** Of one that was not seen nothing is known, also not that it is no hub. */
function apposition(hub: string | undefined, process: ProcessInfo | undefined): string {
  if (hub !== undefined) return `, ${hub}`;
  return process ? ', which is not an mcp-hub' : '';
}

/** What sort of hub it is; `undefined` for another program. */
function hubName({ hub, process }: PortOwner): string | undefined {
  if (hub) return `an mcp-hub${hub.version === undefined ? '' : ` (version ${printable(hub.version)})`}`;
  // One that has only just started, or is very busy, does not answer in time.
  return process && /\bmcp-hub(?:\.js)?$/.test(process.name) ? 'an mcp-hub that does not answer yet' : undefined;
}

/** Says on stderr who has the port that a hub was to have. */
export async function tellPortInUse(process: NodeJS.Process, { details }: HubError, asked: number): Promise<void> {
  const port = typeof details['port'] === 'number' ? details['port'] : asked;
  const lines = describePortInUse(port, await findPortOwner(port, process.platform, systemClock));
  process.stderr.write(`error: ${lines.join('\n')}\n`);
}
