import type { Clock } from '../../base/index.ts';

/**
 * How long a process may keep its turn without a word, in milliseconds. Most runtimes have started by then; what takes longer waits for
 * something else than a processor (a download, a handshake), and need not keep others from theirs.
 */
const TURN_MS = 100;
/** How long a process waits for its turn at most, in milliseconds: somebody may wait for it. */
const MAX_WAIT_MS = 1_000;

export interface StartTurnsOptions {
  readonly clock: Clock;
  /** How many may begin at the same time: as many as there are processors. */
  readonly atOnce: number;
}

/**
 * Lets processes begin one after the other, as many at once as can run. All at once, each of them gets a share of a processor that is too
 * small, so that all are ready as late as the last one; in turns, the last one is as late as that and the others are earlier.
 */
export class StartTurns {
  readonly #options: StartTurnsOptions;
  readonly #waiting = new Set<() => void>();
  /** How many have their turn; more than allowed, where some have waited for too long. */
  #begun = 0;

  constructor(options: StartTurnsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when a process may begin, in the order in which they asked.
   *
   * @returns what ends the turn, to be called when the process has been heard of, is gone or could not begin; idempotent
   * @throws the reason of `signal` when it is aborted before
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.#begun >= this.#options.atOnce) await this.#turn(signal);
    else this.#begun += 1;
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      timer.dispose();
      this.#ended();
    };
    const timer = this.#options.clock.after(TURN_MS, end);
    if (!signal.aborted) return end;
    end();
    throw signal.reason;
  }

  /** The turn goes to the next one, unless there are too many. */
  #ended(): void {
    const [next] = this.#waiting;
    this.#begun -= 1;
    if (this.#begun < this.#options.atOnce) next?.();
  }

  /** Resolves when it has been counted among those that have their turn. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(begin);
        late.dispose();
        signal.removeEventListener('abort', onAbort);
      };
      const begin = (): void => {
        leave();
        this.#begun += 1;
        resolve();
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      const late = this.#options.clock.after(MAX_WAIT_MS, begin);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(begin);
    });
  }
}
