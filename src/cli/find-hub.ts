import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { HubError, type HubPaths, sleep, systemClock, tryLock } from '../base/index.ts';
import { type Workspace, WorkspaceFile } from '../hub/index.ts';
import { canonicalFiles, hasFiles } from './config-names.ts';
import { type StartedHub, spawnHub } from './hub-process.ts';
import { keyFor } from './hub-key.ts';
import { openHubStream } from './hub-stream.ts';

/** How long a hub may take from its start until it answers, in milliseconds. */
const START_WITHIN_MS = 20_000;
/** How long to wait for a hub that others start, in milliseconds. */
const OTHERS_WITHIN_MS = 30_000;
/** Nobody takes longer than this to start a hub; who does is dead, in milliseconds. */
const LOCK_STALE_AFTER_MS = 60_000;
/** Between two looks, in milliseconds: up to twice as much, so that those who wait do not all look at once. */
const LOOK_EVERY_MS = 40;

export interface FindHubOptions {
  /** In order, verbatim; empty means the default file. */
  readonly configFiles: readonly string[];
  /** Only this server; `undefined`: all. */
  readonly server: string | undefined;
  readonly shutdownDelayMs: number;
  readonly paths: HubPaths;
  readonly cwd: string;
  readonly script: string;
  /** Tells a person how the search goes. */
  readonly debug: (text: string) => void;
  /** What a hub that was started says before it answers. */
  readonly onHubSays: (text: string) => void;
}

/** A stream of lines to the hub. */
export interface FoundHub {
  readonly pid: number;
  readonly port: number;
  readonly socket: Socket;
  readonly head: Buffer;
}

/**
 * Connects to the hub of these config files: the one that runs, or one that it starts. Of many that look at once, one starts
 * it and the others find it.
 *
 * @throws HubError CONNECTION_ERROR with `details.exitCode` when the hub ended instead of starting, TIMEOUT when it does not
 * come; any that the hub refuses the client with
 */
export async function findHub(options: FindHubOptions): Promise<FoundHub> {
  const { paths, cwd, configFiles } = options;
  const wanted = await canonicalFiles(configFiles.length > 0 ? configFiles : [paths.defaultConfigFile], cwd);
  const file = new WorkspaceFile({ stateDir: paths.stateDir, clock: systemClock });
  const key = createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 16);
  const start = { dir: join(paths.stateDir, 'locks', `start-${key}`), clock: systemClock, staleAfterMs: LOCK_STALE_AFTER_MS };
  const end = systemClock.now() + OTHERS_WITHIN_MS;
  for (;;) {
    const running = await findRunning(file, wanted, options);
    if (running) return running;
    const held = await tryLock(start);
    if (held) {
      try {
        // Somebody may have started one between the look and the lock.
        return (await findRunning(file, wanted, options)) ?? (await startHub(file, options));
      } finally {
        await held.release();
      }
    }
    if (systemClock.now() > end) throw new HubError('TIMEOUT', `No hub has come within ${OTHERS_WITHIN_MS / 1000} seconds.`);
    await pause();
  }
}

async function findRunning(file: WorkspaceFile, wanted: readonly string[], options: FindHubOptions): Promise<FoundHub | undefined> {
  for (const hub of inOrder(Object.values(await file.read()))) {
    const found = (await hasFiles(hub, wanted)) ? await attach(hub, options) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** Those that go on first, then the oldest: so everybody ends with the same one. */
function inOrder(hubs: readonly Workspace[]): readonly Workspace[] {
  const rank = ({ state, startTime }: Workspace): string => `${state === 'active' ? 0 : 1} ${startTime}`;
  return [...hubs].sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
}

async function attach({ pid, port, socket }: Workspace, { server, debug, paths }: FindHubOptions): Promise<FoundHub | undefined> {
  const path = server === undefined ? '/mcp' : `/mcp/${encodeURIComponent(server)}`;
  const stream = await openHubStream({ port, socket, pid, path, key: await keyFor(pid, paths) });
  switch (stream.kind) {
    case 'open':
      debug(`Connected to the hub on port ${port} (pid ${pid}).`);
      return { pid, port, socket: stream.socket, head: stream.head };
    case 'absent':
      debug(`The hub on port ${port} (pid ${pid}) is not used: ${stream.reason}.`);
      return undefined;
    case 'refused':
      throw new HubError(stream.code === 'SERVER_NOT_FOUND' ? 'SERVER_NOT_FOUND' : 'CONNECTION_ERROR', stream.message);
  }
}

async function startHub(file: WorkspaceFile, options: FindHubOptions): Promise<FoundHub> {
  const { configFiles, shutdownDelayMs, script, debug, onHubSays } = options;
  const hub = spawnHub({ configFiles, shutdownDelayMs, script });
  debug(`Started a hub (pid ${hub.pid}).`);
  try {
    const found = await untilAttached(file, hub, options);
    onHubSays(hub.stderr());
    return found;
  } finally {
    hub.release();
  }
}

async function untilAttached(file: WorkspaceFile, hub: StartedHub, options: FindHubOptions): Promise<FoundHub> {
  const end = systemClock.now() + START_WITHIN_MS;
  for (;;) {
    const entry = Object.values(await file.read()).find(({ pid }) => pid === hub.pid);
    const found = entry && (await attach(entry, options));
    if (found) return found;
    const ended = hub.ended();
    if (ended !== undefined) throw notStarted(`it ended (${ended})`, hub);
    if (systemClock.now() > end) {
      hub.kill();
      throw notStarted(`it does not answer within ${START_WITHIN_MS / 1000} seconds`, hub);
    }
    await pause();
  }
}

function notStarted(reason: string, hub: StartedHub): HubError {
  const said = hub.stderr().trimEnd();
  const message = `The hub could not be started: ${reason}.${said === '' ? '' : `\n${said}`}`;
  return new HubError('CONNECTION_ERROR', message, { details: { exitCode: hub.exitCode() } });
}

const pause = (): Promise<void> => sleep(systemClock, LOOK_EVERY_MS * (1 + Math.random()));
