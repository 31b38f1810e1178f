import type { HubError } from '../../base/index.ts';
import { History, type Outdated } from '../history.ts';
import type { UpstreamParts } from '../incarnation.ts';
import { needsSomebody } from '../restart-policy.ts';
import { Retries } from '../retries.ts';
import type { Replica } from './replica.ts';

export interface CatchUpOptions {
  readonly id: string;
  readonly parts: UpstreamParts;
  readonly replicas: () => readonly Replica[];
  /** Starts these anew; resolves when that has ended either way. */
  readonly renew: (replicas: readonly Replica[]) => Promise<void>;
}

/**
 * Goes on trying an entry that was changed and did not become ready, with the pauses of a start that failed, while the server
 * runs on as it was before.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #retries: Retries;
  /** The failure that the next attempt is for, or that is seen to already. */
  #error: HubError | undefined;
  #nextMs: number | undefined;

  constructor(options: CatchUpOptions) {
    this.#options = options;
    const { id, parts } = options;
    // It does not count among the failures of what runs.
    this.#retries = new Retries(id, parts, new History(parts.clock));
  }

  get outdated(): Outdated | undefined {
    const refusal = this.#refusal;
    return refusal && Object.freeze({ reason: refusal.error.message, sinceMs: refusal.sinceMs, nextMs: this.#nextMs });
  }

  /** Tries it at once, when an attempt has failed before; resolves when that has ended either way. Never rejects. */
  async now(): Promise<void> {
    if (!this.#refusal) return;
    this.forget();
    await this.#try();
  }

  /** An attempt is made by somebody else, or none is to be made: it begins from the beginning. */
  forget(): void {
    this.#retries.forgive();
    this.#error = this.#refusal?.error;
    this.#nextMs = undefined;
  }

  /** An attempt may have ended: has the next one made. */
  look(): void {
    const error = this.#refusal?.error;
    if (error === this.#error) return;
    if (!error) return this.forget();
    this.#retries.cancel();
    this.#error = error;
    this.#nextMs = needsSomebody(error) ? undefined : this.#retries.after(error, 0, () => void this.#try()).untilMs;
  }

  get #refusal() {
    return this.#options.replicas().find(({ supervisor }) => supervisor.outdated)?.supervisor.outdated;
  }

  async #try(): Promise<void> {
    const { replicas, renew } = this.#options;
    this.#nextMs = undefined;
    await renew(replicas().filter(({ supervisor }) => supervisor.isBehind));
    this.look();
  }
}
