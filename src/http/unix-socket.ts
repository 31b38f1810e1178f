import { createHash } from 'node:crypto';
import { lstatSync, rmSync } from 'node:fs';
import { chmod, lstat, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { type Clock, type Disposable, HubError, lock, messageOf } from '../base/index.ts';

/** For its owner alone: to connect, one must be able to write. */
const MODE = 0o600;
/** How long a program that has the socket may take to accept a connection, in milliseconds. */
const ACCEPTS_WITHIN_MS = 1_000;
/** How long another hub may look after the same path, in milliseconds. */
const LOCK_STALE_MS = 10_000;
const LOCK_WAIT_MS = 5_000;
/** The longest path of a socket, in bytes: what the system keeps it in has 108 (Linux) or 104, and a longer one is cut off without a word. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;
/** What the draft's path has more than that of its folder. */
const DRAFT_BYTES = '/.hub-XXXXXX/s'.length;

export interface UnixSocketOptions {
  readonly path: string;
  /** Folder for the locks of this person's hubs. */
  readonly locksDir: string;
  readonly clock: Clock;
}

/**
 * Opens a Unix socket that only the hub's own user can connect to. It is made in a folder that nobody else can enter and moved to its
 * place when its mode is right, so that at no moment others could open it. What an ended hub has left there is replaced.
 *
 * @returns what removes the socket again, once the server is closed
 * @throws HubError PORT_IN_USE (details.socket) when somebody listens there, CONFIG_ERROR when something else is there or it cannot be made
 */
export async function openUnixSocket(server: Server, { path, locksDir, clock }: UnixSocketOptions): Promise<Disposable> {
  const target = resolve(path);
  checkLength(target);
  const key = createHash('sha256').update(target).digest('hex').slice(0, 16);
  try {
    const held = await lock({ dir: join(locksDir, `socket-${key}`), clock, staleAfterMs: LOCK_STALE_MS }, LOCK_WAIT_MS);
    try {
      await checkPlace(target);
      return await listenAt(server, target);
    } finally {
      await held.release();
    }
  } catch (error) {
    throw error instanceof HubError ? error : unusable(target, messageOf(error), error);
  }
}

function checkLength(target: string): void {
  const bytes = Math.max(Buffer.byteLength(target), Buffer.byteLength(dirname(target)) + DRAFT_BYTES);
  if (bytes <= MAX_PATH_BYTES) return;
  throw unusable(
    target,
    `with what the hub needs beside it, its path has ${bytes} bytes, and one of a socket has at most ${MAX_PATH_BYTES}. Choose a shorter one`,
  );
}

async function listenAt(server: Server, target: string): Promise<Disposable> {
  const folder = await mkdtemp(join(dirname(target), '.hub-'));
  try {
    const draft = join(folder, 's');
    await listen(server, draft);
    await chmod(draft, MODE);
    await rename(draft, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { ino } = await lstat(target);
  return { dispose: () => removeOwn(target, ino) };
}

/** Another hub may have taken the place meanwhile. Done at once, since the process may end in this turn. */
function removeOwn(target: string, ino: number): void {
  const stats = lstatSync(target, { throwIfNoEntry: false });
  if (stats?.isSocket() && stats.ino === ino) rmSync(target, { force: true });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((done, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      done();
    });
  });
}

/** Whether the place is free, or holds a socket of this user's that nobody listens on. @throws HubError for what else is there */
async function checkPlace(target: string): Promise<void> {
  const stats = await lstat(target).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!stats) return;
  if (!stats.isSocket()) throw unusable(target, 'something else than a socket is there, and it is left alone');
  if (process.getuid !== undefined && stats.uid !== process.getuid()) throw unusable(target, 'the socket there belongs to another user');
  if (!(await isAbandoned(target))) {
    const message = `Another program listens on the Unix socket ${target}. Stop it, or choose another --socket.`;
    throw new HubError('PORT_IN_USE', message, { details: { socket: target } });
  }
}

/** Whether the system itself says that nobody listens; one that is too busy to answer is there. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ path, signal: AbortSignal.timeout(ACCEPTS_WITHIN_MS) });
    socket.once('connect', () => {
      socket.destroy();
      done(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED' || error.code === 'ENOENT'));
  });
}

function unusable(path: string, reason: string, cause?: unknown): HubError {
  return new HubError('CONFIG_ERROR', `The Unix socket ${path} cannot be opened: ${reason}.`, { details: { socket: path }, cause });
}
