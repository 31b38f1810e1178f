import { type Disposable, Emitter, messageOf, withDeadline } from '../base/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import type { UpstreamParts } from './incarnation.ts';
import { ProcessGuard } from './process/process-guard.ts';
import { StdioTransport } from './process/stdio-transport.ts';
import { Supervisor } from './supervisor.ts';
import type { PoolEvents, Upstream } from './types.ts';

/** More than any one server may take; what is left then is ended by the guard. */
const STOP_DEADLINE_MS = 4_000;

export interface PoolOptions extends Omit<UpstreamParts, 'createStdioTransport'> {
  /** In the order of the config, which is the order of everything that is offered. */
  readonly definitions: readonly ServerDefinition[];
  readonly startupWaitMs: number;
}

/** All upstreams, each under a supervisor of its own, and the guard of their processes. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #emitter: Emitter<PoolEvents>;
  readonly #guard: ProcessGuard;
  readonly #supervisors: ReadonlyMap<string, Supervisor>;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#emitter = new Emitter((error) => logger.error(`A listener of the servers failed: ${messageOf(error)}`));
    this.#guard = new ProcessGuard({ logger, clock });
    this.#supervisors = new Map(options.definitions.map((definition) => [definition.id, this.#supervise(definition)]));
  }

  /** The upstream of that id, also one that is disabled or broken. */
  get(id: string): Upstream | undefined {
    return this.#supervisors.get(id);
  }

  /** Every configured upstream, in the order of the config. */
  all(): readonly Upstream[] {
    return [...this.#supervisors.values()];
  }

  on<K extends keyof PoolEvents>(name: K, listener: (event: PoolEvents[K]) => void): Disposable {
    return this.#emitter.on(name, listener);
  }

  /** Starts all of them at once and waits for none. */
  startAll(): void {
    for (const supervisor of this.#supervisors.values()) supervisor.start();
  }

  /** Ends all of them at once, and then the guard; resolves within five seconds. Idempotent, never rejects. */
  async stopAll(): Promise<void> {
    const { clock, logger } = this.#options;
    const stopping = Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.stop()));
    const onTimeout = (): Error => new Error(`not done after ${STOP_DEADLINE_MS} ms`);
    try {
      await withDeadline(stopping, { clock, timeoutMs: STOP_DEADLINE_MS, onTimeout });
    } catch (error) {
      logger.warn(`Not every server stopped in an orderly way: ${messageOf(error)}`);
    }
    await this.#guard.close();
  }

  /** Resolves once the first attempt of each of these upstreams has ended, `startupWait` is over or the signal aborts. Never rejects. */
  async settled(ids: Iterable<string>, signal: AbortSignal): Promise<void> {
    await Promise.all([...ids].map((id) => this.#supervisors.get(id)?.settled(signal)));
  }

  #supervise(definition: ServerDefinition): Supervisor {
    const { startupWaitMs, clock, logger, random, connect, resolveLaunch } = this.#options;
    return new Supervisor({
      definition,
      startupWaitMs,
      parts: {
        clock,
        logger,
        random,
        connect,
        resolveLaunch,
        createStdioTransport: (id, launch) => new StdioTransport({ id, launch, guard: this.#guard, clock, logger }),
      },
      on: {
        state: (event) => this.#emitter.emit('state', event),
        listing: (event) => this.#emitter.emit('listing', event),
        resourceUpdated: (event) => this.#emitter.emit('resourceUpdated', event),
        taskChanged: (event) => this.#emitter.emit('taskChanged', event),
        logMessage: (event) => this.#emitter.emit('logMessage', event),
        forSession: (event) => this.#emitter.emit('forSession', event),
      },
    });
  }
}
