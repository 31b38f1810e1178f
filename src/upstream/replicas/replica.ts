import { type Clock, deferred, type HubError, isHubError, type Logger, waitAtMost } from '../../base/index.ts';
import type { ServerDefinition } from '../../config/index.ts';
import type { Supervisor } from '../supervisor.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../types.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

/** How long a replica that is not wanted any more may take to finish its calls, in milliseconds. */
const FINISH_MS = 30_000;

/** What says that the replica failed, and not its caller. */
const FAILURES: ReadonlySet<HubError['code']> = new Set(['TIMEOUT', 'CONNECTION_ERROR', 'UPSTREAM_EXITED', 'UPSTREAM_PROTOCOL']);

export interface ReplicaOptions {
  /** Counted from 1. */
  readonly number: number;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One of several processes or addresses of a server: its supervisor, what it is busy with, and whether calls go there. */
export class Replica {
  readonly number: number;
  readonly supervisor: Supervisor;
  readonly breaker: CircuitBreaker;
  readonly #clock: Clock;
  #inFlight = 0;
  #drained = deferred<void>();

  constructor({ number, supervisor, clock, logger }: ReplicaOptions) {
    this.number = number;
    this.supervisor = supervisor;
    this.#clock = clock;
    const name = `Replica ${number} of server "${supervisor.id}"`;
    const facts = { server: supervisor.id, replica: number };
    this.breaker = new CircuitBreaker({
      clock,
      opened: (forMs, failures) =>
        logger.warn(`${name} is left out for ${forMs / 1000} s, because ${failures} calls in a row failed there.`, facts),
      closed: () => logger.info(`${name} answers again and takes part as before.`, facts),
    });
  }

  get definition(): ServerDefinition {
    return this.supervisor.definition;
  }

  /** How many requests are on their way there, those that wait for their turn included. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get isReady(): boolean {
    return this.supervisor.state.kind === 'ready';
  }

  /** @throws HubError as {@link Supervisor.request} */
  async request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const isProbe = this.breaker.begin();
    this.#inFlight += 1;
    try {
      const answer = await this.supervisor.request(request);
      this.breaker.succeeded(isProbe);
      return answer;
    } catch (error) {
      if (isHubError(error) && FAILURES.has(error.code)) this.breaker.failed(isProbe);
      else this.breaker.forget(isProbe);
      throw error;
    } finally {
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#drained.resolve();
    }
  }

  /** Stops it when its calls are done, or the time for that is over. Nothing new may come to it. Never rejects. */
  async leave(): Promise<void> {
    if (this.#inFlight > 0) {
      this.#drained = deferred();
      await waitAtMost(this.#drained.promise, { clock: this.#clock, atMostMs: FINISH_MS });
    }
    await this.supervisor.stop('removed');
  }
}
