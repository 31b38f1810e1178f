import { type Clock, type Logger, messageOf, waitAtMost } from '../base/index.ts';
import type { Presence } from './idle-watch.ts';
import { type Workspace, type WorkspaceFile, workspaceKey } from './workspaces.ts';

/** How long a hub that stops tries to take its entry out, in milliseconds. */
const LEAVE_WITHIN_MS = 2_000;

export interface RegistrationOptions {
  readonly file: WorkspaceFile;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cwd: string;
  readonly configFiles: readonly string[];
  readonly shutdownDelayMs: number | undefined;
  /** The hub's Unix socket, an absolute path. */
  readonly socket?: string | undefined;
}

/**
 * This hub's entry among the running ones. Its changes are written one after the other; where the file cannot be written, the
 * hub goes on without an entry.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  /** As it should stand in the file; `undefined` before and after. */
  #entry: Workspace | undefined;
  #last: Promise<void> = Promise.resolve();
  #isWaiting = false;
  #failed = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Puts the entry in, with 0 for no port. Resolves when it stands there, or cannot be written; never rejects. */
  enter(port: number): Promise<void> {
    const { file, clock, configFiles, cwd, socket } = this.#options;
    const entry: Workspace = {
      pid: process.pid,
      port,
      ...(socket !== undefined && { socket }),
      cwd,
      config_files: configFiles,
      startTime: new Date(clock.now()).toISOString(),
      state: 'active',
      activeConnections: 0,
      shutdownStartedAt: null,
      shutdownDelay: null,
    };
    this.#entry = entry;
    return this.#write(() => file.set(entry));
  }

  /** Tells who is there. What is not written yet when the next news come is left out. */
  tell({ clients, emptySinceMs }: Presence): void {
    if (!this.#entry) return;
    const isLeaving = emptySinceMs !== undefined;
    this.#entry = {
      ...this.#entry,
      state: isLeaving ? 'shutting_down' : 'active',
      activeConnections: clients,
      shutdownStartedAt: isLeaving ? new Date(emptySinceMs).toISOString() : null,
      shutdownDelay: isLeaving ? (this.#options.shutdownDelayMs ?? null) : null,
    };
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    void this.#write(async () => {
      this.#isWaiting = false;
      // The whole entry: a file that somebody has removed or broken must not hide the hub for good.
      if (this.#entry) await this.#options.file.update(this.#entry);
    });
  }

  /** Takes the entry out. Resolves when it is gone, or after two seconds: one that stays is dead and removed by others. */
  async leave(): Promise<void> {
    const entry = this.#entry;
    if (!entry) return;
    this.#entry = undefined;
    const { clock, file } = this.#options;
    await waitAtMost(
      this.#write(() => file.remove(workspaceKey(entry), entry.pid)),
      { clock, atMostMs: LEAVE_WITHIN_MS },
    );
  }

  #write(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      const { file, logger } = this.#options;
      if (!this.#failed) logger.warn(`The list of running hubs cannot be written: ${messageOf(error)}`, { file: file.path });
      this.#failed = true;
    });
    return this.#last;
  }
}
