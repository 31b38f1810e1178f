import { type Clock, type Disposable, type Logger, messageOf, waitAtMost } from '../../base/index.ts';
import type { ApiKeyFile } from '../../config/index.ts';

/** How exactly it is known when a key was last used, in milliseconds: what it costs is a write of the file. */
const EXACT_TO_MS = 60_000;
/** How soon a use is written, in milliseconds. */
const WRITE_AFTER_MS = 1_000;
/** How long a hub that stops may take for it, in milliseconds. */
const LAST_WRITE_WITHIN_MS = 1_000;

export interface KeyUseOptions {
  readonly file: ApiKeyFile;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps in the file of the keys when each was last used. */
export class KeyUse {
  readonly #options: KeyUseOptions;
  readonly #toldMs = new Map<string, number>();
  #waiting = new Map<string, number>();
  #timer: Disposable | undefined;

  constructor(options: KeyUseOptions) {
    this.#options = options;
  }

  /** A key was used now. */
  used(id: string): void {
    const { clock } = this.#options;
    const nowMs = clock.now();
    if (nowMs - (this.#toldMs.get(id) ?? Number.NEGATIVE_INFINITY) < EXACT_TO_MS) return;
    this.#toldMs.set(id, nowMs);
    this.#waiting.set(id, nowMs);
    this.#timer ??= clock.after(WRITE_AFTER_MS, () => void this.#write());
  }

  /** Writes what is not written yet. Never rejects. */
  async close(): Promise<void> {
    this.#timer?.dispose();
    const { clock } = this.#options;
    if (this.#waiting.size > 0) await waitAtMost(this.#write(), { clock, atMostMs: LAST_WRITE_WITHIN_MS });
  }

  async #write(): Promise<void> {
    this.#timer = undefined;
    const { file, logger } = this.#options;
    const uses = this.#waiting;
    this.#waiting = new Map();
    try {
      await file.change((keys) => {
        if (!keys.some(({ id }) => uses.has(id))) return keys;
        return keys.map((key) => {
          const atMs = uses.get(key.id);
          return atMs === undefined ? key : { ...key, lastUsedAt: new Date(atMs).toISOString() };
        });
      });
    } catch (error) {
      logger.debug(`It could not be written when API keys were used: ${messageOf(error)}`);
    }
  }
}
