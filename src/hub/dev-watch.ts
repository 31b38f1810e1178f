import { realpathSync, type Stats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ChokidarOptions, FSWatcher } from 'chokidar';
import { type Clock, type Disposable, messageOf } from '../base/index.ts';
import { type FileChoice, pathWithin } from './dev-files.ts';

/** How often it is looked for a folder that is not there, in milliseconds. */
const LOOK_EVERY_MS = 2_000;
/** After something has gone, how soon it is looked whether the whole folder has, in milliseconds. */
const CHECK_AFTER_MS = 300;
/** How often files are looked at where the system cannot tell of changes, in milliseconds. */
const POLL_EVERY_MS = 1_000;
/** What the system says when it cannot watch that many files. */
const TOO_MANY: ReadonlySet<unknown> = new Set(['ENOSPC', 'EMFILE', 'ENFILE']);

export interface DevWatchOptions {
  /** Absolute. It may be missing, or go and come back. */
  readonly folder: string;
  readonly choice: FileChoice;
  readonly clock: Clock;
  /** A file that counts is new, has changed or is gone; relative to the folder. */
  readonly onFile: (path: string) => void;
  /** From now on every change is noticed; told again when the folder was away. */
  readonly onReady: () => void;
  /** Something that a person should know, once each. */
  readonly onProblem: (text: string) => void;
  /** Begins to watch; the real thing unless told otherwise, loaded when it is first needed. */
  readonly watch?: WatchFiles;
}

export type WatchFiles = (paths: string[], options: ChokidarOptions) => FSWatcher;

/** Watches the files of one folder. */
export class DevWatch {
  readonly #options: DevWatchOptions;
  #watcher: FSWatcher | undefined;
  #timer: Disposable | undefined;
  #closed = false;
  #polls = false;
  #missingTold = false;
  /** Which folder is watched: another one may come in its place. */
  #folderId: number | undefined;

  constructor(options: DevWatchOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#open(true);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.dispose();
    await this.#closeWatcher();
  }

  /** @param isFirst else what is there is news: it has come with the folder */
  async #open(isFirst: boolean): Promise<void> {
    const { folder, onProblem } = this.#options;
    const id = await folderId(folder);
    if (this.#closed) return;
    if (id === undefined) {
      if (!this.#missingTold) onProblem('is not a folder. Nothing is watched until there is one');
      this.#missingTold = true;
      this.#later(LOOK_EVERY_MS, () => this.#open(false));
      return;
    }
    this.#missingTold = false;
    this.#folderId = id;
    try {
      await this.#watch(isFirst);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  async #watch(ignoreInitial: boolean): Promise<void> {
    const watch = this.#options.watch ?? (await import('chokidar')).watch;
    if (this.#closed) return;
    const { choice, onReady } = this.#options;
    const watcher = watch([...choice.roots], {
      ignoreInitial,
      ignored: (path, stats) => this.#isIgnored(path, stats),
      ignorePermissionErrors: true,
      ...(this.#polls && { usePolling: true, interval: POLL_EVERY_MS, binaryInterval: POLL_EVERY_MS }),
    });
    this.#watcher = watcher;
    watcher.on('all', (event, path) => this.#onChange(event, path));
    watcher.on('raw', (event) => event === 'rename' && this.#checkSoon());
    watcher.on('error', (error) => this.#onError(error));
    watcher.on('ready', onReady);
  }

  #onChange(event: string, path: string): void {
    const { folder, choice, onFile } = this.#options;
    if (event === 'unlink' || event === 'unlinkDir') this.#checkSoon();
    const local = pathWithin(folder, path);
    if (!event.endsWith('Dir') && choice.wants(local)) onFile(local);
  }

  /** Whether the folder is still the one that is watched: of its own end the watcher does not always hear. */
  #checkSoon(): void {
    this.#later(CHECK_AFTER_MS, async () => {
      if ((await folderId(this.#options.folder)) === this.#folderId) return;
      await this.#reopen(false);
    });
  }

  async #reopen(isFirst: boolean): Promise<void> {
    await this.#closeWatcher();
    await this.#open(isFirst);
  }

  #onError(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (!TOO_MANY.has(code) || this.#polls) return this.#giveUp(error);
    const remedy = code === 'ENOSPC' ? 'raise fs.inotify.max_user_watches (sysctl)' : 'raise the limit of open files (ulimit -n)';
    this.#options.onProblem(
      `has more files than the system watches (${code}). They are looked at once a second instead; to be told at once, ${remedy}, or narrow dev.watch`,
    );
    this.#polls = true;
    void this.#reopen(true);
  }

  #giveUp(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.dispose();
    this.#options.onProblem(`cannot be watched (${messageOf(error)}). Dev mode of this server is off until its config changes`);
    void this.#closeWatcher();
  }

  async #closeWatcher(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    const closing = watcher?.close();
    // Work that was under way may still fail, and closing has taken all listeners off.
    watcher?.on('error', () => {});
    await closing;
  }

  #later(delayMs: number, action: () => Promise<void>): void {
    this.#timer?.dispose();
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(delayMs, () => void action());
  }

  #isIgnored(path: string, stats: Stats | undefined): boolean {
    const { folder, choice } = this.#options;
    // What holds a root is never ignored, or the root would be.
    if (choice.roots.some((root) => isWithin(path, root))) return false;
    const local = pathWithin(folder, path);
    if (stats?.isFile()) return !choice.wants(local);
    if (stats?.isDirectory()) return !choice.enters(local);
    if (!choice.wants(local) && !choice.enters(local)) return true;
    return stats?.isSymbolicLink() === true && leadsAstray(folder, path);
  }
}

/** A link to a folder that is watched anyway, or one behind another link: following those could go on for ever. */
function leadsAstray(folder: string, link: string): boolean {
  try {
    const target = realpathSync(link);
    if (!statSync(target).isDirectory()) return false;
    const home = realpathSync(folder);
    return isWithin(home, target) || isWithin(target, home) || !isWithin(home, realpathSync(dirname(link)));
  } catch {
    // Expected: ENOENT, the link leads nowhere; there is nothing to follow.
    return false;
  }
}

function isWithin(folder: string, path: string): boolean {
  const local = pathWithin(folder, path);
  return local === '' || !(local === '..' || local.startsWith('../') || /^[A-Za-z]:/.test(local));
}

/** The inode of a folder; `undefined` when it is missing or no folder. */
async function folderId(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isDirectory() ? found.ino : undefined;
  } catch {
    // Expected: ENOENT, or EACCES for a folder that is not for us.
    return undefined;
  }
}
