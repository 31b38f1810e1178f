import type { Clock } from '../../base/index.ts';
import type { Supervisor } from '../supervisor.ts';
import type { UpstreamState } from '../types.ts';
import type { Replica } from './replica.ts';

/** Where a rollout has ended before its time: what came after has not been tried. */
export interface Obstacle {
  /** Did not become ready. */
  readonly replica: Replica;
  readonly sinceMs: number;
}

/** Renews replicas one after the other. The newest of several rollouts counts; those before end with it. */
export class Rollout {
  readonly #clock: Clock;
  #generation = 0;
  /** Resolves when the newest one is over. */
  #over: Promise<void> = Promise.resolve();
  #obstacle: Obstacle | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of the newest one, once it is over. */
  get obstacle(): Obstacle | undefined {
    return this.#obstacle;
  }

  /**
   * Renews those that are down at once, and those that are ready one after the other. Ends at the first one whose successor does not become
   * ready: the others would fare no better. Resolves when the newest rollout is over; never rejects.
   */
  begin(replicas: readonly Replica[], renew: (supervisor: Supervisor) => Promise<void>): Promise<void> {
    this.end();
    this.#over = this.#run(this.#generation, replicas, renew);
    return this.#over;
  }

  /** What has not been renewed yet is left as it is. */
  end(): void {
    this.#generation += 1;
    this.#obstacle = undefined;
    // Otherwise the one that ends with this would wait for itself.
    this.#over = Promise.resolve();
  }

  async #run(generation: number, replicas: readonly Replica[], renew: (supervisor: Supervisor) => Promise<void>): Promise<void> {
    const ready = replicas.filter(({ isReady }) => isReady);
    const down = replicas.filter(({ isReady }) => !isReady);
    const starting = Promise.all(down.map(({ supervisor }) => renew(supervisor)));
    let obstacle: Replica | undefined;
    for (const replica of ready) {
      const { state } = replica.supervisor;
      await renew(replica.supervisor);
      if (hasFailed(replica.supervisor.state, state)) obstacle = replica;
      if (obstacle || generation !== this.#generation) break;
    }
    await starting;
    if (generation !== this.#generation) return this.#over;
    this.#obstacle = obstacle && { replica: obstacle, sinceMs: this.#clock.now() };
  }
}

/** Whether a replica that was renewed runs on as it was before, or is down. One that is not to run, or sleeps, has not failed. */
function hasFailed(now: UpstreamState, before: UpstreamState): boolean {
  return now === before || now.kind === 'backoff' || 'error' in now;
}
