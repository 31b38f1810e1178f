import type { Disposable, HubError } from '../base/index.ts';
import type { History } from './history.ts';
import type { UpstreamParts } from './incarnation.ts';
import { failuresInARow, restartDelayMs } from './restart-policy.ts';

/** The attempts of one upstream after failures: how many there were, and when the next one is. */
export class Retries {
  readonly #parts: UpstreamParts;
  readonly #id: string;
  readonly #history: History;
  #failures = 0;
  #next: Disposable | undefined;
  #held: (() => void) | undefined;

  constructor(id: string, parts: UpstreamParts, history: History) {
    this.#id = id;
    this.#parts = parts;
    this.#history = history;
  }

  /** The number of the attempt that is under way or comes next, from 1. */
  get attempt(): number {
    return this.#failures + 1;
  }

  /** No attempt comes by itself. */
  cancel(): void {
    this.#next?.dispose();
    this.#held = undefined;
  }

  /** From the beginning: failures before do not count any more. */
  forgive(): void {
    this.cancel();
    this.#failures = 0;
    this.#history.forgive();
  }

  /** Begins an attempt, after a moment if one is given; that is taken back like any other. */
  begin(holdMs: number, launch: () => void): void {
    if (holdMs === 0) return launch();
    this.#held = launch;
    this.#next = this.#parts.clock.after(holdMs, () => this.hurry());
  }

  /** Somebody waits for an attempt: one that takes its time begins now. */
  hurry(): void {
    const launch = this.#held;
    if (!launch) return;
    this.cancel();
    launch();
  }

  /** Has it tried again after a while. @returns how often it has failed in a row, and when the next attempt is */
  after(error: HubError, readyForMs: number, again: () => void): { readonly attempt: number; readonly untilMs: number } {
    const { clock, logger, random } = this.#parts;
    const facts = { server: this.#id, code: error.code };
    if (this.#history.failed(error)) logger.warn(`Server "${this.#id}" fails again and again: ${error.message}`, facts);
    this.#failures = failuresInARow(this.#failures, readyForMs, this.#history.isLooping);
    const delayMs = restartDelayMs(this.#failures, random(), error);
    this.#next = clock.after(delayMs, () => {
      this.#history.restarted();
      again();
    });
    return { attempt: this.#failures, untilMs: clock.now() + delayMs };
  }
}
