import type { Clock, Disposable } from '../base/index.ts';

/** So long nothing may change before a burst of changes is over, in milliseconds. */
const QUIET_MS = 500;
/** A burst that does not end is acted on all the same after this, in milliseconds. */
const LONGEST_MS = 5_000;
/** With further changes waiting, an action that takes longer than this is taken for stuck, in milliseconds. */
const PATIENCE_MS = 10_000;
/** Most file names of one burst that are kept. */
const MAX_FILES = 50;

/** The changes of one burst. */
export interface Burst {
  /** In the order in which they changed, at most fifty. */
  readonly files: readonly string[];
  /** How many more there were. */
  readonly more: number;
}

export interface BurstsOptions {
  readonly clock: Clock;
  /** One at a time, unless it is stuck; never rejects. */
  readonly act: (burst: Burst) => Promise<void>;
}

/** Makes one action of many changes that come together; what changes during the action makes one more after it. */
export class Bursts implements Disposable {
  readonly #options: BurstsOptions;
  #files = new Set<string>();
  #more = 0;
  #sinceMs: number | undefined;
  #timer: Disposable | undefined;
  #action: { readonly startedMs: number } | undefined;
  #disposed = false;

  constructor(options: BurstsOptions) {
    this.#options = options;
  }

  add(file: string): void {
    if (this.#files.size < MAX_FILES) this.#files.add(file);
    else if (!this.#files.has(file)) this.#more += 1;
    this.#sinceMs ??= this.#options.clock.now();
    this.#wait();
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
  }

  #wait(): void {
    this.#timer?.dispose();
    if (this.#disposed || this.#sinceMs === undefined) return;
    const { clock } = this.#options;
    const nowMs = clock.now();
    const dueMs = Math.min(nowMs + QUIET_MS, this.#sinceMs + LONGEST_MS);
    const freeMs = this.#action ? this.#action.startedMs + PATIENCE_MS : nowMs;
    this.#timer = clock.after(Math.max(dueMs, freeMs) - nowMs, () => void this.#act());
  }

  async #act(): Promise<void> {
    const { act, clock } = this.#options;
    const burst = { files: [...this.#files], more: this.#more };
    this.#files = new Set();
    this.#more = 0;
    this.#sinceMs = undefined;
    const action = { startedMs: clock.now() };
    this.#action = action;
    await act(burst);
    if (this.#action !== action) return;
    this.#action = undefined;
    this.#wait();
  }
}
