import type { Clock, Disposable } from '../base/index.ts';
import type { PoolEvents } from '../upstream/index.ts';

/** How long what several replicas say of one change may be apart, in milliseconds. Nobody is told before it is over. */
const MERGE_WITHIN_MS = 100;
/** Most resources that are waited for at once; of more, everything is told at once. */
const MAX_WAITING = 1_000;

type Update = PoolEvents['resourceUpdated'];

export interface MergedUpdatesOptions {
  readonly clock: Clock;
  /** Whether several processes or addresses may tell of one change. */
  readonly hasReplicas: (serverId: string) => boolean;
  readonly tell: (update: Update) => void;
}

/**
 * Tells of one change once, however many replicas notice it. It tells late and not early: whoever reads the resource after that sees all
 * that was noticed before, so that no change gets lost among equal ones.
 */
export class MergedUpdates implements Disposable {
  readonly #options: MergedUpdatesOptions;
  readonly #waiting = new Map<string, { newest: Update; readonly timer: Disposable }>();

  constructor(options: MergedUpdatesOptions) {
    this.#options = options;
  }

  add(update: Update): void {
    const { clock, hasReplicas, tell } = this.#options;
    const key = `${update.id} ${update.uri}`;
    const waiting = this.#waiting.get(key);
    if (waiting) waiting.newest = update;
    else if (!hasReplicas(update.id) || this.#waiting.size >= MAX_WAITING) tell(update);
    else this.#waiting.set(key, { newest: update, timer: clock.after(MERGE_WITHIN_MS, () => this.#tell(key)) });
  }

  dispose(): void {
    for (const { timer } of this.#waiting.values()) timer.dispose();
    this.#waiting.clear();
  }

  #tell(key: string): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (waiting) this.#options.tell(waiting.newest);
  }
}
