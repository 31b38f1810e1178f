import type { Clock, HubError, Logger } from '../base/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import { looksTaken, refusal } from './exclusive.ts';

/** Why the entry of a server as it is now does not run, although the server does. */
export interface Refusal {
  readonly error: HubError;
  /** When the first attempt failed. */
  readonly sinceMs: number;
}

export interface RefusalsOptions {
  readonly id: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly definition: () => ServerDefinition;
}

/** What is known of one server by its successors that did not become ready. */
export class Refusals {
  readonly #options: RefusalsOptions;
  #isExclusive = false;
  #isBehind = false;
  #last: Refusal | undefined;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Whether it has shown that it cannot run twice at once. */
  get isExclusive(): boolean {
    return this.#isExclusive;
  }

  /** Whether what runs is the entry as it was before its last change. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Why it is behind; `undefined` when it is not, or has not tried its entry as it is now. */
  get outdated(): Refusal | undefined {
    return this.#last;
  }

  /** Its entry is that of another server now, of which nothing is known yet. */
  entryChanged(isRunning: boolean): void {
    this.#isExclusive = false;
    this.#last = undefined;
    this.#isBehind = isRunning;
  }

  /** What runs is its entry as it is now, or nothing does. */
  over(): void {
    this.#isBehind = false;
    this.#last = undefined;
  }

  /** A successor of what runs did not become ready. An attempt that fails in the same words as the one before is no news. */
  refused(error: HubError): void {
    const { id, clock, logger, definition } = this.#options;
    const isNews = this.#last?.error.message !== error.message;
    this.#isExclusive = definition().kind === 'stdio' && looksTaken(error);
    if (this.#isBehind) this.#last = { error, sinceMs: this.#last?.sinceMs ?? clock.now() };
    const text = refusal(id, error, { isTaken: this.#isExclusive, isBehind: this.#isBehind });
    logger[isNews ? 'warn' : 'debug'](text, { server: id, code: error.code });
  }
}
