import { dirname, resolve } from 'node:path';
import { HubError, hubPaths, isHubError, isLoopbackHost, type Secret, systemClock } from '../base/index.ts';
import { type Workspace, WorkspaceFile } from '../hub/index.ts';
import { askHub } from './api-request.ts';
import { canonicalFiles, canonicalPath, hasFiles } from './config-names.ts';
import { socketAddress, socketOf } from './hub-address.ts';
import { keyFor, keyFromEnvironment, keyFromFile, keyHeaders, type KeySources } from './hub-key.ts';
import { DEFAULT_PORT } from './option-values.ts';
import { memberOf, numberOf, textOf, textsOf } from './json.ts';

/** How long a hub may take to say that it is one, in milliseconds: it may be busy starting its servers. */
const PROBE_WITHIN_MS = 5_000;

/** Which hub a command means; nothing given: the one of this folder, or the only one that runs. */
export interface HubChoice {
  readonly port?: number | undefined;
  /** `http://host:port`, or `unix:` and the path of a socket. */
  readonly url?: string | undefined;
  readonly configFiles: readonly string[];
  /** A file that holds the key to send. */
  readonly apiKeyFile?: string | undefined;
}

/** A hub that runs and answers. */
export interface RunningHub {
  /** Without a slash at the end; `unix:` and a path for one behind a socket. */
  readonly origin: string;
  /** What is sent to it with every request. */
  readonly key: Secret | undefined;
  /** It asks for a key, and this one, or none, does not do: it says nothing about itself. */
  readonly isShut: boolean;
  readonly port: number | undefined;
  readonly pid: number | undefined;
  /** As the list of running hubs has them; a hub that is not listed there has none. */
  readonly entry: Workspace | undefined;
  /** The body of `GET /api/health`. */
  readonly health: unknown;
}

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  /** A key that was named on the command line. */
  readonly named?: Secret | undefined;
}

/** The hubs of this person that answer, in the order of their ports. */
export async function runningHubs(where: Surroundings): Promise<readonly RunningHub[]> {
  const asking = askingFrom(where);
  const entries = (await listedHubs(asking.stateDir)).toSorted((one, other) => one.port - other.port);
  const hubs = await Promise.all(entries.map((entry) => probeEntry(entry, asking)));
  return hubs.filter((hub) => hub !== undefined);
}

/**
 * The hub that a command means: by address, by port, by its config files, else that of the current folder or the nearest
 * one above, else the only one that runs, else one on the default port that is in no list.
 *
 * @throws HubError HUB_NOT_FOUND, also when there are several and nothing says which (`details.hubs` lists them); USAGE
 */
export async function chooseHub(choice: HubChoice, where: Surroundings): Promise<RunningHub> {
  const { url, port, configFiles, apiKeyFile } = choice;
  const named = apiKeyFile === undefined ? where.named : await keyFromFile(resolve(where.cwd, apiKeyFile));
  const asking = askingFrom({ ...where, named });
  if (url !== undefined) return (await probe(url, asking)) ?? notThere(`No hub answers at ${url}.`);
  if (port !== undefined) return (await probePort(port, asking)) ?? notThere(`No hub answers on port ${port}.`, `--port ${port}`);
  const hubs = await runningHubs({ ...where, named });
  if (configFiles.length > 0) {
    const line = configFiles.map((file) => `--config ${file}`).join(' ');
    return only(await ofConfig(hubs, configFiles, where.cwd)) ?? notThere(`No hub of ${configFiles.join(', ')} runs.`, line);
  }
  const near = await ofFolder(hubs, where.cwd);
  return only(near) ?? only(hubs) ?? (await probePort(DEFAULT_PORT, asking)) ?? notThere('No hub runs.', '');
}

/**
 * The same where no hub need run: `undefined` when none does.
 *
 * @throws HubError HUB_NOT_FOUND when there are several and nothing says which
 */
export async function chooseHubIfAny(choice: HubChoice, where: Surroundings): Promise<RunningHub | undefined> {
  try {
    return await chooseHub(choice, where);
  } catch (error) {
    if (!isHubError(error, 'HUB_NOT_FOUND') || error.details['hubs'] !== undefined) throw error;
    return undefined;
  }
}

/** Whether a hub is one of this person's on this machine: only those write into the same log. */
export async function isOwnHub({ pid, port }: RunningHub, { env }: Surroundings): Promise<boolean> {
  const own = await listedHubs(hubPaths(env).stateDir);
  return own.some((entry) => entry.pid === pid && (port === undefined || entry.port === port));
}

/** How hubs are asked whether they are there. */
export interface Asking extends KeySources {
  readonly signal?: AbortSignal | undefined;
}

function askingFrom({ env, signal, named }: Surroundings): Asking {
  return { stateDir: hubPaths(env).stateDir, named, fallback: keyFromEnvironment(env), signal };
}

async function listedHubs(stateDir: string): Promise<readonly Workspace[]> {
  return Object.values(await new WorkspaceFile({ stateDir, clock: systemClock }).read());
}

/** The hub of an entry in the list, if it answers. */
export function probeEntry(entry: Workspace, asking: Asking): Promise<RunningHub | undefined> {
  return entry.port === 0 && entry.socket !== undefined
    ? probe(socketAddress(entry.socket), asking, entry)
    : probePort(entry.port, asking, entry);
}

/** The addresses of the loopback interface are tried one after the other: a hub may have one of them only. */
async function probePort(port: number, asking: Asking, entry?: Workspace): Promise<RunningHub | undefined> {
  for (const host of ['127.0.0.1', '[::1]']) {
    const hub = await probe(`http://${host}:${port}`, asking, entry);
    if (hub && (entry === undefined || hub.pid === undefined || hub.pid === entry.pid)) return hub;
  }
  return undefined;
}

async function probe(address: string, asking: Asking, known?: Workspace): Promise<RunningHub | undefined> {
  const { origin, port } = placeOf(address);
  const entry = known ?? (await entryAt(origin, asking.stateDir));
  const key = await keyFor(entry?.pid, asking);
  const health = await healthAt(origin, key, asking.signal);
  if (textOf(health, 'server_id') !== 'mcp-hub') return undefined;
  return {
    origin,
    port: entry?.port || Number(port) || undefined,
    pid: numberOf(health, 'pid') ?? entry?.pid,
    entry: entry ?? listed(health, port),
    health,
    key,
    isShut: textOf(health, 'auth') !== '',
  };
}

/** Whether a hub lets nobody in without a key. */
export async function asksForKey({ origin }: RunningHub, signal: AbortSignal | undefined): Promise<boolean> {
  return textOf(await healthAt(origin, undefined, signal), 'auth') !== '';
}

/** An address without what may stand behind it, and its port. */
function placeOf(address: string): { readonly origin: string; readonly port: string } {
  return socketOf(address) === undefined ? new URL(address) : { origin: address, port: '' };
}

/** What `GET /api/health` answers; the sign of life of a hub to which the key says nothing. */
async function healthAt(origin: string, key: Secret | undefined, signal: AbortSignal | undefined): Promise<unknown> {
  for (const one of key ? [key, undefined] : [undefined]) {
    try {
      return await askHub(origin, { path: '/api/health', headers: keyHeaders(one), timeoutMs: PROBE_WITHIN_MS, signal });
    } catch (error) {
      if (signal?.aborted) throw error;
      // Expected: nobody is there, or somebody else.
      if (!isHubError(error, 'UNAUTHENTICATED')) return undefined;
    }
  }
  return undefined;
}

/** The entry of a hub of this person's at an address: its process has a key for this person's commands. */
async function entryAt(address: string, stateDir: string): Promise<Workspace | undefined> {
  const all = await listedHubs(stateDir);
  const socket = socketOf(address);
  if (socket !== undefined) return all.find((entry) => entry.socket === socket);
  const { hostname, port } = new URL(address);
  const isHere = isLoopbackHost(hostname.replace(/^\[|\]$/g, ''));
  return isHere && port !== '' ? all.find((entry) => String(entry.port) === port) : undefined;
}

/** A hub's own entry, as it says itself. */
function listed(health: unknown, port: string): Workspace | undefined {
  const entry = memberOf(memberOf(memberOf(health, 'workspaces'), 'allActive'), port);
  const [pid, cwd] = [numberOf(entry, 'pid'), textOf(entry, 'cwd')];
  if (pid === undefined || cwd === '') return undefined;
  return {
    pid,
    port: Number(port),
    cwd,
    config_files: textsOf(memberOf(entry, 'config_files')),
    startTime: textOf(entry, 'startTime'),
    state: 'active',
    activeConnections: numberOf(entry, 'activeConnections') ?? 0,
    shutdownStartedAt: null,
    shutdownDelay: null,
  };
}

async function ofConfig(hubs: readonly RunningHub[], files: readonly string[], cwd: string): Promise<readonly RunningHub[]> {
  const wanted = await canonicalFiles(files, cwd);
  const matches = await Promise.all(hubs.map(({ entry }) => entry !== undefined && hasFiles(entry, wanted)));
  return hubs.filter((_, at) => matches[at]);
}

/** The hubs that were started in this folder, or else in the nearest one above it. */
async function ofFolder(hubs: readonly RunningHub[], cwd: string): Promise<readonly RunningHub[]> {
  const folders = await Promise.all(hubs.map(({ entry }) => canonicalPath(entry?.cwd ?? '/')));
  for (let folder = await canonicalPath(cwd); ; folder = dirname(folder)) {
    // A hub that was started in the root folder is no nearer to this one than any other.
    if (folder === dirname(folder)) return [];
    const near = hubs.filter((_, at) => folders[at] === folder);
    if (near.length > 0) return near;
  }
}

/** @throws HubError HUB_NOT_FOUND when there are several */
function only(hubs: readonly RunningHub[]): RunningHub | undefined {
  if (hubs.length < 2) return hubs[0];
  const lines = hubs.map(({ pid, port, entry }) => `  pid ${pid}, --port ${port}, started in ${entry?.cwd ?? '?'}`);
  const details = { hubs: hubs.map(({ pid, port, entry }) => ({ pid, port, cwd: entry?.cwd, config_files: entry?.config_files })) };
  throw new HubError('HUB_NOT_FOUND', `Several hubs run; say which one with --port:\n${lines.join('\n')}`, { details });
}

function notThere(what: string, line?: string): never {
  const advice =
    line === undefined ? 'See which hubs run with "mcp-hub status --all".' : `Start one with "${['mcp-hub', line].join(' ').trim()}".`;
  throw new HubError('HUB_NOT_FOUND', `${what} ${advice}`);
}
