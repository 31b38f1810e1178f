import { type Clock, type Logger, messageOf, sleep } from '../base/index.ts';
import type { Presence } from './idle-watch.ts';
import type { Workspace, WorkspaceFile } from './workspaces.ts';

/** How long a hub that stops tries to take its entry out, in milliseconds. */
const LEAVE_WITHIN_MS = 2_000;

export interface RegistrationOptions {
  readonly file: WorkspaceFile;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cwd: string;
  readonly configFiles: readonly string[];
  readonly shutdownDelayMs: number | undefined;
}

/**
 * This hub's entry among the running ones. Its changes are written one after the other; where the file cannot be written, the
 * hub goes on without an entry.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  #port: number | undefined;
  #last: Promise<void> = Promise.resolve();
  #next: Partial<Workspace> | undefined;
  #failed = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Puts the entry in. Resolves when it stands there, or cannot be written; never rejects. */
  enter(port: number): Promise<void> {
    const { file, clock, configFiles, cwd } = this.#options;
    this.#port = port;
    return this.#write(() =>
      file.set({
        pid: process.pid,
        port,
        cwd,
        config_files: configFiles,
        startTime: new Date(clock.now()).toISOString(),
        state: 'active',
        activeConnections: 0,
        shutdownStartedAt: null,
        shutdownDelay: null,
      }),
    );
  }

  /** Tells who is there. What is not written yet when the next news come is left out. */
  tell({ clients, emptySinceMs }: Presence): void {
    const isLeaving = emptySinceMs !== undefined;
    const isWaiting = this.#next !== undefined;
    this.#next = {
      state: isLeaving ? 'shutting_down' : 'active',
      activeConnections: clients,
      shutdownStartedAt: isLeaving ? new Date(emptySinceMs).toISOString() : null,
      shutdownDelay: isLeaving ? (this.#options.shutdownDelayMs ?? null) : null,
    };
    if (isWaiting) return;
    void this.#write(async () => {
      const patch = this.#next;
      this.#next = undefined;
      if (patch && this.#port !== undefined) await this.#options.file.update(this.#port, process.pid, patch);
    });
  }

  /** Takes the entry out. Resolves when it is gone, or after two seconds: one that stays is dead and removed by others. */
  async leave(): Promise<void> {
    const port = this.#port;
    if (port === undefined) return;
    this.#port = undefined;
    const { clock, file } = this.#options;
    const early = new AbortController();
    const gone = this.#write(() => file.remove(port, process.pid));
    await Promise.race([gone, sleep(clock, LEAVE_WITHIN_MS, early.signal)]);
    early.abort();
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
