import type { Supervisor } from '../supervisor.ts';
import type { Replica } from './replica.ts';

/** Renews replicas one after the other. The newest of several rollouts counts; those before end with it. */
export class Rollout {
  #generation = 0;
  #newest: Promise<void> = Promise.resolve();

  /**
   * Renews those that are down at once, and those that are ready one after the other. Ends at the first one whose successor does not become
   * ready: the others would fare no better. Resolves when the newest rollout is over; never rejects.
   */
  begin(replicas: readonly Replica[], renew: (supervisor: Supervisor) => Promise<void>): Promise<void> {
    const [only] = replicas;
    if (only && replicas.length === 1) return renew(only.supervisor);
    this.#generation += 1;
    this.#newest = this.#run(this.#generation, replicas, renew);
    return this.#newest;
  }

  /** What has not been renewed yet is left as it is. */
  end(): void {
    this.#generation += 1;
  }

  async #run(generation: number, replicas: readonly Replica[], renew: (supervisor: Supervisor) => Promise<void>): Promise<void> {
    const ready = replicas.filter(({ isReady }) => isReady);
    const down = replicas.filter(({ isReady }) => !isReady);
    const starting = Promise.all(down.map(({ supervisor }) => renew(supervisor)));
    for (const { supervisor } of ready) {
      const { lastError } = supervisor.supervision;
      await renew(supervisor);
      if (generation !== this.#generation || supervisor.supervision.lastError !== lastError) break;
    }
    await starting;
    const newest = this.#newest;
    if (generation !== this.#generation) await newest;
  }
}
