import { type Clock, type Disposable, HubError } from '../base/index.ts';
import type { HubState } from './types.ts';

/** From the wish for a new process until the old one begins to end, in milliseconds: the answer to the wish goes out first. */
const HARD_RESTART_AFTER_MS = 100;

export interface HubLifeOptions {
  readonly clock: Clock;
  /** Told of every state that is entered. */
  readonly onState: (state: HubState) => void;
  /** The process has to end, for its owner to start it again. */
  readonly onEnded: () => void;
  /** Its end was asked for: whoever comes now is to find another hub, or none. */
  readonly onEnding: () => void;
}

/** In which state the hub is, and how it comes from one to another. What has begun to stop goes nowhere else. */
export class HubLife implements Disposable {
  readonly #options: HubLifeOptions;
  #state: HubState = 'starting';
  #isSettled = false;
  #restarting: Promise<void> | undefined;
  /** Somebody has asked since its work began. */
  #isAskedAgain = false;
  #end: Disposable | undefined;

  constructor(options: HubLifeOptions) {
    this.#options = options;
  }

  get state(): HubState {
    return this.#state;
  }

  /** The first start is over. */
  settled(): void {
    this.#isSettled = true;
    // In the middle of a restart this is told after it.
    if (!this.#restarting) this.#enter('ready');
  }

  stopping(): void {
    this.#enter('stopping');
  }

  stopped(): void {
    this.#enter('stopped');
  }

  /**
   * Does `work` as a restart. Who asks for one meanwhile waits for the same, in which it is done once more: what they want to be
   * read may have been written after it was read. When the work fails, the hub goes on as before.
   *
   * @throws HubError SHUTTING_DOWN, and what `work` throws
   */
  async restart(work: () => Promise<void>): Promise<void> {
    if (this.#isEnding) throw new HubError('SHUTTING_DOWN', 'The hub is stopping and cannot be restarted. Start a new one.');
    this.#isAskedAgain = true;
    this.#restarting ??= this.#restart(work).finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  /** Announces the end and asks for it soon after, once. */
  hardRestart(): void {
    if (this.#end || this.#isEnding) return;
    this.#enter('restarting');
    this.#enter('stopping');
    const { clock, onEnded, onEnding } = this.#options;
    onEnding();
    this.#end = clock.after(HARD_RESTART_AFTER_MS, onEnded);
  }

  dispose(): void {
    this.#end?.dispose();
  }

  get #isEnding(): boolean {
    return this.#state === 'stopping' || this.#state === 'stopped';
  }

  async #untilNobodyAsks(work: () => Promise<void>): Promise<void> {
    for (;;) {
      this.#isAskedAgain = false;
      try {
        await work();
        if (!this.#isAskedAgain || this.#isEnding) return;
      } catch (error) {
        // What somebody has asked for since then is what counts.
        if (!this.#isAskedAgain || this.#isEnding) throw error;
      }
    }
  }

  async #restart(work: () => Promise<void>): Promise<void> {
    const before = this.#state;
    const wasSettled = this.#isSettled;
    this.#enter('restarting');
    try {
      await this.#untilNobodyAsks(work);
    } catch (error) {
      this.#enter(this.#isSettled ? (wasSettled ? before : 'ready') : 'starting');
      throw error;
    }
    if (this.#isSettled && !wasSettled) this.#enter('ready');
    this.#enter('restarted');
  }

  #enter(state: HubState): void {
    if (this.#state === state || (this.#isEnding && state !== 'stopped')) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
