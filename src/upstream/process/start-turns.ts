import type { Clock } from '../../base/index.ts';

/**
 * How long a process may keep its turn without a word, in milliseconds. Most runtimes have started by then; what takes longer waits for
 * something else than a processor (a download, a handshake), and need not keep others from theirs.
 */
const TURN_MS = 100;

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
  readonly #waiting: (() => void)[] = [];
  #begun = 0;

  constructor(options: StartTurnsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when a process may begin, in the order in which they asked.
   *
   * @returns what ends the turn, to be called when the process has been heard of or is gone; idempotent
   * @throws the reason of `signal` when it is aborted before
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.#begun < this.#options.atOnce) this.#begun += 1;
    else await this.#turn(signal);
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      timer.dispose();
      const next = this.#waiting.shift();
      if (next) next();
      else this.#begun -= 1;
    };
    const timer = this.#options.clock.after(TURN_MS, end);
    return end;
  }

  /** Resolves with the turn of one that has ended. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(signal.reason);
      };
      const begin = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(begin);
    });
  }
}
