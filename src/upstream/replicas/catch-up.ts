import type { HubError } from '../../base/index.ts';
import { History, type Outdated } from '../history.ts';
import type { UpstreamParts } from '../incarnation.ts';
import { needsSomebody } from '../restart-policy.ts';
import { Retries } from '../retries.ts';
import type { Replica } from './replica.ts';
import type { Obstacle, Rollout } from './rollout.ts';

export interface CatchUpOptions {
  readonly id: string;
  readonly parts: UpstreamParts;
  readonly replicas: () => readonly Replica[];
  readonly rollout: Rollout;
}

/**
 * Goes on trying an entry that was changed and did not become ready, while the server runs on as it was before. A replica that has
 * refused it is tried again with the pauses of a start that failed. One that is down is tried by itself, and the rest once it is ready.
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
    if (refusal) return Object.freeze({ reason: refusal.error.message, sinceMs: refusal.sinceMs, nextMs: this.#nextMs });
    const obstacle = this.#obstacle;
    if (!obstacle) return undefined;
    const { state, supervision } = obstacle.replica.supervisor;
    const nextMs = state.kind === 'backoff' ? state.untilMs : undefined;
    return Object.freeze({ reason: supervision.lastError?.message ?? '', sinceMs: obstacle.sinceMs, nextMs });
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
    this.#lookAtRefusal();
    const { isReady, supervisor } = this.#obstacle?.replica ?? {};
    if (!isReady || supervisor?.isBehind) return;
    this.forget();
    void this.#try();
  }

  #lookAtRefusal(): void {
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

  get #behind(): readonly Replica[] {
    return this.#options.replicas().filter(({ supervisor }) => supervisor.isBehind);
  }

  /** What keeps those back that were not tried. */
  get #obstacle(): Obstacle | undefined {
    return this.#behind.length > 0 ? this.#options.rollout.obstacle : undefined;
  }

  async #try(): Promise<void> {
    this.#nextMs = undefined;
    await this.#options.rollout.begin(this.#behind, (supervisor) => supervisor.catchUp());
    this.look();
  }
}
