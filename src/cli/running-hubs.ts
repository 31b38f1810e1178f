import { dirname } from 'node:path';
import { HubError, hubPaths, isHubError, systemClock } from '../base/index.ts';
import { type Workspace, WorkspaceFile } from '../hub/index.ts';
import { askHub } from './api-request.ts';
import { canonicalFiles, canonicalPath, hasFiles } from './config-names.ts';
import { DEFAULT_PORT } from './option-values.ts';
import { memberOf, numberOf, textOf, textsOf } from './json.ts';

/** How long a hub may take to say that it is one, in milliseconds: it may be busy starting its servers. */
const PROBE_WITHIN_MS = 5_000;

/** Which hub a command means; nothing given: the one of this folder, or the only one that runs. */
export interface HubChoice {
  readonly port?: number | undefined;
  /** `http://host:port` */
  readonly url?: string | undefined;
  readonly configFiles: readonly string[];
}

/** A hub that runs and answers. */
export interface RunningHub {
  /** Without a slash at the end. */
  readonly origin: string;
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
}

/** The hubs of this person that answer, in the order of their ports. */
export async function runningHubs({ env, signal }: Surroundings): Promise<readonly RunningHub[]> {
  const file = new WorkspaceFile({ stateDir: hubPaths(env).stateDir, clock: systemClock });
  const entries = Object.values(await file.read()).sort((one, other) => one.port - other.port);
  const hubs = await Promise.all(entries.map((entry) => probePort(entry.port, signal, entry)));
  return hubs.filter((hub) => hub !== undefined);
}

/**
 * The hub that a command means: by address, by port, by its config files, else that of the current folder or the nearest
 * one above, else the only one that runs, else one on the default port that is in no list.
 *
 * @throws HubError HUB_NOT_FOUND, also when there are several and nothing says which (`details.hubs` lists them)
 */
export async function chooseHub(choice: HubChoice, where: Surroundings): Promise<RunningHub> {
  const { url, port, configFiles } = choice;
  if (url !== undefined) return (await probe(url, where.signal)) ?? notThere(`No hub answers at ${url}.`);
  if (port !== undefined) return (await probePort(port, where.signal)) ?? notThere(`No hub answers on port ${port}.`, `--port ${port}`);
  const hubs = await runningHubs(where);
  if (configFiles.length > 0) {
    const line = configFiles.map((file) => `--config ${file}`).join(' ');
    return only(await ofConfig(hubs, configFiles, where.cwd)) ?? notThere(`No hub of ${configFiles.join(', ')} runs.`, line);
  }
  const near = await ofFolder(hubs, where.cwd);
  return only(near) ?? only(hubs) ?? (await probePort(DEFAULT_PORT, where.signal)) ?? notThere('No hub runs.', '');
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

/** The addresses of the loopback interface are tried one after the other: a hub may have one of them only. */
export async function probePort(port: number, signal?: AbortSignal, entry?: Workspace): Promise<RunningHub | undefined> {
  for (const host of ['127.0.0.1', '[::1]']) {
    const hub = await probe(`http://${host}:${port}`, signal, entry);
    if (hub && (entry === undefined || hub.pid === undefined || hub.pid === entry.pid)) return hub;
  }
  return undefined;
}

async function probe(url: string, signal?: AbortSignal, entry?: Workspace): Promise<RunningHub | undefined> {
  let health: unknown;
  const { origin, port } = new URL(url);
  try {
    health = await askHub(origin, { path: '/api/health', timeoutMs: PROBE_WITHIN_MS, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    // Expected: nobody is there, or somebody else.
    return undefined;
  }
  if (textOf(health, 'server_id') !== 'mcp-hub') return undefined;
  return {
    origin,
    port: entry?.port ?? (Number(port) || undefined),
    pid: numberOf(health, 'pid') ?? entry?.pid,
    entry: entry ?? listed(health, port),
    health,
  };
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
