import { type FSWatcher, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Clock, Disposable } from '../base/index.ts';
import type { Publish } from './news.ts';
import type { WorkspaceFile } from './workspaces.ts';

/** How long after a change the file is read, in milliseconds: several hubs may start or end at once. */
const GATHER_MS = 100;
/** How often it is read anyway, in milliseconds: a hub that was killed changes no file, and not every file system tells of changes. */
const LOOK_EVERY_MS = 10_000;

export interface WorkspaceNewsOptions {
  readonly file: Pick<WorkspaceFile, 'path' | 'read'>;
  readonly clock: Clock;
  readonly publish: Publish;
}

/**
 * Tells when the list of running hubs changes, whoever changes it (`workspaces_updated`). The folder is watched, not the
 * file: the file is replaced as a whole with every change.
 */
export class WorkspaceNews implements Disposable {
  readonly #options: WorkspaceNewsOptions;
  #watcher: FSWatcher | undefined;
  #timer: Disposable | undefined;
  #isDueSoon = false;
  #isLooking = false;
  #isDisposed = false;
  /** The list as it was read last. */
  #known: string | undefined;

  constructor(options: WorkspaceNewsOptions) {
    this.#options = options;
  }

  /** The list as it is now is taken for known. */
  start(): void {
    void this.#look();
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#timer?.dispose();
    this.#watcher?.close();
  }

  /** The folder may not be there yet, since the first hub makes it. As long as it cannot be watched, the next look tries again. */
  async #watch(): Promise<void> {
    const { path } = this.#options.file;
    const lose = (): void => {
      this.#watcher?.close();
      this.#watcher = undefined;
    };
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      if (this.#isDisposed) return;
      this.#watcher = watch(dirname(path), (_, name) => {
        if (name === null || name === basename(path)) this.#lookSoon();
      });
      this.#watcher.on('error', lose);
    } catch {
      // Expected: EACCES where nothing may be written, ENOSPC where the system watches too much already.
      lose();
    }
  }

  #lookSoon(): void {
    if (this.#isDueSoon || this.#isDisposed) return;
    this.#isDueSoon = true;
    if (!this.#isLooking) this.#lookIn(GATHER_MS);
  }

  #lookIn(delayMs: number): void {
    this.#timer?.dispose();
    if (!this.#isDisposed) this.#timer = this.#options.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDueSoon = false;
    this.#isLooking = true;
    if (!this.#watcher) await this.#watch();
    // What cannot be read now may be read the next time; who writes the file says what is wrong with it.
    const workspaces = await this.#options.file.read().catch(() => undefined);
    this.#isLooking = false;
    if (this.#isDisposed) return;
    if (workspaces) this.#compare(workspaces);
    this.#lookIn(this.#isDueSoon ? GATHER_MS : LOOK_EVERY_MS);
  }

  #compare(workspaces: object): void {
    const now = JSON.stringify(workspaces);
    const isNews = this.#known !== undefined && this.#known !== now;
    this.#known = now;
    if (isNews) this.#options.publish({ name: 'subscription_event', data: { type: 'workspaces_updated', workspaces } });
  }
}
