import type { Clock, Disposable } from '../../base/index.ts';
import type { ChangeKind } from '../../protocol/index.ts';

/** How long changes are gathered before the lists are fetched again, in milliseconds. */
const GATHER_MS = 100;

export interface RefresherOptions {
  readonly clock: Clock;
  /** Fetches the lists of these kinds again. Must not reject. */
  readonly refetch: (changes: ReadonlySet<ChangeKind>) => Promise<void>;
}

/** Turns any number of "it changed" into few fetches: gathered for a moment, one at a time, at most one waiting. */
export class ListingRefresher implements Disposable {
  readonly #options: RefresherOptions;
  #changes = new Set<ChangeKind>();
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #disposed = false;

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  changed(...kinds: readonly ChangeKind[]): void {
    for (const kind of kinds) this.#changes.add(kind);
    this.#arm();
  }

  /** Fetches at once (after a fetch that is under way) and resolves when that is done. */
  async now(...kinds: readonly ChangeKind[]): Promise<void> {
    for (const kind of kinds) this.#changes.add(kind);
    while (this.#running) await this.#running;
    await this.#run();
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
  }

  #arm(): void {
    if (this.#disposed || this.#timer || this.#running || this.#changes.size === 0) return;
    this.#timer = this.#options.clock.after(GATHER_MS, () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#timer?.dispose();
    this.#timer = undefined;
    const changes = this.#changes;
    if (this.#disposed || this.#running || changes.size === 0) return;
    this.#changes = new Set();
    this.#running = this.#options.refetch(changes);
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
      this.#arm();
    }
  }
}
